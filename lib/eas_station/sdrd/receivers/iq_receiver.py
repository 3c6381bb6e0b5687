"""Tuned radios that yield IQ, behind one small interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class IqBlock:
    """The next samples of a receiver."""

    iq: NDArray[np.complex64]  # shape (n,), full scale ±1.0 on each rail
    lost_samples: int = 0  # lost immediately before these


@dataclass(frozen=True, slots=True)
class Tuning:
    """What of a dongle can be set while it streams."""

    gain_db: float | None  # of the tuner; None: not set yet, the middle of what it can
    ppm: int  # by which the crystal is taken to run fast


class ReceiverEndedError(Exception):
    """The receiver has given all it had: a file that does not loop."""


class WedgedError(RuntimeError):
    """A driver does not come back. The process must end: only a fresh one gets the device."""


class IqReceiver(Protocol):
    """One radio. One thread owns it.

    `read` comes back within half a second or so; one that does not is a wedged driver, and the
    watchdog's matter.
    """

    @property
    def gains_db(self) -> tuple[float, ...]:
        """The gains that the tuner has, ascending; (): it has none, or is not open yet."""
        ...

    @property
    def heard_at(self) -> float | None:
        """When the newest sample came, monotonic; None: none has, or time means nothing to it."""
        ...

    def open(self, tuning: Tuning) -> None:
        """Take the device. Raises SourceError: not there, in use, not allowed."""
        ...

    def read(self) -> IqBlock | None:
        """The next samples; None: nothing came, ask again.

        Raises SourceError (the device is gone: close, and open it later), ReceiverEndedError.
        """
        ...

    def tune(self, tuning: Tuning) -> None:
        """Set the device otherwise while it streams. Raises SourceError."""
        ...

    def close(self) -> None:
        """Let go of the device. Safe at any time, also twice. May raise WedgedError."""
        ...
