"""A recorded receiver: a capture, replayed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import ReceiverConfig
from eas_station.errors import SourceError
from eas_station.sdrd.receivers.capture_file import CU8, SampleFormat, read_format
from eas_station.sdrd.receivers.iq_receiver import IqBlock, ReceiverEndedError, Tuning

FASTEST = 8.0  # times real time: one process that decodes seven channels follows it, on a Pi too
_LATE_S = 1.0  # a replay that is later than this goes on from now instead of catching up


class CaptureReceiver:
    """Replays a capture, in real time or `FASTEST` times that; a loop begins without a gap.

    Faster, and listeners' queues would run over: what is replayed is to be heard. A replay is
    exact: a process that was held up goes on where it was, and no sample is lost.
    The file is opened anew at each round, so a capture that has been replaced is taken up then.
    """

    def __init__(
        self,
        settings: ReceiverConfig,
        block_samples: int,
        wait: Callable[[float], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: wait: sleeps so many seconds, or less if the daemon is to stop."""
        self._settings = settings
        self._path: Path = settings.path or Path()
        self._block_samples = block_samples
        self._rate_hz = settings.rate_hz * (1.0 if settings.realtime else FASTEST)
        self._loop = settings.loop
        self._wait = wait
        self._monotonic = monotonic
        self._file: BinaryIO | None = None
        self._form: SampleFormat = CU8
        self._left: int | None = None  # bytes of samples; None: to the end of the file
        self._due_at = 0.0

    @property
    def gains_db(self) -> tuple[float, ...]:
        """A file has none."""
        return ()

    @property
    def heard_at(self) -> float | None:
        """A file waits."""
        return None

    def open(self, tuning: Tuning) -> None:
        """Open the capture. Raises SourceError."""
        self._begin()
        self._due_at = self._monotonic()

    def read(self) -> IqBlock | None:
        """The next block, when it is due. Raises SourceError, ReceiverEndedError."""
        iq = self._next_samples()
        self._due_at += iq.size / self._rate_hz
        self._wait_until_due()
        return IqBlock(iq)

    def tune(self, tuning: Tuning) -> None:
        """A file is as it was received."""

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next_samples(self) -> NDArray[np.complex64]:
        iq = self._form.samples_of(self._raw())
        if iq.size:
            return iq
        if not self._loop:
            raise ReceiverEndedError(f"{self._path} has been played to its end")
        self._begin()
        iq = self._form.samples_of(self._raw())
        if not iq.size:
            raise SourceError(f"{self._path} holds no samples")
        return iq

    def _raw(self) -> bytes:
        if self._file is None:
            raise SourceError(f"{self._path} is not open")
        wanted = self._block_samples * self._form.sample_bytes
        try:
            raw = self._file.read(wanted if self._left is None else min(wanted, self._left))
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {error.strerror}") from error
        if self._left is not None:
            self._left -= len(raw)
        return raw

    def _begin(self) -> None:
        self.close()
        self._file = self._opened()
        try:
            self._form = read_format(self._file, self._settings)
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {error.strerror}") from error
        self._left = self._form.data_bytes

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            raise SourceError(f"there is no capture {self._path}") from None
        except OSError as error:
            raise SourceError(f"{self._path} cannot be opened: {error.strerror}") from error

    def _wait_until_due(self) -> None:
        """Samples are given when the last of them would have been on the air."""
        ahead_s = self._due_at - self._monotonic()
        if ahead_s > 0:
            self._wait(ahead_s)
        elif ahead_s < -_LATE_S:
            self._due_at = self._monotonic()  # the process slept: the file has waited
