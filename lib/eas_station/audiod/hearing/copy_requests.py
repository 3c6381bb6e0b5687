"""Copies of the newest audio for the hearing monitor, made by the listener between two blocks.

Without a request the listener only reads one attribute per block.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from eas_station.dsp.arrays.array_types import Real


@dataclass(frozen=True, slots=True)
class AudioCopy:
    """A copy of the last seconds of a channel."""

    samples: Real  # shape (n,), full scale ±1.0, the newest last
    rate_hz: int


@dataclass(slots=True)
class _CopyRequest:
    channel: int
    seconds: float
    copy: AudioCopy | None = None


class CopyRequests:
    """Hands copies from the listener's thread to the monitor's."""

    def __init__(self) -> None:
        self._request: _CopyRequest | None = None
        self._served = threading.Event()
        self.message_under_way = False  # at the listener's last block

    def serve(
        self, message_under_way: bool, copy: Callable[[int, float], AudioCopy | None]
    ) -> None:
        """Answer the open request; called by the listener after every block.

        Args:
            copy: the last seconds of a channel; None if they are not available.
        """
        self.message_under_way = message_under_way
        request = self._request
        if request is not None:
            request.copy = copy(request.channel, request.seconds)
            self._request = None
            self._served.set()

    def request(self, channel: int, seconds: float, timeout_s: float) -> AudioCopy | None:
        """A copy of the last seconds of a channel; None if it is not available now."""
        request = _CopyRequest(channel, seconds)
        self._served.clear()
        self._request = request
        self._served.wait(timeout_s)
        self._request = None
        return request.copy
