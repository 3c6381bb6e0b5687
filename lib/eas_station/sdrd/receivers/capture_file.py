"""What a file of recorded samples holds: raw, or a WAV whose left is I and whose right is Q."""

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
MOST_CHUNKS = 64  # before the samples


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """How the samples lie in the file."""

    sample_bytes: int
    samples_of: Callable[[bytes], NDArray[np.complex64]]
    data_bytes: int | None = None  # None: to the end of the file


CU8 = SampleFormat(CU8_BYTES, from_cu8)
CS16 = SampleFormat(CS16_BYTES, from_cs16)


def read_format(file: BinaryIO, settings: ReceiverConfig) -> SampleFormat:
    """Read up to the first sample. Raises SourceError: it is no such file, OSError."""
    if settings.format != "wav":
        return CS16 if settings.format == "cs16" else CU8
    try:
        return _wav(file, settings.rate_hz)
    except (struct.error, _NoWavError) as error:
        raise SourceError(f"{settings.path} is no WAV file of I and Q: {error}") from error


class _NoWavError(Exception):
    """What is not as it should be."""


def _wav(file: BinaryIO, rate_hz: int) -> SampleFormat:
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise _NoWavError("it does not begin as one")
    form: SampleFormat | None = None
    for _ in range(MOST_CHUNKS):
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            if form is None:
                raise _NoWavError("it says nothing about its samples")
            whole = None if size == 0xFFFFFFFF or size == 0 else size
            return SampleFormat(form.sample_bytes, form.samples_of, whole)
        if name == b"fmt ":
            chunk = file.read(min(size, 64))
            form = _form(chunk, rate_hz)
            size -= len(chunk)
        file.seek(size + size % 2, io.SEEK_CUR)
    raise _NoWavError("it holds no samples")


def _form(chunk: bytes, rate_hz: int) -> SampleFormat:
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag not in (PCM, EXTENSIBLE):
        raise _NoWavError(f"its samples are of form {tag}, not PCM")
    if channels != 2:
        raise _NoWavError(f"it has {channels} channels: I and Q would be two")
    if rate != rate_hz:
        raise _NoWavError(f"it has {rate} samples a second, and rate_hz is {rate_hz}")
    if bits == 8:
        return CU8
    if bits == 16:
        return CS16
    raise _NoWavError(f"its samples have {bits} bits: 8 and 16 are understood")
