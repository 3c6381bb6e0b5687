"""A live radio as a receiver: connections one after the other, the time between them counted."""

from __future__ import annotations

import time
from collections.abc import Callable

from eas_station.dsp.radio.iq import from_cu8
from eas_station.errors import SourceError
from eas_station.sdrd.receivers.dongle_connection import DongleConnection, DongleLink
from eas_station.sdrd.receivers.iq_receiver import IqBlock, Tuning, WedgedError
from eas_station.sdrd.receivers.sample_clock import SampleClock

WAIT_S = 0.25  # the longest that `read` takes
SILENT_S = 2.5  # no sample for so long: the device has stalled
CLOSE_S = 2.0  # a driver that does not come back within this is wedged


def steady_s() -> float:
    """A clock that nobody slews: neither steps nor NTP touch it."""
    return time.clock_gettime(time.CLOCK_MONOTONIC_RAW)


class LiveReceiver:
    """Samples of a dongle, numbered against the clock: what is missing is told with the next."""

    def __init__(
        self,
        rate_hz: int,
        new_link: Callable[[], DongleLink],
        open_s: float,
        may_be_left: bool,
        heard_at: float | None = None,
        monotonic: Callable[[], float] = steady_s,
    ) -> None:
        """
        Args:
            new_link: one connection's link.
            open_s: the longest that opening may take.
            may_be_left: a thread that does not come back holds nothing but itself: the next
                connection waits for it. Otherwise the process must end.
            heard_at: when the newest sample of the receiver that this one replaces came.
        """
        self._rate_hz = rate_hz
        self._new_link = new_link
        self._open_s = open_s
        self._may_be_left = may_be_left
        self._monotonic = monotonic
        self._clock = SampleClock(rate_hz, heard_at)
        self._stream: DongleConnection | None = None
        self._left: DongleConnection | None = None  # ended by us, and not come back yet

    @property
    def gains_db(self) -> tuple[float, ...]:
        """What the tuner has, ascending."""
        return self._stream.link.gains_db if self._stream is not None else ()

    @property
    def heard_at(self) -> float | None:
        """When the newest sample came."""
        return self._clock.heard_at

    def open(self, tuning: Tuning) -> None:
        """Begin to connect; `read` tells how it goes. Raises SourceError."""
        self.close()
        if self._left is not None and self._left.is_alive():
            raise SourceError("the last attempt to connect is not over yet")
        if self._left is not None:
            self._clock.give_back(self._left.unread())
        self._left = None
        self._clock.pause()
        self._stream = DongleConnection(
            self._new_link(), tuning, self._clock, self._rate_hz, self._monotonic
        )

    def read(self) -> IqBlock | None:
        """The next samples; None: none yet. Raises SourceError."""
        stream = self._stream
        if stream is None:
            raise SourceError("the receiver is not open")
        came = stream.next(WAIT_S)
        if came is not None:
            return IqBlock(from_cu8(came[0]), came[1])
        silent_s = self._monotonic() - stream.progressed_at
        if stream.is_open and silent_s > SILENT_S:
            raise SourceError(f"no samples for {silent_s:.1f} s")
        if not stream.is_open and silent_s > self._open_s:
            raise SourceError(f"it could not be opened within {self._open_s:g} s")
        return None

    def tune(self, tuning: Tuning) -> None:
        """Set the tuner otherwise. Raises SourceError."""
        if self._stream is not None:
            self._stream.link.tune(tuning)

    def close(self) -> None:
        """End the connection. Raises WedgedError."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if stream.end(CLOSE_S):
            self._clock.give_back(stream.unread())
            return
        if not self._may_be_left:
            raise WedgedError(
                f"the driver has not come back within {CLOSE_S:g} s: this process ends, so that "
                "a fresh one takes the device"
            )
        self._left = stream
