"""A live receiver: one connection after another; the samples between them count as lost."""

from __future__ import annotations

import time
from collections.abc import Callable

from eas_station.dsp.radio.iq import from_cu8
from eas_station.errors import SourceError
from eas_station.sdrd.receivers.dongle_connection import DongleConnection, DongleLink
from eas_station.sdrd.receivers.iq_receiver import IqBlock, IqReceiver, Tuning, WedgedError
from eas_station.sdrd.receivers.sample_clock import SampleClock

WAIT_S = 0.25  # the longest wait of `read`
STALLED_S = 2.5  # without a sample
CLOSE_S = 2.0  # for the driver; after it, it is wedged


def steady_s() -> float:
    """A clock that neither steps nor NTP adjust."""
    return time.clock_gettime(time.CLOCK_MONOTONIC_RAW)


class LiveReceiver(IqReceiver):
    """The samples of a dongle, checked against the clock; losses are reported with the next."""

    def __init__(
        self,
        rate_hz: int,
        new_link: Callable[[], DongleLink],
        open_s: float,
        may_be_left: bool,
        received_at_s: float | None = None,
        monotonic: Callable[[], float] = steady_s,
    ) -> None:
        """
        Args:
            new_link: makes the link of one connection.
            open_s: the longest time that opening may take.
            may_be_left: whether a thread that does not end may be left alone until the next
                connection. Otherwise it holds the device, and the process must end.
            received_at_s: when the newest sample of the replaced receiver arrived.
        """
        self._rate_hz = rate_hz
        self._new_link = new_link
        self._open_s = open_s
        self._may_be_left = may_be_left
        self._monotonic = monotonic
        self._clock = SampleClock(rate_hz, received_at_s)
        self._connection: DongleConnection | None = None
        self._left: DongleConnection | None = None  # closed, but its thread has not ended

    @property
    def gains_db(self) -> tuple[float, ...]:
        """The tuner's gains, ascending."""
        return self._connection.link.gains_db if self._connection is not None else ()

    @property
    def received_at_s(self) -> float | None:
        """When the newest sample arrived."""
        return self._clock.received_at_s

    def open(self, tuning: Tuning) -> None:
        """Begin to connect; `read` reports failures. Raises SourceError."""
        self.close()
        if self._left is not None and self._left.is_alive():
            raise SourceError("the last attempt to connect has not ended")
        if self._left is not None:
            self._clock.give_back(self._left.unread())
        self._left = None
        self._clock.pause()
        self._connection = DongleConnection(
            self._new_link(), tuning, self._clock, self._rate_hz, self._monotonic
        )

    def read(self) -> IqBlock | None:
        """The next samples; None if none arrived. Raises SourceError."""
        connection = self._connection
        if connection is None:
            raise SourceError("the receiver is not open")
        came = connection.next(WAIT_S)
        if came is not None:
            return IqBlock(from_cu8(came[0]), came[1])
        silent_s = self._monotonic() - connection.progressed_at
        if connection.is_open and silent_s > STALLED_S:
            raise SourceError(f"no samples for {silent_s:.1f} s")
        if not connection.is_open and silent_s > self._open_s:
            raise SourceError(f"could not be opened within {self._open_s:g} s")
        return None

    def tune(self, tuning: Tuning) -> None:
        """Set gain and correction. Raises SourceError."""
        if self._connection is not None:
            self._connection.link.tune(tuning)

    def close(self) -> None:
        """End the connection. Raises WedgedError."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.end(CLOSE_S):
            self._clock.give_back(connection.unread())
            return
        if not self._may_be_left:
            raise WedgedError(
                f"the driver did not return within {CLOSE_S:g} s; restarting to release the device"
            )
        self._left = connection
