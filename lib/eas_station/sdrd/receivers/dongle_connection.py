"""One connection to a dongle, in a thread of its own: opened, streaming, over.

The thread waits for the device so that nobody else has to: what comes while the samples before
are worked on is kept, and what does not fit is counted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from eas_station.errors import SourceError
from eas_station.sdrd.receivers.iq_receiver import Tuning
from eas_station.sdrd.receivers.sample_clock import SampleClock

KEPT_S = 2.0  # of samples that wait to be worked on
SAMPLE_BYTES = 2  # I and Q, unsigned


class DongleLink(Protocol):
    """How to reach one kind of dongle. `interrupt` and `tune` are called by another thread."""

    @property
    def gains_db(self) -> tuple[float, ...]:
        """What the tuner has, ascending; () before `open` is through."""
        ...

    def open(self, tuning: Tuning) -> None:
        """Take the device and set it up. Raises SourceError."""
        ...

    def stream(self, take: Callable[[bytes], None]) -> None:
        """Hand over whole samples until interrupted. Raises SourceError when the device goes."""
        ...

    def tune(self, tuning: Tuning) -> None:
        """Set the device otherwise while it streams. Raises SourceError."""
        ...

    def interrupt(self) -> None:
        """Make `stream` come back soon, also if it is called only later."""
        ...

    def close(self) -> None:
        """Let go of the device; by the thread that opened it."""
        ...


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
        self._most_bytes = round(KEPT_S * rate_hz) * SAMPLE_BYTES
        self._changed = threading.Condition()
        self._blocks: deque[tuple[bytes, int]] = deque()
        self._bytes = 0
        self._dropped = 0  # samples for which there was no room, since the last block kept
        self._ended: SourceError | None = None
        self.progressed_at = monotonic()
        self.is_open = False
        self._thread = threading.Thread(target=self._run, name="dongle", daemon=True)
        self._thread.start()

    def next(self, wait_s: float) -> tuple[bytes, int] | None:
        """The next samples and how many were lost before them; None: nothing came so long.

        Raises SourceError once the connection is over and all that came has been given.
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
            raise RuntimeError("the thread of the dongle crashed: its traceback stands above")
        return None

    def is_alive(self) -> bool:
        """Does the thread still hold the device."""
        return self._thread.is_alive()

    def end(self, wait_s: float) -> bool:
        """End the connection; gives whether the thread came back in time."""
        self.link.interrupt()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def unread(self) -> int:
        """Samples that came, or were lost, and that `next` has not told of. After the end."""
        with self._changed:
            waiting = sum(len(data) // SAMPLE_BYTES + lost for data, lost in self._blocks)
            return waiting + self._dropped

    def _has_news(self) -> bool:
        return bool(self._blocks) or self._ended is not None or not self._thread.is_alive()

    def _run(self) -> None:
        ended = SourceError("the connection was ended")
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
