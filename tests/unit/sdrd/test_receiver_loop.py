"""The loop of one receiver: states, frames and status."""

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
from eas_station.config.model import PathsConfig, ReceiverConfig
from eas_station.dsp.audio import modulate
from eas_station.dsp.radio.fm import Modulator
from eas_station.dsp.radio.synthesis import Synthesizer
from eas_station.errors import SourceError
from eas_station.sdrd.receiver_loop import ReceiverLoop
from eas_station.sdrd.receivers.iq_receiver import IqBlock, Tuning

NOW = datetime(2026, 4, 27, 21, 14, tzinfo=UTC)


@dataclasses.dataclass
class Fixed:
    """The part of the configuration that the loop reads."""

    paths: PathsConfig


class Station:
    """The part of a daemon that the loop uses; it stops when `enough` returns true."""

    def __init__(self, enough: Callable[[Station], bool]) -> None:
        self.stopping = threading.Event()
        self.publisher = self
        self.config = Fixed(PathsConfig(Path("/nonexistent"), Path("/nonexistent")))
        self.frames: list[tuple[str, AudioPcm, bytes]] = []
        self.states: list[ReceiverState] = []
        self.sentences: list[str] = []
        self.items: list[ItemState] = []
        self.beats = 0
        self._enough = enough

    def now(self) -> datetime:
        return NOW

    def heartbeat(self, name: str, deadline_s: float) -> Callable[[], None]:
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
    """An event that never waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def settings(path: Path, **changes: object) -> ReceiverConfig:
    return dataclasses.replace(ReceiverConfig("wx", "file", path, realtime=False), **changes)


def wanted() -> bool:
    return True


def test_frames_of_all_channels_are_published_with_their_numbers(capture: Path) -> None:
    station = Station(lambda station: len(station.frames) >= 7 * 40)  # beyond the file's end
    ReceiverLoop(station, settings(capture), wanted).run()
    topics = [topic for topic, _, _ in station.frames[:7]]
    assert topics[0] == "audio.pcm.wx.162.400"
    assert topics[6] == "audio.pcm.wx.162.550"
    own = [(body, samples) for topic, body, samples in station.frames if topic == topics[0]]
    expected = 0
    for body, samples in own:
        assert (body.first_sample, body.gap_samples, body.rate_hz) == (expected, 0, 25_000)
        expected += len(samples) // 2
    assert expected > 3 * 25_000


def test_the_running_state_has_levels_and_a_sentence(capture: Path) -> None:
    station = Station(lambda station: len(station.frames) >= 7 * 30)
    ticks = iter(range(1_000_000))
    ReceiverLoop(station, settings(capture), wanted, monotonic=lambda: next(ticks) * 0.1).run()
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
        radio = ReceiverLoop(
            station, settings(tmp_path / "x.cu8"), wanted, monotonic=lambda: next(clock) * 0.05
        )
        radio.run()
    assert [record.message for record in caplog.records] == [
        f"receiver wx is reconnecting: {tmp_path}/x.cu8 does not exist"
    ]
    assert station.states[-1].state == "reconnecting"
    assert station.states[-1].channels == ()
    assert station.items[-1].state == "reconnecting"
    assert station.items[-1].last_good_at is None


def test_a_file_that_appears_is_played(
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
        ReceiverLoop(station, settings(path), wanted, monotonic=lambda: next(clock) * 0.05).run()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert station.items[-1].state == "running"
    assert station.items[-1].last_good_at == NOW


def test_the_operator_stops_and_starts_the_receiver(capture: Path) -> None:
    heard: list[int] = []

    def enough(station: Station) -> bool:
        heard.append(len(station.frames))
        return station.beats >= 12

    station = Station(enough)
    station.stopping = Fast()
    ReceiverLoop(station, settings(capture), lambda: not 4 <= station.beats < 8).run()
    assert heard[3] == heard[7] > 0
    assert heard[11] > heard[7]
    firsts = [body.first_sample for topic, body, _ in station.frames if topic.endswith(".400")]
    assert firsts == sorted(set(firsts))
    assert "stopped" in {state.state for state in station.states}
    assert any("stopped by the operator" in sentence for sentence in station.sentences)


def test_the_end_of_a_file_that_does_not_loop_is_stopped_not_failed(capture: Path) -> None:
    station = Station(lambda station: station.beats >= 60)
    station.stopping = Fast()
    ReceiverLoop(station, settings(capture, loop=False), wanted).run()
    assert station.items[-1].state == "stopped"
    assert "cu8 has ended" in station.items[-1].sentence


def test_new_settings_continue_the_sample_numbers(capture: Path) -> None:
    def enough(station: Station) -> bool:
        if station.beats == 5:
            radio.replace(settings(capture, channels_hz=(162_550_000,)))
        return station.beats >= 10

    station = Station(enough)
    radio = ReceiverLoop(station, settings(capture), wanted)
    radio.run()
    ends = [
        (body.first_sample, body.first_sample + len(samples) // 2)
        for topic, body, samples in station.frames
        if topic == "audio.pcm.wx.162.550"
    ]
    assert [first for first, _ in ends[1:]] == [end for _, end in ends[:-1]]
    assert len(station.frames) == 5 * 7 + 5


def test_impossible_settings_are_refused_and_the_old_ones_stay(capture: Path) -> None:
    station = Station(lambda station: station.beats >= 3)
    radio = ReceiverLoop(station, settings(capture), wanted)
    with pytest.raises(ValueError, match="outside"):
        radio.replace(settings(capture, channels_hz=(170_000_000,)))
    radio.run()
    assert len(station.frames) == 3 * 7


def test_audio_is_little_endian_16_bit(capture: Path, pitch: Callable) -> None:
    station = Station(lambda station: len(station.frames) >= 7 * 20)
    ReceiverLoop(station, settings(capture), wanted).run()
    parts = [samples for topic, _, samples in station.frames if topic.endswith("162.500")]
    audio = np.frombuffer(b"".join(parts), dtype="<i2").astype(float)
    assert pitch(audio[5_000:]) == pytest.approx(1300, abs=1)


def test_settings_replaced_before_they_apply_never_apply(
    capture: Path,
) -> None:
    station = Station(lambda so_far: len(so_far.frames) >= 14)
    radio = ReceiverLoop(station, settings(capture), wanted)
    radio.replace(settings(capture, channels_hz=(162_550_000,)))
    radio.replace(settings(capture))
    radio.run()
    assert len({topic for topic, _, _ in station.frames}) == 7


class Scripted:
    """A receiver that gives the items of a script, one per read."""

    received_at_s = None

    def __init__(self, script: list[IqBlock | Exception | None], clock: Clock) -> None:
        self.gains_db: tuple[float, ...] = ()
        self.tunings: list[Tuning] = []
        self.opened_at: list[float] = []
        self._script = script
        self._clock = clock

    def open(self, tuning: Tuning) -> None:
        self.opened_at.append(self._clock.now_s)
        self.tunings.append(tuning)
        self.gains_db = (0.0, 20.0, 40.0)

    def read(self) -> IqBlock | None:
        said = self._script.pop(0) if self._script else SourceError("unplugged")
        if isinstance(said, Exception):
            raise said
        return said

    def tune(self, tuning: Tuning) -> None:
        self.tunings.append(tuning)

    def close(self) -> None:
        self.gains_db = ()


class Clock(threading.Event):
    """A clock that advances by waiting; also the daemon's stop event."""

    now_s = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now_s += timeout or 0.0
        return self.is_set()


