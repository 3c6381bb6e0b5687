"""One connection to a dongle in a thread of its own: opening, streaming, ended.

The thread waits for the device. Samples that arrive while earlier ones are processed are queued;
those that do not fit are dropped and counted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from eas_station.errors import SourceError
from eas_station.sdrd.receivers.iq_receiver import Tuning
from eas_station.sdrd.receivers.rtl_tcp import RtlTcpLink
from eas_station.sdrd.receivers.sample_clock import SampleClock
from eas_station.sdrd.receivers.usb import UsbLink

QUEUE_S = 2.0  # of samples
SAMPLE_BYTES = 2  # I and Q, unsigned


# A link has `open`, `stream`, `tune`, `interrupt` and `close`. Other threads call `tune` and
# `interrupt`, which also ends a `stream` that begins later.
DongleLink = RtlTcpLink | UsbLink


class DongleConnection:
    """Runs one link from its opening to its end."""

    def __init__(
        self,
        link: DongleLink,
        tuning: Tuning,
        clock: SampleClock,
        rate_hz: int,
        monotonic: Callable[[], float],
    ) -> None:
        self.link = link
        self._tuning = tuning
        self._clock = clock
        self._monotonic = monotonic
        self._most_bytes = round(QUEUE_S * rate_hz) * SAMPLE_BYTES
        self._changed = threading.Condition()
        self._blocks: deque[tuple[bytes, int]] = deque()
        self._bytes = 0
        self._dropped = 0  # samples since the last block that was queued
        self._ended: SourceError | None = None
        self.progressed_at = monotonic()
        self.is_open = False
        self._thread = threading.Thread(target=self._run, name="dongle", daemon=True)
        self._thread.start()

    def next(self, wait_s: float) -> tuple[bytes, int] | None:
        """The next samples and how many were lost before them; None after `wait_s` without any.

        Raises SourceError when the connection has ended and the queue is empty.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, wait_s)
            if self._blocks:
                data, lost = self._blocks.popleft()
                self._bytes -= len(data)
                return data, lost
            if self._ended is not None:
                raise self._ended
        if not self._thread.is_alive():
            raise RuntimeError("the dongle's thread crashed; see the traceback above")
        return None

    def is_alive(self) -> bool:
        """Whether the thread still holds the device."""
        return self._thread.is_alive()

    def end(self, wait_s: float) -> bool:
        """End the connection; gives whether the thread ended in time."""
        self.link.interrupt()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def unread(self) -> int:
        """Samples received or lost that `next` has not given; call it after the end."""
        with self._changed:
            waiting = sum(len(data) // SAMPLE_BYTES + lost for data, lost in self._blocks)
            return waiting + self._dropped

    def _has_news(self) -> bool:
        return bool(self._blocks) or self._ended is not None or not self._thread.is_alive()

    def _run(self) -> None:
        ended = SourceError("the connection was closed")
        try:
            self.link.open(self._tuning)
            self.progressed_at = self._monotonic()
            self.is_open = True
            self.link.stream(self._take)
        except SourceError as error:
            ended = error
        finally:
            self.link.close()
        with self._changed:
            self._ended = ended
            self._changed.notify()

    def _take(self, data: bytes) -> None:
        now_s = self.progressed_at = self._monotonic()
        count = len(data) // SAMPLE_BYTES
        with self._changed:
            lost = self._clock.take(count, now_s)
            if self._bytes + len(data) > self._most_bytes:
                self._dropped += lost + count
                return
            self._blocks.append((data, lost + self._dropped))
            self._bytes += len(data)
            self._dropped = 0
            self._changed.notify()
