"""The receiver that the configuration names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from eas_station.config.model import ReceiverConfig
from eas_station.sdrd.receivers.capture_receiver import CaptureReceiver
from eas_station.sdrd.receivers.iq_receiver import IqReceiver
from eas_station.sdrd.receivers.live_receiver import LiveReceiver
from eas_station.sdrd.receivers.rtl_tcp import RtlTcpLink
from eas_station.sdrd.receivers.usb import UsbLink

TCP_OPEN_S = 20.0  # a name that cannot be looked up takes long
USB_OPEN_S = 6.0


def build_receiver(
    settings: ReceiverConfig,
    block_samples: int,
    wait: Callable[[float], object],
    heard_at: float | None = None,
) -> IqReceiver:
    """Build it; nothing is opened yet.

    Args:
        block_samples: what a recorded one gives at a time.
        wait: sleeps so many seconds, or less if the daemon is to stop.
        heard_at: when the newest sample of the receiver that it replaces came.
    """
    if settings.kind == "file":
        return CaptureReceiver(settings, block_samples, wait)
    if settings.kind == "rtl_tcp":
        link: Callable[[], RtlTcpLink | UsbLink] = partial(RtlTcpLink, settings)
        return LiveReceiver(settings.rate_hz, link, TCP_OPEN_S, True, heard_at)
    link = partial(UsbLink, settings)
    return LiveReceiver(settings.rate_hz, link, USB_OPEN_S, False, heard_at)
