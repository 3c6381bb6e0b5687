"""The loop of one source: samples in; receptions, clips, levels and deaf intervals out."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from eas_station import wire
from eas_station.alerts.model import Reception
from eas_station.audiod.clips.clip_files import ClipOrder
from eas_station.audiod.deafness.checkpoints import Checkpoints
from eas_station.audiod.deafness.deaf_log import DeafLog
from eas_station.audiod.header_intake import HeaderIntake
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.audiod.listener import STOPPED, ListenerParts, SourceListener
from eas_station.audiod.segment import ClipRules
from eas_station.audiod.sources.audio_source import Block, NeedsOperatorError, SourceEndedError
from eas_station.bus import topics
from eas_station.bus.messages import Body, ItemState, SameBurst
from eas_station.config.model import ClipsConfig
from eas_station.dsp.audio import modulate
from eas_station.errors import SourceError
from eas_station.store.records.deaf import DeafInterval

NOON = datetime(2025, 11, 22, 12, tzinfo=UTC)
RATE_HZ = 25_000
TORNADO = "ZCZC-WXR-TOR-039173+0030-3261159-KCLE/NWS-"
FLOOD = "ZCZC-WXR-FFW-039173+0100-3261158-KCLE/NWS-"


def sound(header: str) -> np.ndarray:
    """A message with half a second of silence before it."""
    return np.concatenate([np.zeros(RATE_HZ // 2, np.float32), modulate.message(header, RATE_HZ)])


def blocks(samples: np.ndarray, gap: int | None = None) -> list[Block]:
    """Quarters of a second of one channel; the other carries nothing."""
    cut = np.split(samples, range(6250, len(samples), 6250))
    both = (np.stack((np.zeros_like(piece), piece)) for piece in cut)
    return [Block(piece, RATE_HZ, 0, gap if i == 0 else 0) for i, piece in enumerate(both)]


class Tape:
    """A source that plays what it was given; an exception in it is raised."""

    channels = ("162.400", "162.550")
    waiting_for = "nothing on the tape"
    description = ""
    timeout_s = 2.0
    counters: dict[str, int] = {}  # noqa: RUF012 - it counts nothing
    carriers: dict[str, bool] = {"162.550": True}  # noqa: RUF012 - it never changes

    def __init__(self, world: World, items: list[Block | Exception | None]) -> None:
        self._world = world
        self._items = items
        self.closed = False

    def receive(self) -> Block | None:
        item = self._items.pop(0) if self._items else None
        if isinstance(item, Exception):
            raise item
        self._world.at_s += 0.5 if item is None else item.seconds
        return item

    def close(self) -> None:
        self.closed = True


class Stopping(threading.Event):
    """An event whose `wait` advances the simulated time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        self._world.at_s += timeout or 0.0
        return False


class World:
    """A clock, a clip writer, a bus, a spool and an operator."""

    def __init__(self, folder: Path) -> None:
        self.at_s = 100.0
        self.wanted = True
        self.tapes: list[Tape] = []
        self.refusals: list[SourceError] = []
        self.tried_at: list[float] = []
        self.receptions: list[Reception] = []
        self.published: list[tuple[str, Body]] = []
        self.deaf: list[DeafInterval] = []
        self.clips: dict[str, int] = {}
        self.finished: list[str] = []
        self.orders: list[ClipOrder] = []
        self.report = SourceReport("wx", "receiver", Tape.channels, self._told, self.now)
        self.sentence = ""
        self.items: dict[str, ItemState] = {}
        self.live: list[Block] = []
        marks = Checkpoints(folder / "run", folder / "state", "eas-audiod@wx", "boot")
        self.listener = SourceListener(
            ListenerParts(
                name="wx",
                channels=Tape.channels,
                open_source=self._open,
                intake=HeaderIntake(
                    *("wx", str, lambda: f"r{len(self.receptions)}"),
                    *(self.receptions.append, lambda: True, folder),
                ),
                clip_rules=ClipRules(
                    ClipsConfig(pre_roll_s=0.25, post_roll_s=0.25),
                    self,
                    lambda: f"c{len(self.orders)}",
                ),
                deaf_log=DeafLog(
                    "wx", Tape.channels, marks, self._record, self.now, lambda: self.at_s
                ),
                report=self.report,
                publish=self._publish,
                is_wanted=lambda: self.wanted,
                stopping=Stopping(self),
                now=self.now,
                monotonic=lambda: self.at_s,
                publish_pcm=self.live.append,
            )
        )

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at_s - 100.0)

    def play(self, *items: Block | Exception | None) -> Tape:
        self.tapes.append(Tape(self, list(items)))
        return self.tapes[-1]

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.listener.step()

    def begin(self, order: ClipOrder) -> None:
        self.orders.append(order)
        self.clips[order.clip_id] = 0

    def write(self, clip_id: str, samples: np.ndarray) -> None:
        self.clips[clip_id] += len(samples)

    def finish(self, clip_id: str, eom_sample: int | None) -> None:
        self.finished.append(clip_id)

    def _open(self) -> Tape:
        self.tried_at.append(self.at_s)
        if self.refusals:
            raise self.refusals.pop(0)
        return self.tapes.pop(0)

    def _told(
        self,
        sentence: str,
        state: None,
        items: Iterable[ItemState],
        counters: Mapping[str, int],
    ) -> None:
        self.sentence = sentence
        self.items.update({item.kind: item for item in items})

    def _publish(self, topic: str, body: Body) -> int:
        self.published.append((topic, body))
        return len(self.published)

    def _record(self, kind: str, json: str) -> bool:
        self.deaf.append(wire.from_json(DeafInterval, json))
        return True


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def headers(world: World) -> list[str]:
    return [reception.raw for reception in world.receptions]


