"""Builds the receiver that the configuration describes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from eas_station.config.model import ReceiverConfig
from eas_station.sdrd.receivers.capture_receiver import CaptureReceiver
from eas_station.sdrd.receivers.iq_receiver import IqReceiver
from eas_station.sdrd.receivers.live_receiver import LiveReceiver
from eas_station.sdrd.receivers.rtl_tcp import RtlTcpLink
from eas_station.sdrd.receivers.usb import UsbLink

TCP_OPEN_S = 20.0  # a failing name resolution takes long
USB_OPEN_S = 6.0


def build_receiver(
    settings: ReceiverConfig,
    block_samples: int,
    wait: Callable[[float], object],
    received_at_s: float | None = None,
) -> IqReceiver:
    """Build it without opening it.

    Args:
        block_samples: of a capture, per read.
        wait: sleeps for so many seconds, or less if the daemon stops.
        received_at_s: when the newest sample of the replaced receiver arrived.
    """
    if settings.kind == "file":
        return CaptureReceiver(settings, block_samples, wait)
    if settings.kind == "rtl_tcp":
        link: Callable[[], RtlTcpLink | UsbLink] = partial(RtlTcpLink, settings)
        return LiveReceiver(settings.rate_hz, link, TCP_OPEN_S, True, received_at_s)
    link = partial(UsbLink, settings)
    return LiveReceiver(settings.rate_hz, link, USB_OPEN_S, False, received_at_s)
