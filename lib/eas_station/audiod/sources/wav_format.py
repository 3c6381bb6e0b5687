"""WAV from a stream that cannot seek: the format, then the samples.

PCM of 8, 16, 24 and 32 bits and IEEE float, any number of channels, also WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from eas_station.errors import SourceError

PCM, IEEE_FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
MAX_HEADER_CHUNK = 1 << 20  # pictures and texts before the samples
UNKNOWN_LENGTH = 0xFFFFFFFF  # written by programs that stream


@dataclass(frozen=True, slots=True)
class WavFormat:
    """How the samples of a WAV file are encoded."""

    rate_hz: int
    channels: int
    bits: int  # of one sample: 8, 16, 24, 32, 64
    is_float: bool
    data_bytes: int | None  # None: until the end of the stream

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * self.bits // 8


def read_format(stream: IO[bytes]) -> WavFormat:
    """Read up to the first sample. Raises SourceError if the format is not supported."""
    riff = stream.read(12)
    if len(riff) < 12 or riff[:4] not in (b"RIFF", b"RF64") or riff[8:] != b"WAVE":
        raise SourceError("not a WAV file")
    form: tuple[int, int, int, int] | None = None
    while len(head := stream.read(8)) == 8:
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            return _checked(form, None if size in (0, UNKNOWN_LENGTH) else size)
        if size > MAX_HEADER_CHUNK:
            break
        chunk = stream.read(size + size % 2)
        if name == b"fmt ":
            form = _read_fmt(chunk)
    raise SourceError("the WAV file contains no samples")


def _read_fmt(chunk: bytes) -> tuple[int, int, int, int]:
    """(tag, channels, rate in Hz, bits) of a fmt chunk."""
    if len(chunk) < 16:
        raise SourceError("the fmt chunk of the WAV file is truncated")
    tag, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if tag == EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack("<H", chunk[24:26])[0]
    return tag, channels, rate_hz, bits


def _checked(form: tuple[int, int, int, int] | None, data_bytes: int | None) -> WavFormat:
    if form is None:
        raise SourceError("the WAV file has no fmt chunk")
    tag, channels, rate_hz, bits = form
    known = (tag == PCM and bits in (8, 16, 24, 32)) or (tag == IEEE_FLOAT and bits in (32, 64))
    if not known:
        raise SourceError(f"unsupported WAV format {tag:#06x} with {bits} bits: use PCM or float")
    if not 1 <= channels <= 64 or not 8_000 <= rate_hz <= 192_000:
        raise SourceError(f"unsupported WAV: {channels} channels at {rate_hz} Hz; use 8 to 192 kHz")
    return WavFormat(rate_hz, channels, bits, tag == IEEE_FLOAT, data_bytes)


def samples_of(chunk: bytes, form: WavFormat) -> NDArray[np.float32]:
    """The mean of the channels, full scale ±1.0, shape (n,). A truncated frame is dropped."""
    count = len(chunk) // form.frame_bytes
    raw = chunk[: count * form.frame_bytes]
    if form.is_float:
        values = np.frombuffer(raw, dtype="<f4" if form.bits == 32 else "<f8").astype(np.float32)
    elif form.bits == 8:
        values = (np.frombuffer(raw, dtype=np.uint8).astype(np.float32) - 128) / np.float32(128)
    elif form.bits == 24:
        wide = np.zeros((count * form.channels, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 3)
        values = wide.view("<i4")[:, 0].astype(np.float32) / np.float32(1 << 31)
    else:
        values = np.frombuffer(raw, dtype=f"<i{form.bits // 8}").astype(np.float32)
        values /= np.float32(1 << (form.bits - 1))
    mixed: NDArray[np.float32] = values.reshape(count, form.channels).mean(axis=1, dtype=np.float32)
    return mixed