def test_a_message_is_stored_recorded_and_its_bursts_are_published(world: World) -> None:
    tape = world.play(*blocks(np.concatenate([sound(TORNADO), np.zeros(RATE_HZ, np.float32)])))
    world.run(100)
    assert headers(world) == [TORNADO]
    assert world.receptions[0].channel == "162.550"
    bursts = [
        body for topic, body in world.published if topic == topics.same_burst("wx", "162.550")
    ]
    assert [burst.text for burst in bursts if isinstance(burst, SameBurst)] == [TORNADO] * 3
    assert world.finished == ["c0"]
    (order,) = world.orders
    assert order.reception_id == world.receptions[0].reception_id
    assert abs((order.started_at - (NOON + timedelta(seconds=0.25))).total_seconds()) < 0.1
    assert 5 < world.clips["c0"] / RATE_HZ < len(sound(TORNADO)) / RATE_HZ + 0.5
    assert not tape.closed


def test_levels_of_every_channel_are_published_twice_a_second(world: World) -> None:
    world.play(*blocks(np.full(2 * RATE_HZ, 0.1, np.float32)))
    world.run(8)
    told = [topic for topic, _ in world.published]
    assert told == [topics.audio_level("wx", name) for name in Tape.channels] * 4


def test_a_gap_ends_a_segment_and_the_next_message_is_decoded(world: World) -> None:
    cut_off = sound(TORNADO)[: int(4.4 * RATE_HZ)]  # two bursts and a half
    world.play(*blocks(cut_off), *blocks(sound(FLOOD), gap=200_000))
    world.run(60)
    assert headers(world) == [TORNADO, FLOOD]
    assert "c0" in world.finished


def test_a_failing_source_is_retried_with_growing_delays(world: World) -> None:
    world.refusals = [SourceError("no such device")] * 6
    world.play(*blocks(sound(TORNADO)))
    while len(world.tried_at) < 7:
        assert world.sentence in ("", "reconnecting: no such device")
        world.listener.step()
    waits = np.diff(world.tried_at)
    assert all(0.7 <= wait / 2.0**i <= 1.5 for i, wait in enumerate(waits[:5]))
    world.run(24)
    assert headers(world) == [TORNADO]
    assert {row.why for row in world.deaf} == {"no such device"}


def test_a_source_that_breaks_off_is_closed_and_its_message_is_decoded(world: World) -> None:
    tape = world.play(*blocks(sound(TORNADO)[: int(4.4 * RATE_HZ)]), SourceError("unplugged"))
    world.play(*blocks(sound(FLOOD)))
    world.run(80)
    assert tape.closed
    assert headers(world) == [TORNADO, FLOOD]


def test_a_silent_source_is_reconnecting_and_deaf(world: World) -> None:
    world.play(*blocks(np.zeros(RATE_HZ, np.float32)), *[None] * 30, *blocks(sound(FLOOD), None))
    world.run(34)
    assert world.sentence == "reconnecting: nothing on the tape"
    world.run(60)
    assert headers(world) == [FLOOD]
    ended = [row for row in world.deaf if row.ended_at is not None]
    assert {row.why for row in ended} == {"nothing on the tape"}
    lasted = [(row.ended_at - row.began_at).total_seconds() for row in ended if row.ended_at]
    assert lasted == [pytest.approx(15.0, abs=0.1)] * 2


