"""The loop of one receiver: its states, its frames, its word."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from eas_station.bus.messages import AudioPcm, ItemState, ReceiverState
from eas_station.config.model import Paths, Receiver
from eas_station.sdrd.radio import Radio

NOW = datetime(2026, 4, 27, 21, 14, tzinfo=UTC)


@dataclasses.dataclass
class Fixed:
    """The part of a configuration that a radio reads."""

    paths: Paths


class Station:
    """As much of a daemon as a radio uses; it ends when `enough` says so."""

    def __init__(self, enough: Callable[[Station], bool]) -> None:
        self.stopping = threading.Event()
        self.publisher = self
        self.config = Fixed(Paths(Path("/nonexistent"), Path("/nonexistent")))
        self.frames: list[tuple[str, AudioPcm, bytes]] = []
        self.states: list[ReceiverState] = []
        self.sentences: list[str] = []
        self.items: list[ItemState] = []
        self.beats = 0
        self._enough = enough

    def now(self) -> datetime:
        return NOW

    def beat(self, name: str, deadline_s: float) -> Callable[[], None]:
        return self.count_beat

    def count_beat(self) -> None:
        self.beats += 1
        if self._enough(self):
            self.stopping.set()

    def publish(
        self, topic: str, body: object, samples: bytes | None = None, keep_last: bool = True
    ) -> int:
        if isinstance(body, AudioPcm):
            assert samples is not None
            assert not keep_last
            self.frames.append((topic, body, samples))
        elif isinstance(body, ReceiverState):
            self.states.append(body)
        return 1

    def set_status(self, sentence: str, items: list[ItemState]) -> None:
        self.sentences.append(sentence)
        self.items += items


class Fast(threading.Event):
    """An event on which nobody really waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def settings(path: Path, **changes: object) -> Receiver:
    return dataclasses.replace(Receiver("wx", "file", path, realtime=False), **changes)


def wanted() -> bool:
    return True


def test_frames_of_all_channels_go_out_numbered_and_whole(capture: Path) -> None:
    station = Station(lambda station: len(station.frames) >= 7 * 40)  # beyond the file's end
    Radio(station, settings(capture), wanted).run()
    topics = [topic for topic, _, _ in station.frames[:7]]
    assert topics[0] == "audio.pcm.wx.162.400"
    assert topics[6] == "audio.pcm.wx.162.550"
    own = [(body, samples) for topic, body, samples in station.frames if topic == topics[0]]
    expected = 0
    for body, samples in own:
        assert (body.first_sample, body.gap_samples, body.rate_hz) == (expected, 0, 25_000)
        expected += len(samples) // 2
    assert expected > 3 * 25_000


def test_running_tells_levels_and_the_status_sentence(capture: Path) -> None:
    station = Station(lambda station: len(station.frames) >= 7 * 30)
    ticks = iter(range(1_000_000))
    Radio(station, settings(capture), wanted, monotonic=lambda: next(ticks) * 0.1).run()
    last = station.states[-1]
    assert last.state == "running"
    assert [channel.channel for channel in last.channels][3] == "162.475"
    assert last.channels[3].snr_db == pytest.approx(30, abs=2)
    assert last.ppm == pytest.approx(1.8, abs=0.1)
    assert last.lost_samples == 0
    assert station.sentences[-1].startswith("7 channels, best WX3 (162.475) 30 dB, 0 samples lost")
    assert station.items[-1].kind == "receiver.file"


def test_a_missing_file_is_reconnecting_with_one_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    station = Station(lambda station: station.beats >= 300)
    station.stopping = Fast()
    clock = iter(range(1_000_000))
    with caplog.at_level(logging.INFO):
        radio = Radio(
            station, settings(tmp_path / "x.cu8"), wanted, monotonic=lambda: next(clock) * 0.05
        )
        radio.run()
    assert [record.message for record in caplog.records] == [
        f"receiver wx is reconnecting: there is no capture {tmp_path}/x.cu8"
    ]
    assert station.states[-1].state == "reconnecting"
    assert station.states[-1].channels == ()
    assert station.items[-1].state == "reconnecting"
    assert station.items[-1].last_good_at is None


