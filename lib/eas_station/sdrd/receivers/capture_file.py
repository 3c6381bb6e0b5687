"""The format of a capture: raw samples, or a WAV file with I on the left and Q on the right."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import ReceiverConfig
from eas_station.dsp.radio.iq import CS16_BYTES, CU8_BYTES, from_cs16, from_cu8
from eas_station.errors import SourceError

PCM, EXTENSIBLE = 0x0001, 0xFFFE  # wFormatTag
MAX_CHUNKS = 64  # before the samples


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """How the samples are encoded in the file."""

    sample_bytes: int
    samples_of: Callable[[bytes], NDArray[np.complex64]]
    data_bytes: int | None = None  # None: to the end of the file


CU8 = SampleFormat(CU8_BYTES, from_cu8)
CS16 = SampleFormat(CS16_BYTES, from_cs16)


def read_format(file: BinaryIO, settings: ReceiverConfig) -> SampleFormat:
    """Read up to the first sample. Raises SourceError for another format; OSError."""
    if settings.format != "wav":
        return CS16 if settings.format == "cs16" else CU8
    try:
        return _wav(file, settings.rate_hz)
    except (struct.error, _FormatError) as error:
        raise SourceError(f"{settings.path} is not a WAV file of I and Q: {error}") from error


class _FormatError(Exception):
    """The file does not have the expected format."""


def _wav(file: BinaryIO, rate_hz: int) -> SampleFormat:
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise _FormatError("no RIFF header")
    known: SampleFormat | None = None
    for _ in range(MAX_CHUNKS):
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            if known is None:
                raise _FormatError("no fmt chunk")
            length = None if size == 0xFFFFFFFF or size == 0 else size
            return SampleFormat(known.sample_bytes, known.samples_of, length)
        if name == b"fmt ":
            chunk = file.read(min(size, 64))
            known = _pcm_format(chunk, rate_hz)
            size -= len(chunk)
        file.seek(size + size % 2, io.SEEK_CUR)
    raise _FormatError("no samples")


def _pcm_format(chunk: bytes, rate_hz: int) -> SampleFormat:
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag not in (PCM, EXTENSIBLE):
        raise _FormatError(f"format {tag} is not PCM")
    if channels != 2:
        raise _FormatError(f"{channels} channels instead of two")
    if rate != rate_hz:
        raise _FormatError(f"its rate is {rate} Hz, and rate_hz is {rate_hz}")
    if bits == 8:
        return CU8
    if bits == 16:
        return CS16
    raise _FormatError(f"{bits} bits per sample instead of 8 or 16")