def scripted(
    script: list[IqBlock | Exception | None], enough: Callable[[Station], bool], **keys: object
) -> tuple[Station, Scripted, ReceiverLoop, Clock]:
    station, clock = Station(enough), Clock()
    station.stopping = clock
    receiver = Scripted(script, clock)
    settings = ReceiverConfig("wx", "rtlsdr", **keys)
    radio = ReceiverLoop(station, settings, wanted, lambda: clock.now_s, lambda *args: receiver)
    return station, receiver, radio, clock


def block(seconds: float = 0.0921, lost_samples: int = 0) -> IqBlock:
    return IqBlock(np.zeros(round(seconds * 250_000), dtype=np.complex64), lost_samples)


def test_lost_samples_are_a_gap_in_the_audio_and_are_counted() -> None:
    script = [block(0.09216), block(0.09216, lost_samples=25_000), block(0.09216)]
    station, _, radio, _ = scripted(script, lambda so_far: so_far.beats == 3)
    radio.run()
    own = [body for topic, body, _ in station.frames if topic.endswith("162.400")]
    assert [(body.first_sample, body.gap_samples) for body in own] == [
        *((0, 0), (2304 + 2500, 2500), (2304 + 2500 + 2304, 0)),
    ]
    assert station.states[-1].lost_samples in (0, 25_000)  # told once a second
    assert radio._lost_samples == 25_000


