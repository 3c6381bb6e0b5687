"""WAV from a stream."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.audiod.sources.wav_format import WavFormat, read_format, samples_of
from eas_station.errors import SourceError


class Pipe(io.RawIOBase):
    """A stream that cannot seek, such as a child's output."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        piece, self._rest = self._rest[: min(len(buffer), 7)], self._rest[min(len(buffer), 7) :]
        buffer[: len(piece)] = piece
        return len(piece)


def stream(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(Pipe(data))


def fmt(tag: int, channels: int, rate_hz: int, bits: int, extra: bytes = b"") -> bytes:
    frame = channels * bits // 8
    body = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits) + extra
    return b"fmt " + struct.pack("<I", len(body)) + body


def riff(*chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, chunks))) + b"WAVE" + b"".join(chunks)


def data_chunk(samples: bytes, size: int | None = None) -> bytes:
    return b"data" + struct.pack("<I", len(samples) if size is None else size) + samples


@pytest.mark.parametrize(
    ("bits", "full"),
    [(8, b"\xff\x00\x80"), (16, b"\xff\x7f\x00\x80\x00\x00"), (24, b"\xff\xff\x7f\0\0\x80\0\0\0")],
)
def test_full_scale_is_one_at_any_width(bits: int, full: bytes) -> None:
    form = read_format(stream(riff(fmt(1, 1, 8000, bits), data_chunk(full))))
    samples = samples_of(full, form)
    assert samples == pytest.approx([1.0, -1.0, 0.0], abs=0.01)


def test_files_of_the_wave_module_are_read() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(48_000)
        writer.writeframes(struct.pack("<4h", 16384, 0, -32768, -32768))
    source = stream(file.getvalue())
    form = read_format(source)
    assert form == WavFormat(48_000, 2, 16, False, 8)
    assert samples_of(source.read(), form).tolist() == [0.25, -1.0]


def test_chunks_before_the_samples_are_skipped_also_of_odd_length() -> None:
    note = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    source = stream(riff(note, fmt(3, 1, 25_000, 32), data_chunk(struct.pack("<f", 0.5))))
    form = read_format(source)
    assert samples_of(source.read(), form).tolist() == [0.5]


def test_extensible_pcm_is_read_as_pcm() -> None:
    extra = struct.pack("<HHIH", 22, 24, 0, 1) + bytes(14)
    form = read_format(stream(riff(fmt(0xFFFE, 1, 44_100, 24, extra), data_chunk(b"\0\0\0"))))
    assert (form.bits, form.is_float, form.rate_hz) == (24, False, 44_100)


def test_a_wav_of_unknown_length_is_read_to_the_end() -> None:
    form = read_format(stream(riff(fmt(1, 1, 25_000, 16), data_chunk(b"\0\0", 0xFFFFFFFF))))
    assert form.data_bytes is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a WAV"),
        (b"OggS" + bytes(40), "not a WAV"),
        (riff(), "contains no samples"),
        (riff(data_chunk(b"\0\0")), "has no fmt chunk"),
        (riff(b"fmt " + struct.pack("<I", 4) + b"abcd"), "truncated"),
        (riff(fmt(1, 0, 8000, 16), data_chunk(b"")), "0 channels"),
        (riff(fmt(1, 1, 0, 16), data_chunk(b"")), "0 Hz"),
        (riff(fmt(6, 1, 8000, 8), data_chunk(b"")), "0x0006"),
        (riff(b"junk" + struct.pack("<I", 0xFFFFFFF0)), "contains no samples"),
    ],
)
def test_an_unusable_wav_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        read_format(stream(data))


@given(st.binary(max_size=80), st.integers(0, 60))
def test_hostile_bytes_give_a_format_or_a_source_error(noise: bytes, at: int) -> None:
    good = riff(fmt(1, 1, 25_000, 16), data_chunk(bytes(20)))
    data = good[:at] + noise + good[at:]
    try:
        form = read_format(stream(data))
    except SourceError:
        return
    assert np.isfinite(samples_of(data[-20:], form)).all() or form.is_float