def test_a_stopped_source_is_released_and_deaf_until_it_is_started(
    world: World,
) -> None:
    tape = world.play(*blocks(np.zeros(4 * RATE_HZ, np.float32)))
    world.run(4)
    world.wanted = False
    world.run(8)
    assert tape.closed
    assert world.sentence == f"stopped: {STOPPED}"
    world.play(*blocks(sound(TORNADO)))
    world.wanted = True
    world.run(40)
    assert headers(world) == [TORNADO]
    assert {row.why for row in world.deaf} == {STOPPED}


def test_an_ended_source_stays_ended_until_it_is_started_again(world: World) -> None:
    world.play(*blocks(sound(TORNADO)), SourceEndedError("played to its end"))
    world.run(60)
    assert world.sentence == "stopped: played to its end"
    assert len(world.tried_at) == 1
    world.wanted = False
    world.run(1)
    world.wanted = True
    world.play(*blocks(sound(FLOOD)))
    world.run(40)
    assert headers(world) == [TORNADO, FLOOD]


def test_a_message_that_is_half_received_is_decoded_at_the_end(world: World) -> None:
    tape = world.play(*blocks(sound(TORNADO)[: int(4.4 * RATE_HZ)]))
    world.run(20)
    world.listener.end()
    assert headers(world) == [TORNADO]
    assert world.finished == ["c0"]
    assert tape.closed


def test_every_step_gives_a_heartbeat(world: World) -> None:
    stopping = threading.Event()
    beats: list[float] = []

    def beat() -> None:
        beats.append(world.at_s)
        if len(beats) == 5:
            stopping.set()

    world.play()
    listener = SourceListener(replace(world.listener._parts, stopping=stopping))
    listener.run(beat)
    assert len(beats) == 5


def test_a_fault_for_the_operator_is_failed_and_still_retried(world: World) -> None:
    world.refusals = [NeedsOperatorError("a stream needs ffmpeg"), SourceError("nobody answers")]
    world.run(1)
    assert world.items["source.receiver"].state == "failed"
    assert world.items["source.receiver"].sentence == "a stream needs ffmpeg"
    world.run(8)
    assert world.items["source.receiver"].state == "reconnecting"
    world.play(*blocks(sound(TORNADO)))
    for _ in range(60):
        world.run(0 if headers(world) else 1)
    assert headers(world) == [TORNADO]
    assert world.items["source.receiver"].state == "running"


def test_description_and_counters_are_in_the_status_across_reconnects(
    world: World,
) -> None:
    quiet = np.zeros(3 * RATE_HZ, np.float32)
    for title, overflows in (("River Falls", 2), ("River Rises", 3)):
        tape = world.play(*blocks(quiet), SourceError("gone"))
        tape.description, tape.counters = title, {"overflows": overflows}
    world.run(12)
    assert world.items["source.receiver"].sentence == "listening: River Falls"
    while world.items["source.receiver"].sentence != "listening: River Rises":
        world.run(1)
    world.run(8)
    item = world.items["source.receiver"]
    assert (item.counters["overflows"], item.counters["connections"]) == (5, 2)


def test_a_source_with_a_long_timeout_is_not_away_between_its_blocks(world: World) -> None:
    quiet = np.zeros(RATE_HZ, np.float32)
    patient = world.play(*blocks(quiet), *[None] * 15, *blocks(quiet, 0), *[None] * 18)
    patient.timeout_s = 8.0
    world.run(4 + 15 + 4)
    assert world.items["source.receiver"].state == "running"
    assert world.deaf == []
    world.run(18)
    assert world.items["source.receiver"].state == "reconnecting"
    assert {row.why for row in world.deaf} == {"nothing on the tape"}


def test_a_source_that_never_delivered_is_reported_after_two_seconds(world: World) -> None:
    world.play(*[None] * 6).timeout_s = 30.0
    world.run(6)
    assert world.items["source.receiver"].sentence == "nothing on the tape"


def test_live_listening_gets_every_block(world: World) -> None:
    sent = blocks(np.zeros(RATE_HZ, np.float32))
    world.play(*sent)
    world.run(6)
    assert world.live == sent
