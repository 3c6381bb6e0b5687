"""Raw s16le mono from a FIFO or from standard input, as `rtl_fm` and `sox` write it."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from eas_station.audiod.sources.audio_source import (
    AudioSource,
    Block,
    NeedsOperatorError,
    SourceEndedError,
)
from eas_station.audiod.sources.pcm_reader import PcmReader
from eas_station.errors import SourceError

STANDARD_INPUT = "-"  # as the path's last part: the configuration puts its folder in front


class PipeSource(AudioSource):
    """The samples of one writer after another."""

    def __init__(
        self, path: Path, rate_hz: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Open the pipe without waiting for a writer. Raises SourceError."""
        self._path = path
        self._is_stdin = path.name == STANDARD_INPUT
        self._reader = PcmReader(self._open(), rate_hz, monotonic)

    @property
    def waiting_for(self) -> str:
        """A writer."""
        return f"no data from {'standard input' if self._is_stdin else self._path}"

    def receive(self) -> Block | None:
        """The next block. Raises SourceError; SourceEndedError when standard input is closed."""
        try:
            block = self._reader.read()
        except OSError as error:
            raise SourceError(f"cannot read {self._path}: {error.strerror}") from error
        if self._reader.ended and not self._is_stdin:
            # Opened before the old end is closed: a writer must always find a reader.
            self._reader.restart(self._open())
        elif self._reader.ended and block is None:
            raise SourceEndedError("standard input was closed")
        return block

    def close(self) -> None:
        """Close the pipe; standard input stays open."""
        self._reader.close()

    def _open(self) -> int:
        if self._is_stdin:
            return 0
        try:
            if not stat.S_ISFIFO(self._path.stat().st_mode):
                raise NeedsOperatorError(f"{self._path} is not a FIFO: use kind file for a file")
            return os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise SourceError(f"{self._path} does not exist: create it with mkfifo") from error
        except OSError as error:
            raise SourceError(f"cannot open {self._path}: {error.strerror}") from error
