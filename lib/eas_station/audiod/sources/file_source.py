"""A recording as a source: WAV, or FLAC decoded by `flac` or `ffmpeg`."""

from __future__ import annotations

import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from eas_station.audiod.sources.audio_source import (
    AudioSource,
    Block,
    NeedsOperatorError,
    SourceEndedError,
)
from eas_station.audiod.sources.wav_format import WavFormat, read_format, samples_of
from eas_station.errors import SourceError

BLOCK_S = 0.24


class FileSource(AudioSource):
    """Plays one file, mixed to mono, in real time or as fast as it is read."""

    def __init__(
        self,
        path: Path,
        realtime: bool,
        loop: bool,
        stopping: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the file. Raises SourceError.

        Args:
            stopping: ends the wait for the next block.
        """
        self._path = path
        self._realtime = realtime
        self._loop = loop
        self._stopping = stopping
        self._monotonic = monotonic
        self._child: subprocess.Popen[bytes] | None = None
        self._stream, self._format = self._open()
        self._left = self._format.data_bytes
        self._sent = 0
        self._starting = True
        self._due_at = monotonic()

    @property
    def waiting_for(self) -> str:
        """The time of the next block."""
        return f"{self._path.name} plays in real time"

    def receive(self) -> Block | None:
        """The next quarter of a second. Raises SourceError, SourceEndedError."""
        self._wait_until_due()
        chunk = self._read()
        if not chunk:
            self._rewind()
            chunk = self._read()
        samples = samples_of(chunk, self._format)
        if not len(samples):
            raise SourceError(f"{self._path} contains no samples")
        gap = None if self._starting else 0
        block = Block(samples.reshape(1, -1), self._format.rate_hz, self._sent, gap)
        self._starting = False
        self._sent += block.count
        self._due_at += block.seconds
        return block

    def close(self) -> None:
        """Close the file and end the decoder."""
        self._stream.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def _wait_until_due(self) -> None:
        if not self._realtime:
            return
        ahead_s = self._due_at - self._monotonic()
        if ahead_s > 0:
            self._stopping.wait(ahead_s)
        elif ahead_s < -1.0:
            self._due_at = self._monotonic()  # the process was suspended: the file waited

    def _read(self) -> bytes:
        """At most a block of whole frames; b"" at the end."""
        size = int(BLOCK_S * self._format.rate_hz) * self._format.frame_bytes
        if self._left is not None:
            size = min(size, self._left)
        try:
            chunk = self._stream.read(size)
        except OSError as error:
            raise SourceError(f"cannot read {self._path}: {error.strerror}") from error
        if self._left is not None:
            self._left -= len(chunk)
        return chunk if len(chunk) >= self._format.frame_bytes else b""

    def _rewind(self) -> None:
        if not self._loop:
            raise SourceEndedError(f"{self._path.name} has ended")
        self.close()
        self._stream, self._format = self._open()
        self._left = self._format.data_bytes

    def _open(self) -> tuple[IO[bytes], WavFormat]:
        try:
            self._require_file()
            file: IO[bytes] = self._path.open("rb")
            is_flac = file.read(4) == b"fLaC"
            file.seek(0)
        except OSError as error:
            raise SourceError(f"cannot open {self._path}: {error.strerror}") from error
        if is_flac:
            file.close()
            file = self._decode_flac()
        try:
            return file, read_format(file)
        except SourceError as error:
            file.close()
            raise SourceError(f"{self._path}: {error}") from error

    def _require_file(self) -> None:
        """Refuse a FIFO, on which `open` would wait for a writer. Raises OSError, SourceError."""
        mode = self._path.stat().st_mode
        if stat.S_ISFIFO(mode):
            raise NeedsOperatorError(f"{self._path} is a FIFO: use kind pipe for it")
        if not stat.S_ISREG(mode):
            raise NeedsOperatorError(
                f"{self._path} is not a file: kind file plays WAV and FLAC recordings"
            )

    def _decode_flac(self) -> IO[bytes]:
        self._child = subprocess.Popen(
            self._flac_decoder(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        assert self._child.stdout is not None
        return self._child.stdout

    def _flac_decoder(self) -> list[str]:
        """The command that writes the recording as WAV; it ends when its output is closed."""
        if flac := shutil.which("flac"):
            return [flac, "--decode", "--stdout", "--silent", str(self._path)]
        if ffmpeg := shutil.which("ffmpeg"):
            name = f"file:{self._path}"
            return [ffmpeg, "-v", "quiet", "-nostdin", "-i", name, "-f", "wav", "pipe:1"]
        raise NeedsOperatorError(
            f"{self._path} is FLAC and needs the program flac: apt install flac"
        )
