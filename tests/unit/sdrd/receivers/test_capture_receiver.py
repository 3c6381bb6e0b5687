"""Replaying a capture."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.config.model import ReceiverConfig
from eas_station.errors import SourceError
from eas_station.sdrd.receivers.capture_file import read_format
from eas_station.sdrd.receivers.capture_receiver import FASTEST, CaptureReceiver
from eas_station.sdrd.receivers.iq_receiver import ReceiverEndedError, Tuning

UNTUNED = Tuning(None, 0)


class Clock:
    """A clock that advances only by waiting."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now_s += seconds


def replay(path: Path, clock: Clock, block: int = 4, **settings: object) -> CaptureReceiver:
    receiver = ReceiverConfig("wx", "file", path, rate_hz=25_000, **settings)
    return CaptureReceiver(receiver, block, clock.wait, clock.monotonic)


def test_a_loop_has_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(range(0, 120, 10)))  # six samples
    receiver = replay(path, Clock(), block=4)
    receiver.open(UNTUNED)
    blocks = [receiver.read() for _ in range(4)]
    assert [block.iq.size for block in blocks] == [4, 2, 4, 2]
    assert [block.lost_samples for block in blocks] == [0, 0, 0, 0]
    np.testing.assert_array_equal(blocks[0].iq, blocks[2].iq)


def test_without_loop_the_receiver_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(8))
    receiver = replay(path, Clock(), loop=False)
    receiver.open(UNTUNED)
    assert receiver.read().iq.size == 4
    with pytest.raises(ReceiverEndedError, match="cu8 has ended"):
        receiver.read()


def test_cs16_is_read_as_cs16(tmp_path: Path) -> None:
    path = tmp_path / "x.cs16"
    path.write_bytes(b"\x00\x40\x00\xc0" * 3)
    receiver = replay(path, Clock(), format="cs16")
    receiver.open(UNTUNED)
    np.testing.assert_array_equal(receiver.read().iq, [0.5 - 0.5j] * 3)


@pytest.mark.parametrize("content", [b"", b"\x80"])
def test_a_capture_without_a_whole_sample_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(content)
    receiver = replay(path, Clock())
    receiver.open(UNTUNED)
    with pytest.raises(SourceError, match="contains no samples"):
        receiver.read()


def test_a_missing_capture_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent\.cu8 does not exist"):
        replay(tmp_path / "absent.cu8", Clock()).open(UNTUNED)


def test_a_folder_instead_of_a_capture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot (open|read)"):
        receiver = replay(tmp_path, Clock())
        receiver.open(UNTUNED)
        receiver.read()


def test_a_capture_removed_between_rounds_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(8))
    receiver = replay(path, Clock())
    receiver.open(UNTUNED)
    receiver.read()
    path.unlink()
    with pytest.raises(SourceError, match="does not exist"):
        receiver.read()


def test_a_replaced_capture_is_used_at_the_next_round(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(8))
    receiver = replay(path, Clock())
    receiver.open(UNTUNED)
    receiver.read()
    (tmp_path / "new").write_bytes(b"\xff" * 6)
    (tmp_path / "new").rename(path)
    np.testing.assert_array_equal(receiver.read().iq, [1 + 1j] * 3)


def test_in_real_time_a_block_is_given_when_its_last_sample_is_due(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2 * 25_000))
    clock = Clock()
    receiver = replay(path, clock, block=2_500)
    receiver.open(UNTUNED)
    began_s = clock.now_s
    for count in range(1, 25):  # through the loop
        receiver.read()
        assert clock.now_s - began_s == pytest.approx(count * 0.1)


def test_a_short_delay_is_caught_up_and_a_long_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2 * 25_000))
    clock = Clock()
    receiver = replay(path, clock, block=2_500)
    receiver.open(UNTUNED)
    receiver.read()
    clock.now_s += 0.25
    waits = len(clock.waited)
    receiver.read(), receiver.read()
    assert len(clock.waited) == waits
    receiver.read()
    assert clock.waited[-1] == pytest.approx(0.05)
    clock.now_s += 60
    waits = len(clock.waited)
    receiver.read()  # late by a minute: the file has waited too
    receiver.read()
    assert clock.waited[waits:] == [pytest.approx(0.1)]


def test_not_in_real_time_is_eight_times_as_fast(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2 * 25_000))
    clock = Clock()
    receiver = replay(path, clock, block=2_500, realtime=False)
    receiver.open(UNTUNED)
    began_s = clock.now_s
    for _ in range(20):
        receiver.read()
    assert clock.now_s - began_s == pytest.approx(2 / FASTEST)


def wav(
    tag: int, channels: int, rate_hz: int, bits: int, data: bytes, size: int | None = None
) -> bytes:
    bytes_each = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * bytes_each, bytes_each, bits)
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # odd: padded
    chunks += b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize(
    ("bits", "data", "sample"),
    [(16, b"\x00\x40\x00\xc0", 0.5 - 0.5j), (8, b"\xff\x00", 1 - 1j)],
)
@pytest.mark.parametrize("tag", [1, 0xFFFE])
def test_chunks_after_the_samples_of_a_wav_are_ignored(
    tmp_path: Path, bits: int, data: bytes, sample: complex, tag: int
) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav(tag, 2, 25_000, bits, data * 3) + b"LIST\x04\x00\x00\x00zzzz")
    receiver = replay(path, Clock(), format="wav")
    receiver.open(UNTUNED)
    for _ in range(2):  # a second round begins at the samples too
        np.testing.assert_array_equal(receiver.read().iq, [sample] * 3)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_without_length_is_played_to_its_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav(1, 2, 25_000, 8, b"\xff\x00" * 3, size))
    receiver = replay(path, Clock(), format="wav", loop=False)
    receiver.open(UNTUNED)
    assert receiver.read().iq.size == 3


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no RIFF header"),
        (b"RIFF\0\0\0\0WAVEfmt ", "unpack"),
        (wav(1, 1, 25_000, 16, bytes(8)), "1 channels instead of two"),
        (wav(1, 2, 48_000, 16, bytes(8)), "its rate is 48000 Hz, and rate_hz is 25000"),
        (wav(1, 2, 25_000, 24, bytes(12)), "24 bits per sample instead of 8 or 16"),
        (wav(3, 2, 25_000, 32, bytes(16)), "format 3 is not PCM"),
        (b"RIFF\0\0\0\0WAVEdata\x08\0\0\0" + bytes(8), "no fmt chunk"),
        (b"RIFF\0\0\0\0WAVE" + b"LIST\0\0\0\0" * 100, "no samples"),
    ],
)
def test_an_invalid_wav_is_a_source_error_with_the_reason(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=why):
        replay(path, Clock(), format="wav").open(UNTUNED)


@given(st.binary(max_size=200))
def test_any_content_of_a_wav_is_at_worst_a_source_error(content: bytes) -> None:
    settings = ReceiverConfig("wx", "file", Path("x"), format="wav", rate_hz=25_000)
    try:
        form = read_format(io.BytesIO(b"RIFF\0\0\0\0WAVE" + content), settings)
    except SourceError:
        return
    assert form.sample_bytes in (2, 4)


def test_close_is_safe_at_any_time(tmp_path: Path) -> None:
    receiver = replay(tmp_path / "absent", Clock())
    receiver.close()
    receiver.close()
    with pytest.raises(SourceError, match="not open"):
        receiver.read()
