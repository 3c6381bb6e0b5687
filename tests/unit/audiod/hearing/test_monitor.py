"""The thread that checks that the channels would receive a warning."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from eas_station import wire
from eas_station.audiod.hearing.copy_requests import AudioCopy
from eas_station.audiod.hearing.expected_tests import ExpectedTests
from eas_station.audiod.hearing.hearing_queries import HearingQueries
from eas_station.audiod.hearing.level_meter import AudioMeasurement
from eas_station.audiod.hearing.monitor import (
    FAILED_RETRY_S,
    NO_COPY_RETRY_S,
    DecoderBrokenError,
    HearingMonitor,
    MonitorParts,
)
from eas_station.audiod.hearing.probe import AUDIO_S, LEAD_S, TEXT
from eas_station.audiod.hearing.signal_outages import SignalOutages
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.bus.messages import HearingProof
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import Burst, DecodedMessage, DecodeEvidence
from eas_station.dsp.audio import modulate
from eas_station.store.database.database import Database
from eas_station.store.records import deaf, expected_tests, health_history
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import ExpectedTest
from eas_station.store.records.health_history import HealthBatch, HealthSample
from eas_station.store.upkeep import migrate

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RATE_HZ = 8_000
CHANNELS = ("162.400", "162.550")
INTERVAL_S = 900.0
SPEECH = AudioMeasurement(-20.0, -6.0, 0.0)
SILENCE = AudioMeasurement(-90.0, -88.0, 30.0)


class BrokenReceiver:
    """A decoder that decodes nothing."""

    def feed(self, block: np.ndarray) -> list[Burst | DecodedMessage]:
        return []

    def flush(self) -> list[Burst | DecodedMessage]:
        return []


class QuickReceiver:
    """A fast decoder: it detects the hidden header with one correlation."""

    least = 40.0  # amplitude of the matched filter's answer over that of the noise

    def __init__(self, rate_hz: int) -> None:
        self._header = modulate.bursts(TEXT, rate_hz)
        self._first = round(LEAD_S * rate_hz)
        self._pieces: list[np.ndarray] = []

    def feed(self, block: np.ndarray) -> list[Burst | DecodedMessage]:
        self._pieces.append(block[0])
        return []

    def flush(self) -> list[Burst | DecodedMessage]:
        sound = np.concatenate(self._pieces)
        at = slice(self._first, self._first + len(self._header))
        answer = float(sound[at] @ self._header) / float(np.linalg.norm(self._header))
        noise = float(np.std(sound[: self._first]))
        if answer < self.least * noise:
            return []
        evidence = DecodeEvidence(bursts=3, agreed=True, posterior=1.0)
        return [DecodedMessage(0, TEXT, False, 0, len(sound), evidence)]


class Sounds:
    """Gives copies of noise with a level per channel, and notes which were requested."""

    def __init__(self) -> None:
        self.message_under_way = False
        self.rms: list[float | None] = [0.01, 0.01]
        self.taken: list[int] = []

    def request(self, channel: int, seconds: float, timeout_s: float) -> AudioCopy | None:
        self.taken.append(channel)
        rms = self.rms[channel]
        if rms is None:
            return None
        assert seconds == 2 * AUDIO_S
        noise = np.random.default_rng(len(self.taken)).standard_normal(round(seconds * RATE_HZ))
        return AudioCopy((rms * noise).astype(np.float32), RATE_HZ)


class World:
    """A clock, a bus, a spool, a database and a monitor."""

    def __init__(self, folder: Path) -> None:
        self.at_s = 1000.0
        self.trusted = True
        self.broken = False
        self.make: Callable[[int], SameReceiver] = QuickReceiver
        self.sounds = Sounds()
        self.told: list[HearingProof] = []
        self.rows: list[tuple[str, str]] = []
        self.url = f"sqlite:///{folder / 'station.sqlite'}"
        self.database = Database(self.url)
        self.report = SourceReport("wx", "receiver", CHANNELS, lambda *_, **__: None, self.now)
        self.expected = ExpectedTests("wx", None, self.record)
        self.monitor = HearingMonitor(
            MonitorParts(
                source="wx",
                channels=CHANNELS,
                interval_s=INTERVAL_S,
                copies=self.sounds,  # type: ignore[arg-type]
                make_receiver=self.receiver,
                report=self.report,
                outages=SignalOutages("wx", CHANNELS, folder / "lapses.json", self.record),
                expected=self.expected,
                queries=HearingQueries(self.database, "wx"),
                record=self.record,
                publish=self.publish,
                clock_trusted=lambda: self.trusted,
                stopping=NeverStopping(),
                now=self.now,
                monotonic=lambda: self.at_s,
            )
        )
        self.report.state("running", "listening")

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at_s - 1000.0)

    def receiver(self, rate_hz: int) -> SameReceiver:
        return BrokenReceiver() if self.broken else self.make(rate_hz)

    def record(self, kind: str, json: str) -> bool:
        self.rows.append((kind, json))
        return True

    def publish(self, topic: str, body: HearingProof) -> int:
        assert topic == f"audio.hearing.wx.{body.channel}"
        self.told.append(body)
        return len(self.told)

    def steps(self, seconds: float, each_s: float = 1.0) -> None:
        for _ in range(round(seconds / each_s)):
            self.monitor.step()
            self.at_s += each_s

    def last(self, channel: str) -> HearingProof:
        return [hearing for hearing in self.told if hearing.channel == channel][-1]

    def deaf(self) -> list[tuple[str, datetime, datetime | None]]:
        rows = [wire.from_json(DeafInterval, j) for kind, j in self.rows if kind == "deaf_interval"]
        return [(row.channel, row.began_at, row.ended_at) for row in rows]


class NeverStopping(threading.Event):
    """An event that never waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_every_channel_is_probed_at_once_and_then_in_turn(world: World) -> None:
    world.steps(3)
    assert world.sounds.taken == [0, 1]
    for channel in CHANNELS:
        hearing = world.last(channel)
        assert hearing.state == "hearing"
        assert hearing.margin_db == pytest.approx(35, abs=1)
    world.steps(448, 4.0)
    assert world.sounds.taken == [0, 1], "a quarter of an hour each, and not both at once"
    world.steps(452 + 900, 4.0)
    assert world.sounds.taken == [0, 1, 0, 1, 0]