def test_a_file_that_appears_is_taken_up(
    tmp_path: Path, tones: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x.cu8"

    def appear(station: Station) -> bool:
        if station.beats == 50:
            path.write_bytes(tones)
        return bool(station.frames)

    station = Station(appear)
    station.stopping = Fast()
    clock = iter(range(1_000_000))
    with caplog.at_level(logging.INFO):
        Radio(station, settings(path), wanted, monotonic=lambda: next(clock) * 0.05).run()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert station.items[-1].state == "running"
    assert station.items[-1].last_good_at == NOW


def test_the_operator_stops_it_and_starts_it_again(capture: Path) -> None:
    heard: list[int] = []

    def enough(station: Station) -> bool:
        heard.append(len(station.frames))
        return station.beats >= 12

    station = Station(enough)
    station.stopping = Fast()
    Radio(station, settings(capture), lambda: not 4 <= station.beats < 8).run()
    assert heard[3] == heard[7] > 0
    assert heard[11] > heard[7]
    firsts = [body.first_sample for topic, body, _ in station.frames if topic.endswith(".400")]
    assert firsts == sorted(set(firsts))
    assert "stopped" in {state.state for state in station.states}
    assert any("stopped by the operator" in sentence for sentence in station.sentences)


def test_the_end_of_a_file_that_does_not_loop_is_stopped_not_failed(capture: Path) -> None:
    station = Station(lambda station: station.beats >= 60)
    station.stopping = Fast()
    Radio(station, settings(capture, loop=False), wanted).run()
    assert station.items[-1].state == "stopped"
    assert "played to its end" in station.items[-1].sentence


def test_new_settings_go_on_with_the_numbers_of_the_old_ones(capture: Path) -> None:
    def enough(station: Station) -> bool:
        if station.beats == 5:
            radio.replace(settings(capture, channels_hz=(162_550_000,)))
        return station.beats >= 10

    station = Station(enough)
    radio = Radio(station, settings(capture), wanted)
    radio.run()
    ends = [
        (body.first_sample, body.first_sample + len(samples) // 2)
        for topic, body, samples in station.frames
        if topic == "audio.pcm.wx.162.550"
    ]
    assert [first for first, _ in ends[1:]] == [end for _, end in ends[:-1]]
    assert len(station.frames) == 5 * 7 + 5


def test_settings_that_cannot_work_are_refused_and_the_old_ones_stay(capture: Path) -> None:
    station = Station(lambda station: station.beats >= 3)
    radio = Radio(station, settings(capture), wanted)
    with pytest.raises(ValueError, match="outside"):
        radio.replace(settings(capture, channels_hz=(170_000_000,)))
    radio.run()
    assert len(station.frames) == 3 * 7


def test_audio_is_little_endian_16_bit(capture: Path, pitch: Callable) -> None:
    station = Station(lambda station: len(station.frames) >= 7 * 20)
    Radio(station, settings(capture), wanted).run()
    parts = [samples for topic, _, samples in station.frames if topic.endswith("162.500")]
    audio = np.frombuffer(b"".join(parts), dtype="<i2").astype(float)
    assert pitch(audio[5_000:]) == pytest.approx(1300, abs=1)


def test_settings_that_are_taken_back_before_they_were_taken_up_are_not_taken_up(
    capture: Path,
) -> None:
    station = Station(lambda so_far: len(so_far.frames) >= 14)
    radio = Radio(station, settings(capture), wanted)
    radio.replace(settings(capture, channels_hz=(162_550_000,)))
    radio.replace(settings(capture))
    radio.run()
    assert len({topic for topic, _, _ in station.frames}) == 7
