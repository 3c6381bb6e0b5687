"""A capture replayed as a receiver."""

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
from eas_station.sdrd.receivers.iq_receiver import IqBlock, IqReceiver, ReceiverEndedError, Tuning

FASTEST = 8.0  # times real time: a Pi can decode seven channels at this speed
_LATE_S = 1.0  # a replay that is later continues from now instead of catching up


class CaptureReceiver(IqReceiver):
    """Replays a capture in real time or `FASTEST` times as fast; a loop has no gap.

    At a higher speed the subscribers' queues would overflow. A replay is exact: after a pause of
    the process it continues where it was, and no sample is lost. The file is opened again at each
    round, so that a replaced capture is used.
    """

    def __init__(
        self,
        settings: ReceiverConfig,
        block_samples: int,
        wait: Callable[[float], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: wait: sleeps for so many seconds, or less if the daemon stops."""
        self._settings = settings
        self._path: Path = settings.path or Path()
        self._block_samples = block_samples
        self._rate_hz = settings.rate_hz * (1.0 if settings.realtime else FASTEST)
        self._loop = settings.loop
        self._wait = wait
        self._monotonic = monotonic
        self._file: BinaryIO | None = None
        self._format: SampleFormat = CU8
        self._left: int | None = None  # bytes of samples; None: to the end of the file
        self._due_at = 0.0

    def open(self, tuning: Tuning) -> None:
        """Open the capture. Raises SourceError."""
        self._start()
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
        iq = self._format.samples_of(self._read_bytes())
        if iq.size:
            return iq
        if not self._loop:
            raise ReceiverEndedError(f"{self._path} has ended")
        self._start()
        iq = self._format.samples_of(self._read_bytes())
        if not iq.size:
            raise SourceError(f"{self._path} contains no samples")
        return iq

    def _read_bytes(self) -> bytes:
        if self._file is None:
            raise SourceError(f"{self._path} is not open")
        wanted = self._block_samples * self._format.sample_bytes
        try:
            raw = self._file.read(wanted if self._left is None else min(wanted, self._left))
        except OSError as error:
            raise SourceError(f"cannot read {self._path}: {error.strerror}") from error
        if self._left is not None:
            self._left -= len(raw)
        return raw

    def _start(self) -> None:
        self.close()
        self._file = self._open_file()
        try:
            self._format = read_format(self._file, self._settings)
        except OSError as error:
            raise SourceError(f"cannot read {self._path}: {error.strerror}") from error
        self._left = self._format.data_bytes

    def _open_file(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            raise SourceError(f"{self._path} does not exist") from None
        except OSError as error:
            raise SourceError(f"cannot open {self._path}: {error.strerror}") from error

    def _wait_until_due(self) -> None:
        """Wait until the last sample of the block would have been received."""
        ahead_s = self._due_at - self._monotonic()
        if ahead_s > 0:
            self._wait(ahead_s)
        elif ahead_s < -_LATE_S:
            self._due_at = self._monotonic()  # the process was suspended
