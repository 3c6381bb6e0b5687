"""Replaying a capture."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from eas_station.config.model import Receiver
from eas_station.errors import SourceError
from eas_station.sdrd.receivers import FileReceiver, ReceiverEndedError


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now_s += seconds


def replay(path: Path, clock: Clock, block: int = 4, **settings: object) -> FileReceiver:
    receiver = Receiver("wx", "file", path, rate_hz=25_000, **settings)
    return FileReceiver(receiver, block, clock.wait, clock.monotonic)


def test_a_loop_begins_again_without_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(range(0, 120, 10)))  # six samples
    receiver = replay(path, Clock(), block=4)
    receiver.open()
    blocks = [receiver.read() for _ in range(4)]
    assert [block.iq.size for block in blocks] == [4, 2, 4, 2]
    assert [block.lost_samples for block in blocks] == [0, 0, 0, 0]
    np.testing.assert_array_equal(blocks[0].iq, blocks[2].iq)


def test_without_loop_the_receiver_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(8))
    receiver = replay(path, Clock(), loop=False)
    receiver.open()
    assert receiver.read().iq.size == 4
    with pytest.raises(ReceiverEndedError, match="played to its end"):
        receiver.read()


def test_cs16_is_read_as_cs16(tmp_path: Path) -> None:
    path = tmp_path / "x.cs16"
    path.write_bytes(b"\x00\x40\x00\xc0" * 3)
    receiver = replay(path, Clock(), format="cs16")
    receiver.open()
    np.testing.assert_array_equal(receiver.read().iq, [0.5 - 0.5j] * 3)


@pytest.mark.parametrize("content", [b"", b"\x80"])
def test_a_capture_without_a_whole_sample_is_said_to_be_empty(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(content)
    receiver = replay(path, Clock())
    receiver.open()
    with pytest.raises(SourceError, match="holds no samples"):
        receiver.read()


def test_a_capture_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no capture .*/absent\.cu8"):
        replay(tmp_path / "absent.cu8", Clock()).open()


def test_a_folder_in_its_place_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be"):
        receiver = replay(tmp_path, Clock())
        receiver.open()
        receiver.read()


def test_a_capture_that_goes_away_between_rounds_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(8))
    receiver = replay(path, Clock())
    receiver.open()
    receiver.read()
    path.unlink()
    with pytest.raises(SourceError, match="there is no capture"):
        receiver.read()


def test_a_capture_that_was_replaced_is_taken_up_at_the_next_round(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(8))
    receiver = replay(path, Clock())
    receiver.open()
    receiver.read()
    (tmp_path / "new").write_bytes(b"\xff" * 6)
    (tmp_path / "new").rename(path)
    np.testing.assert_array_equal(receiver.read().iq, [1 + 1j] * 3)


def test_real_time_gives_samples_when_the_last_would_have_been_on_the_air(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2 * 25_000))
    clock = Clock()
    receiver = replay(path, clock, block=2_500)
    receiver.open()
    began_s = clock.now_s
    for count in range(1, 25):  # through the loop
        receiver.read()
        assert clock.now_s - began_s == pytest.approx(count * 0.1)


def test_real_time_makes_up_for_a_short_delay_and_not_for_a_long_sleep(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2 * 25_000))
    clock = Clock()
    receiver = replay(path, clock, block=2_500)
    receiver.open()
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


def test_as_fast_as_possible_never_waits(tmp_path: Path) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2 * 25_000))
    clock = Clock()
    receiver = replay(path, clock, realtime=False)
    receiver.open()
    for _ in itertools.repeat(None, 50):
        receiver.read()
    assert clock.waited == []


def test_close_is_safe_at_any_time(tmp_path: Path) -> None:
    receiver = replay(tmp_path / "absent", Clock())
    receiver.close()
    receiver.close()
    with pytest.raises(SourceError, match="not open"):
        receiver.read()
