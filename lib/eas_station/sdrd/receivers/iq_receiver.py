"""What every receiver yields: blocks of IQ samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class IqBlock:
    """The next samples of a receiver."""

    iq: NDArray[np.complex64]  # shape (n,), full scale ±1.0 on each rail
    lost_samples: int = 0  # lost immediately before these


@dataclass(frozen=True, slots=True)
class Tuning:
    """The settings of a dongle that can change while it streams."""

    gain_db: float | None  # of the tuner; None: not set yet, the middle of its range
    ppm: int  # error of the crystal; positive: it runs fast


class ReceiverEndedError(Exception):
    """The receiver has no more samples: a file that does not loop."""


class WedgedError(RuntimeError):
    """A driver call does not return. Only a new process can take the device again."""


class IqReceiver(ABC):
    """One receiver, owned by one thread.

    `read` returns within about half a second; if the driver hangs, the watchdog expires.
    """

    @property
    def gains_db(self) -> tuple[float, ...]:
        """The tuner's gains, ascending; empty if it has none or is not open yet."""
        return ()

    @property
    def received_at_s(self) -> float | None:
        """When the newest sample arrived, monotonic; None before the first, and for files."""
        return None

    @abstractmethod
    def open(self, tuning: Tuning) -> None:
        """Take the device. Raises SourceError: it is missing, in use or not permitted."""

    @abstractmethod
    def read(self) -> IqBlock | None:
        """The next samples; None if none arrived.

        Raises:
            SourceError: the device is gone; close it and open it later.
            ReceiverEndedError: there are no more samples.
        """

    def tune(self, tuning: Tuning) -> None:  # noqa: B027 - files cannot be tuned
        """Change the settings while streaming. Raises SourceError."""

    @abstractmethod
    def close(self) -> None:
        """Release the device. Safe at any time, also twice. May raise WedgedError."""


def nearest_db(gains_db: Sequence[float], gain_db: float) -> float:
    """The gain of the tuner that is nearest to the one wanted."""
    return min(gains_db, key=lambda db: abs(db - gain_db))