def test_the_real_decoder_gives_the_same_result(world: World) -> None:
    world.make = lambda rate_hz: SameReceiver(1, rate_hz)
    world.steps(2)
    assert world.last("162.550").margin_db == pytest.approx(28, abs=3)


def test_more_noise_lowers_the_published_and_the_stored_margin(world: World) -> None:
    world.steps(3)
    before = world.last("162.550").margin_db
    world.sounds.rms[1] = 0.08
    world.steps(930, 10.0)
    after = world.last("162.550").margin_db
    assert before is not None
    assert after is not None
    assert before - after == pytest.approx(18, abs=1)
    batches = [wire.from_json(HealthBatch, json) for kind, json in world.rows if kind == "health"]
    samples = [sample for batch in batches for sample in batch.samples]
    first = [sample for sample in samples if sample.began_at == NOON]
    assert [(s.name, s.channel, s.measure) for s in first] == [
        ("wx", "162.400", "margin_db"),
        ("wx", "162.550", "margin_db"),
    ]
    assert first[1].mean == before


def test_a_channel_is_deaf_from_a_failed_probe_to_the_next_success(world: World) -> None:
    world.sounds.rms[1] = 1.0
    world.steps(3)
    hearing = world.last("162.550")
    assert (hearing.state, hearing.margin_db, hearing.problem) == ("deaf", None, True)
    assert world.last("162.400").state == "hearing"
    ((channel, began_at, ended_at),) = world.deaf()
    assert (channel, ended_at) == ("162.550", None)
    world.sounds.rms[1] = 0.01
    world.steps(FAILED_RETRY_S + 2)
    assert world.last("162.550").state == "hearing"
    (_, (channel, first, last)) = world.deaf()
    assert (channel, first) == ("162.550", began_at)
    assert last is not None
    assert FAILED_RETRY_S <= (last - first).total_seconds() <= FAILED_RETRY_S + 2


def test_a_copy_that_is_not_available_is_requested_again(world: World) -> None:
    world.sounds.rms = [None, None]
    world.steps(4 * NO_COPY_RETRY_S)
    assert world.sounds.taken.count(0) == 4
    assert world.last("162.400").state == "unproved"


def test_a_silent_channel_is_not_probed_and_its_silence_is_recorded(world: World) -> None:
    world.report.levels((SPEECH, SILENCE), {})
    world.steps(3)
    assert world.sounds.taken == [0]
    assert world.last("162.550").state == "silent"
    assert world.deaf() == []
    world.steps(310, 10.0)
    assert world.last("162.550").problem
    assert world.deaf() == [("162.550", NOON, None)]
    world.report.levels((SPEECH, SPEECH), {})
    world.steps(2)
    assert world.deaf()[-1][2] is not None
    assert world.sounds.taken[-1] == 1, "it is probed as soon as there is sound again"


def test_after_an_outage_of_the_source_all_channels_are_probed_again(world: World) -> None:
    world.steps(3)
    world.report.state("reconnecting", "no audio from receiver wx1")
    world.steps(3)
    assert world.last("162.400").state == "deaf"
    assert world.sounds.taken == [0, 1]
    world.report.state("running", "listening")
    world.steps(3)
    assert world.sounds.taken == [0, 1, 0, 1]
    assert world.last("162.400").state == "hearing"


def test_three_failures_on_clean_audio_end_the_process(world: World) -> None:
    world.broken = True
    with pytest.raises(DecoderBrokenError, match="failed on clean audio 3 times"):
        world.steps(60)
    assert world.last("162.400").state == "deaf"


def test_the_process_is_not_restarted_during_a_message(world: World) -> None:
    world.broken = True
    world.sounds.message_under_way = True
    world.steps(90)
    world.sounds.message_under_way = False
    with pytest.raises(DecoderBrokenError):
        world.steps(30)


