"""Raw s16le mono from a FIFO or from standard input, as `rtl_fm` and `sox` write it."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from eas_station.audiod.sources.audio_source import (
    PATIENCE_S,
    Block,
    NeedsOperatorError,
    SourceEndedError,
)
from eas_station.dsp.arrays.buffers import FULL_SCALE
from eas_station.errors import SourceError

WAIT_S = 0.5
BLOCK_S = 0.24
STANDARD_INPUT = "-"  # as the path's last part: the configuration puts its folder in front


class PipeSource:
    """Samples of whoever writes into the pipe; after one writer has gone, of the next one."""

    channels = ("mono",)
    live = True
    carriers: dict[str, bool] = {}  # noqa: RUF012 - a pipe has no carrier, ever
    patience_s = PATIENCE_S
    description = ""
    counters: dict[str, int] = {}  # noqa: RUF012 - it counts nothing

    def __init__(
        self, path: Path, rate_hz: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Open the pipe, without waiting for a writer. Raises SourceError."""
        self._path = path
        self._is_stdin = path.name == STANDARD_INPUT
        self._rate_hz = rate_hz
        self._monotonic = monotonic
        self._block_bytes = 2 * int(BLOCK_S * rate_hz)
        self._descriptor = self._open()
        self._held = bytearray()
        self._sent = 0
        self._began = True

    @property
    def waiting_for(self) -> str:
        """Somebody who writes."""
        return f"nothing is written into {'standard input' if self._is_stdin else self._path}"

    def receive(self) -> Block | None:
        """What has come, at most a second of it, or None when too little came in half a second.

        Raises SourceEndedError when standard input is closed.
        """
        deadline = self._monotonic() + WAIT_S
        while len(self._held) < self._block_bytes:
            left_s = deadline - self._monotonic()
            if left_s <= 0 or not select.select([self._descriptor], [], [], left_s)[0]:
                return None
            if not self._read():
                return self._writer_gone()
        return self._take()

    def close(self) -> None:
        """Let go of the pipe; standard input stays open."""
        if self._descriptor > 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _read(self) -> bool:
        """Read what is there; False when the last writer has closed."""
        try:
            chunk = os.read(self._descriptor, 4 * self._block_bytes)
        except BlockingIOError:
            return True
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {error.strerror}") from error
        self._held += chunk
        return bool(chunk)

    def _take(self) -> Block | None:
        count = len(self._held) // 2
        if not count:
            return None
        raw = bytes(self._held[: 2 * count])
        del self._held[: 2 * count]
        samples = np.frombuffer(raw, dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)
        gap = None if self._began else 0
        block = Block(samples.reshape(1, -1), self._rate_hz, self._sent, gap)
        self._began = False
        self._sent += count
        return block

    def _writer_gone(self) -> Block | None:
        """The rest of what the writer left; the next writer's samples begin anew."""
        if self._is_stdin and not self._held:
            raise SourceEndedError("standard input has ended")
        rest = self._take()
        self._held.clear()
        self._began = True
        if not self._is_stdin:
            reopened = (
                self._open()
            )  # before the old one is closed: a writer must not find no reader
            self.close()
            self._descriptor = reopened
        return rest

    def _open(self) -> int:
        if self._is_stdin:
            return 0
        try:
            if not stat.S_ISFIFO(self._path.stat().st_mode):
                raise NeedsOperatorError(f"{self._path} is not a FIFO: a recording is of kind file")
            return os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise SourceError(f"{self._path} is not there: make it with mkfifo") from error
        except OSError as error:
            raise SourceError(f"{self._path} cannot be opened: {error.strerror}") from error