def test_a_day_unplugged_is_one_log_line_and_an_attempt_every_two_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script: list[IqBlock | Exception | None] = [block(), SourceError("unplugged")]
    _, receiver, radio, clock = scripted(script, lambda _: clock.now_s > 86_400)
    with caplog.at_level(logging.INFO):
        radio.run()
    assert [record.message for record in caplog.records] == [
        "receiver wx is running: receiving samples",
        "receiver wx is reconnecting: unplugged",
    ]
    waits = np.diff(receiver.opened_at[8:])
    assert waits.max() <= 2.3  # so it is back soon after it is plugged in
    assert len(receiver.opened_at) > 86_400 / 2.3


def test_a_flapping_receiver_is_retried_with_growing_delays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script: list[IqBlock | Exception | None] = []
    for _ in range(1_000):
        script += [block(), SourceError("closed")]
    _, _, radio, clock = scripted(script, lambda _: clock.now_s > 3_600)
    with caplog.at_level(logging.INFO):
        radio.run()
    late = len(caplog.records)
    assert 3_600 / 60 * 2 * 0.9 < late < 3_600 / 60 * 2 * 1.4 + 20  # two lines a minute


def test_the_dongle_is_calibrated_every_second_and_reopened_with_its_tuning() -> None:
    quiet = [block(0.5) for _ in range(40)]
    script: list[IqBlock | Exception | None] = [*quiet, SourceError("gone"), *quiet[:2]]
    station, receiver, radio, _ = scripted(script, lambda so_far: not script)
    radio.run()
    assert receiver.tunings[0] == Tuning(None, 0)
    assert receiver.tunings[1] == Tuning(20.0, 0)  # the middle of what the tuner has
    assert Tuning(40.0, 0) in receiver.tunings
    assert receiver.tunings[-1].gain_db == 40.0
    gains = [state.gain_db for state in station.states]
    assert gains[-1] == 40.0


def test_the_frequency_is_not_corrected_during_a_header() -> None:
    header = modulate.burst("ZCZC-WXR-TOR-039173+0030-1172114-DEMO/WX1-", 25_000)
    spoken = np.concatenate([np.concatenate((header, np.zeros(25_000))) for _ in range(8)])
    audio = np.concatenate((spoken, np.zeros(20 * 25_000))).astype(np.float32)
    deviation_hz = np.zeros((7, audio.size), np.float32) + np.float32(162.5 * 12)  # 12 ppm
    deviation_hz[4] += audio * 3_000
    iq = Synthesizer(250_000, 162_487_500, ReceiverConfig("wx", "rtlsdr").channels_hz).feed(
        Modulator(7, 25_000).feed(deviation_hz) * np.float32(0.1)
    )
    count = iq.size // 23_040
    script: list[IqBlock | Exception | None] = [
        IqBlock(part) for part in np.split(iq[: count * 23_040], count)
    ]
    _, receiver, radio, _ = scripted(script, lambda _: not script, ppm="auto", gain=20.0)
    tuned_s: list[float] = []
    receiver.tune = lambda tuning: tuned_s.append((count - len(script)) * 0.09216)  # type: ignore
    radio.run()
    assert tuned_s[-1] > spoken.size / 25_000
    assert not [at_s for at_s in tuned_s if 2 < at_s < spoken.size / 25_000]


def test_time_stopped_by_the_operator_is_a_gap_but_not_a_loss() -> None:
    script: list[IqBlock | Exception | None] = [block(), block(lost_samples=1_000_000)]
    station, clock = Station(lambda so_far: so_far.beats == 6), Clock()
    station.stopping = clock
    receiver = Scripted(script, clock)
    radio = ReceiverLoop(
        *(station, ReceiverConfig("wx", "rtlsdr"), lambda: not 1 <= station.beats < 5),
        *(lambda: clock.now_s, lambda *args: receiver),
    )
    radio.run()
    assert len(receiver.opened_at) == 2
    assert radio._lost_samples == 0
    assert radio._tuner.next_sample >= 100_000