def test_noise_on_the_air_never_ends_the_process(world: World) -> None:
    world.sounds.rms = [1.0, 1.0]
    world.steps(300, 2.0)
    assert len(world.sounds.taken) >= 8


def test_one_success_resets_the_failures(world: World) -> None:
    world.broken = True
    world.steps(2)
    world.broken = False
    world.steps(12)
    assert {world.last(channel).state for channel in CHANNELS} == {"hearing"}
    world.broken = True
    while world.last("162.400").state != "deaf":
        world.steps(1)


def test_an_unchanged_state_is_published_once_a_minute(world: World) -> None:
    world.steps(5)
    said = len(world.told)
    world.steps(50)
    assert len(world.told) == said
    world.steps(10)
    assert len(world.told) == said + 2


# What only the database knows


def fill(world: World, tests: list[ExpectedTest], margins: int = 0) -> None:
    migrate.upgrade(world.url)
    with world.database.write() as connection:
        for test in tests:
            expected_tests.save(connection, test)
        for n in range(margins):
            at = NOON - timedelta(minutes=15 * (n + 1))
            sample = HealthSample("wx", "162.550", "margin_db", at, 45.0, 45.0, 45.0, 1)
            health_history.record(connection, [sample])


def test_a_missed_test_is_a_problem_with_its_reason_across_restarts(
    world: World,
) -> None:
    last_at = NOON - timedelta(days=9)
    fill(world, [ExpectedTest("wx", "162.550", "RWT", True, last_at, "r1", last_at)])
    hidden_at = last_at + timedelta(days=7, minutes=-5)
    with world.database.write() as connection:
        until = hidden_at + timedelta(minutes=9)
        why = "eas-audiod was killed"
        deaf.record(connection, DeafInterval("d", "wx", "162.550", hidden_at, until, why))
    world.steps(2)
    hearing = world.last("162.550")
    assert (hearing.overdue, hearing.problem, hearing.state) == (("RWT",), True, "hearing")
    assert "last weekly test (RWT) 2026-11-13 12:00 UTC, 9 days ago" in hearing.sentence
    assert "was deaf around that time, 2026-11-20 11:55:00 to 12:04:00 UTC" in hearing.sentence
    assert hearing.sentence.endswith("eas-audiod was killed")
    world.steps(180, 20.0)
    assert world.last("162.550").sentence.count("weekly test") == 1
    world.expected.heard("162.550", "RWT", "r2", world.at_s)
    world.steps(61)
    assert world.last("162.550").overdue == ()
    rows = [wire.from_json(ExpectedTest, json) for kind, json in world.rows if "expected" in kind]
    assert [row.last_reception_id for row in rows] == ["r2"]


def test_nothing_is_overdue_while_the_clock_is_not_trusted(world: World) -> None:
    last_at = NOON - timedelta(days=9)
    fill(world, [ExpectedTest("wx", "162.550", "RWT", True, last_at, "r1", last_at)])
    world.trusted = False
    world.steps(120, 10.0)
    assert world.last("162.550").overdue == ()
    world.trusted = True
    world.steps(61, 5.0)
    assert world.last("162.550").overdue == ("RWT",)
    world.trusted = False
    world.steps(61, 5.0)
    assert world.last("162.550").overdue == ("RWT",), "it stays as it was"


def test_a_margin_is_compared_with_those_before_the_restart(world: World) -> None:
    fill(world, [], margins=40)
    world.steps(2000, 5.0)
    fallen, fine = world.last("162.550"), world.last("162.400")
    assert (fallen.usual_margin_db, fallen.problem) == (45.0, True)
    assert "usually 45 dB" in fallen.sentence
    assert (fine.usual_margin_db, fine.problem) == (None, False)


def test_the_deaf_time_of_today_comes_from_the_database(world: World) -> None:
    fill(world, [])
    with world.database.write() as connection:
        for n, hours in enumerate((1, 30)):
            began_at = NOON - timedelta(hours=hours)
            until = began_at + timedelta(minutes=2)
            row = DeafInterval(f"d{n}", "wx", "162.550", began_at, until, "gone")
            deaf.record(connection, row)
    world.steps(2)
    assert world.last("162.550").deaf_today_s == 120.0
    assert world.last("162.400").deaf_today_s == 0.0


def test_without_a_database_channels_are_still_probed(world: World) -> None:
    world.steps(3)
    assert world.last("162.550").state == "hearing"
    assert world.last("162.550").deaf_today_s is None


def test_the_daemon_stops_during_a_probe(world: World) -> None:
    beats: list[int] = []
    stopping = threading.Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) > 3:
            stopping.set()

    parts = world.monitor._parts
    HearingMonitor(
        MonitorParts(
            **{name: getattr(parts, name) for name in MonitorParts.__slots__ if name != "stopping"},
            stopping=stopping,
        )
    ).run(beat)
    assert world.told == []
    assert len(beats) == 4
