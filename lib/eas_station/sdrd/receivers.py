"""Tuned radios that yield IQ, behind one small interface; so far the recorded one, `file`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import Receiver
from eas_station.dsp.iq import CS16_BYTES, CU8_BYTES, from_cs16, from_cu8
from eas_station.errors import SourceError

_LATE_S = 1.0  # a replay that is later than this goes on from now instead of catching up


@dataclass(frozen=True, slots=True)
class IqBlock:
    """The next samples of a receiver."""

    iq: NDArray[np.complex64]  # shape (n,), full scale ±1.0 on each rail
    lost_samples: int = 0  # lost immediately before these


class ReceiverEndedError(Exception):
    """The receiver has given all it had: a file that does not loop."""


class IqReceiver(Protocol):
    """One radio. One thread owns it.

    `read` comes back within half a second or so; one that does not is a wedged driver, and the
    watchdog's matter.
    """

    def open(self) -> None:
        """Take the device. Raises SourceError: not there, in use, not allowed."""
        ...

    def read(self) -> IqBlock | None:
        """The next samples; None: nothing came, ask again.

        Raises SourceError (the device is gone: close, and open it later), ReceiverEndedError.
        """
        ...

    def close(self) -> None:
        """Let go of the device. Safe at any time, also twice."""
        ...


class FileReceiver:
    """Replays a capture, in real time or as fast as it is taken; a loop begins without a gap.

    The file is opened anew at each round, so a capture that has been replaced is taken up then.
    """

    def __init__(
        self,
        settings: Receiver,
        block_samples: int,
        wait: Callable[[float], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: wait: sleeps so many seconds, or less if the daemon is to stop."""
        self._path: Path = settings.path
        self._samples_of = from_cs16 if settings.format == "cs16" else from_cu8
        self._sample_bytes = CS16_BYTES if settings.format == "cs16" else CU8_BYTES
        self._block_samples = block_samples
        self._rate_hz = settings.rate_hz
        self._realtime = settings.realtime
        self._loop = settings.loop
        self._wait = wait
        self._monotonic = monotonic
        self._file: BinaryIO | None = None
        self._due_at = 0.0

    def open(self) -> None:
        """Open the capture. Raises SourceError."""
        self.close()
        self._file = self._opened()
        self._due_at = self._monotonic()

    def read(self) -> IqBlock | None:
        """The next block, when it is due. Raises SourceError, ReceiverEndedError."""
        iq = self._next_samples()
        self._due_at += iq.size / self._rate_hz
        self._wait_until_due()
        return IqBlock(iq)

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next_samples(self) -> NDArray[np.complex64]:
        iq = self._samples_of(self._raw())
        if iq.size:
            return iq
        if not self._loop:
            raise ReceiverEndedError(f"{self._path} has been played to its end")
        self.close()
        self._file = self._opened()
        iq = self._samples_of(self._raw())
        if not iq.size:
            raise SourceError(f"{self._path} holds no samples")
        return iq

    def _raw(self) -> bytes:
        if self._file is None:
            raise SourceError(f"{self._path} is not open")
        try:
            return self._file.read(self._block_samples * self._sample_bytes)
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {error.strerror}") from error

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            raise SourceError(f"there is no capture {self._path}") from None
        except OSError as error:
            raise SourceError(f"{self._path} cannot be opened: {error.strerror}") from error

    def _wait_until_due(self) -> None:
        """Samples are given when the last of them would have been on the air."""
        if not self._realtime:
            return
        ahead_s = self._due_at - self._monotonic()
        if ahead_s > 0:
            self._wait(ahead_s)
        elif ahead_s < -_LATE_S:
            self._due_at = self._monotonic()  # the process slept: the file has waited
