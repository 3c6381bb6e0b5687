"""Read and write audio files.

WAV files and raw samples (s16le mono) are read directly; a child process converts FLAC and other
formats to WAV. A file that cannot be read raises SourceError.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from eas_station.dsp.arrays.array_types import Real
from eas_station.errors import SourceError

STANDARD_INPUT = "-"
BLOCK_BYTES = 65536
MAGIC_BYTES = 4
WAV_MAGIC = (b"RIFF", b"RIFX", b"RF64")
FLAC_MAGIC = b"fLaC"


@dataclass(frozen=True, slots=True)
class MonoSignal:
    """A mono signal that arrives block by block; several channels are averaged."""

    rate_hz: float
    blocks: Iterator[Real]  # (n,) each, full scale ±1.0
    length_s: float | None = None  # None: not known beforehand


@contextlib.contextmanager
def open_bytes(name: str) -> Iterator[IO[bytes]]:
    """A file or, for "-", standard input, unbuffered."""
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer.raw if hasattr(sys.stdin.buffer, "raw") else sys.stdin.buffer
        return
    try:
        stream = Path(name).open("rb", buffering=0)
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {_reason(error)}") from error
    with stream:
        yield stream


def byte_blocks(stream: IO[bytes], name: str, first: bytes = b"") -> Iterator[bytes]:
    """The bytes of the stream, as they arrive."""
    if first:
        yield first
    while True:
        try:
            block = os.read(stream.fileno(), BLOCK_BYTES)
        except OSError as error:
            raise SourceError(f"{name} cannot be read: {_reason(error)}") from error
        if not block:
            return
        yield block


@contextlib.contextmanager
def open_sound(name: str, raw_rate_hz: float | None) -> Iterator[MonoSignal]:
    """The audio of a file or of standard input.

    Args:
        raw_rate_hz: the rate of raw samples; None: the file has a header.
    """
    with open_bytes(name) as stream:
        magic = _magic(stream, name)
        if magic in WAV_MAGIC:
            with _wav_or_child(stream, name, magic) as sound:
                yield sound
        elif magic == FLAC_MAGIC or raw_rate_hz is None:
            with _child_sound(name, magic) as sound:
                yield sound
        else:
            length_s = _size(stream) / 2 / raw_rate_hz if raw_rate_hz > 0 else None
            yield MonoSignal(raw_rate_hz, samples(byte_blocks(stream, name, magic)), length_s)


def _magic(stream: IO[bytes], name: str) -> bytes:
    """The first four bytes, fewer only at the end of the stream."""
    magic = b""
    try:
        while len(magic) < MAGIC_BYTES:
            more = os.read(stream.fileno(), MAGIC_BYTES - len(magic))
            if not more:
                break
            magic += more
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {_reason(error)}") from error
    return magic


class _Replayed(io.RawIOBase):
    """A stream of which the first bytes have been read; it cannot seek."""

    def __init__(self, first: bytes, stream: IO[bytes]) -> None:
        self._first = first
        self._stream = stream

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, room: Any) -> int:
        """Read what is available."""
        part = self._first[: len(room)] or os.read(self._stream.fileno(), len(room))
        self._first = self._first[len(part) :]
        room[: len(part)] = part
        return len(part)


def _wav_reader(first: bytes, stream: IO[bytes]) -> wave.Wave_read:
    return wave.open(io.BufferedReader(_Replayed(first, stream)), "rb")


@contextlib.contextmanager
def _wav_or_child(stream: IO[bytes], name: str, magic: bytes) -> Iterator[MonoSignal]:
    try:
        reader = _wav_reader(magic, stream)
    except (wave.Error, EOFError) as error:
        if name == STANDARD_INPUT:
            raise SourceError(f"standard input is an unsupported WAV file: {error}") from error
        with _child_sound(name, magic) as sound:
            yield sound
        return
    length_s = None
    if _size(stream):  # in a pipe, the length in the header is not the real one
        length_s = reader.getnframes() / reader.getframerate()
    yield MonoSignal(float(reader.getframerate()), _wav_blocks(reader), length_s)


def _size(stream: IO[bytes]) -> int:
    """Bytes of a regular file; 0 of a pipe."""
    return os.fstat(stream.fileno()).st_size


def _wav_blocks(reader: wave.Wave_read) -> Iterator[Real]:
    channels, width = reader.getnchannels(), reader.getsampwidth()
    frames = max(1, int(reader.getframerate() * BLOCK_S))
    while True:
        block = reader.readframes(frames)
        whole = len(block) // (channels * width) * channels * width
        if not whole:
            return
        yield _mono(block[:whole], channels, width)


BLOCK_S = 0.05  # short, to decode a live stream without delay


def _mono(block: bytes, channels: int, width: int) -> Real:
    """Little-endian samples of 1 (unsigned), 2, 3 or 4 bytes; the mean of the channels."""
    if width == 1:
        values = np.frombuffer(block, np.uint8).astype(np.float32) / 128 - 1
    elif width == 3:
        padded = np.zeros((len(block) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(block, np.uint8).reshape(-1, 3)
        values = (padded.view("<i4")[:, 0] / 2**31).astype(np.float32)
    else:
        values = (np.frombuffer(block, f"<i{width}") / 2.0 ** (8 * width - 1)).astype(np.float32)
    mono: Real = values.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mono


@contextlib.contextmanager
def _child_sound(name: str, magic: bytes) -> Iterator[MonoSignal]:
    """The audio of the file, by a decoder program."""
    if name == STANDARD_INPUT:
        raise SourceError("standard input is not a WAV file; raw samples need --rate HZ")
    command = _decoder(name, magic)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        try:
            try:
                reader = _wav_reader(b"", child.stdout)
            except (wave.Error, EOFError) as error:
                raise SourceError(
                    f"{name} is not an audio file; raw samples need --rate HZ"
                ) from error
            yield MonoSignal(float(reader.getframerate()), _wav_blocks(reader))
        finally:
            child.kill()


def _decoder(name: str, magic: bytes) -> list[str]:
    path = str(Path(name).absolute())
    if magic == FLAC_MAGIC and shutil.which("flac"):
        return ["flac", "--decode", "--stdout", "--silent", path]
    if shutil.which("ffmpeg"):
        return [
            *("ffmpeg", "-v", "error", "-nostdin", "-i", path),
            *("-ac", "1", "-c:a", "pcm_s16le", "-f", "wav", "-"),
        ]
    missing = "flac or ffmpeg" if magic == FLAC_MAGIC else "ffmpeg"
    raise SourceError(
        f"{name} is not a WAV file: install {missing} to read it; raw samples need --rate HZ"
    )


def samples(blocks: Iterator[bytes]) -> Iterator[Real]:
    """Raw s16le mono as numbers; the blocks may be cut anywhere."""
    rest = b""
    for block in blocks:
        joined = rest + block
        whole = len(joined) // 2 * 2
        rest = joined[whole:]
        if whole:
            yield np.frombuffer(joined[:whole], "<i2").astype(np.float32) / np.float32(32768)


def write_wav(path: Path, sound: Real, rate_hz: int) -> None:
    """Write a mono WAV file of 16 bits. Raises SourceError."""
    values = np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2")
    try:
        with path.open("wb") as stream, wave.open(stream, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(rate_hz)
            writer.writeframes(values.tobytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be written: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
