"""Deaf intervals across restarts, kills and reboots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from eas_station import wire
from eas_station.audiod.deafness.checkpoints import Checkpoint, Checkpoints, boot_id
from eas_station.audiod.deafness.deaf_log import DeafLog
from eas_station.audiod.sources.audio_source import Block, Dropout
from eas_station.store.records.deaf import DeafInterval

NOON = datetime(2025, 11, 22, 12, tzinfo=UTC)


class World:
    """A clock, a disk and a spool that outlive the processes."""

    def __init__(self, folder: Path) -> None:
        self.at_s = 5000.0
        self.boot = "boot-1"
        self.folder = folder
        self.spool_full = False
        self.rows: list[DeafInterval] = []

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at_s - 5000.0)

    def record(self, kind: str, json: str) -> bool:
        assert kind == "deaf_interval"
        if not self.spool_full:
            self.rows.append(wire.from_json(DeafInterval, json))
        return not self.spool_full

    def process(self) -> DeafLog:
        marks = Checkpoints(self.folder / "run", self.folder / "state", "eas-audiod@wx", self.boot)
        channels = ("162.400", "162.550")
        return DeafLog("wx", channels, marks, self.record, self.now, lambda: self.at_s)

    def hear(
        self, process: DeafLog, seconds: float, *dropouts: Dropout, block_s: float = 0.25
    ) -> None:
        for i in range(round(seconds / block_s)):
            self.at_s += block_s
            gap = None if i == 0 and process.why else 0
            samples = np.zeros((2, round(1000 * block_s)), np.float32)
            process.heard(Block(samples, 1000, 0, gap, dropouts if i == 0 else ()))

    def told(self) -> list[tuple[str, float, float | None, str]]:
        """(channel, from, to, why) in seconds after noon; of one interval the last word."""
        last = {row.interval_id: row for row in self.rows}
        return [
            (
                row.channel,
                (row.began_at - NOON).total_seconds(),
                None if row.ended_at is None else (row.ended_at - NOON).total_seconds(),
                row.why,
            )
            for row in last.values()
        ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_new_station_records_nothing(world: World) -> None:
    world.hear(world.process(), 60)
    assert world.rows == []


def test_a_kill_is_recorded_by_the_next_process_to_the_second(world: World) -> None:
    world.hear(world.process(), 60)
    world.at_s += 7
    world.hear(world.process(), 1)
    told = world.told()
    assert [row[0] for row in told] == ["162.400", "162.550"]
    for _, began, ended, why in told:
        assert 59.0 <= began <= 60.0
        assert ended == pytest.approx(67.0, abs=0.01)
        assert why == "eas-audiod was killed"


def test_a_stop_is_recorded_by_the_next_process_to_the_block(world: World) -> None:
    process = world.process()
    world.hear(process, 60.5)
    process.end()
    world.at_s += 7
    world.hear(world.process(), 1)
    assert world.told()[0] == ("162.400", 60.5, 67.5, "eas-audiod was restarted")


def test_after_a_power_cut_the_checkpoint_on_disk_counts(world: World) -> None:
    world.hear(world.process(), 1500, block_s=5.0)
    (world.folder / "run" / "eas-audiod@wx.heard").unlink()
    world.boot = "boot-2"
    world.at_s += 100
    world.hear(world.process(), 1)
    channel, began, ended, why = world.told()[0]
    assert began == 1205
    assert (channel, ended, why) == ("162.400", 1600.0, "the computer was off")


def test_deafness_is_recorded_at_its_beginning_and_its_end(world: World) -> None:
    process = world.process()
    world.hear(process, 10)
    for _ in range(60):
        world.at_s += 0.5
        process.deaf("no audio from receiver wx")
    assert world.told()[0] == ("162.400", 10.0, None, "no audio from receiver wx")
    world.hear(process, 1)
    assert world.told() == [
        ("162.400", 10.0, 40.0, "no audio from receiver wx"),
        ("162.550", 10.0, 40.0, "no audio from receiver wx"),
    ]
    assert len(world.rows) == 4


def test_deafness_across_a_restart_is_one_interval(world: World) -> None:
    process = world.process()
    world.hear(process, 10)
    world.at_s += 3
    process.deaf("unplugged")
    world.at_s += 100
    process = world.process()
    world.at_s += 3
    process.deaf("unplugged")
    world.at_s += 50
    world.hear(process, 1)
    assert world.told() == [
        ("162.400", 10.0, 166.0, "unplugged"),
        ("162.550", 10.0, 166.0, "unplugged"),
    ]


def test_a_dropout_is_recorded_for_its_channel_only(world: World) -> None:
    process = world.process()
    world.hear(process, 10)
    world.hear(process, 2, Dropout(1, 50, 100))
    assert world.told() == [("162.550", 10.05, 10.15, "samples were lost")]


def test_rows_refused_by_the_spool_are_retried(world: World) -> None:
    process = world.process()
    world.hear(process, 10)
    world.spool_full = True
    world.hear(process, 2, Dropout(1, 50, 100))
    world.spool_full = False
    world.hear(process, 2, Dropout(0, 50, 100))
    assert [row[0] for row in world.told()] == ["162.550", "162.400"]


def test_a_clock_that_was_set_back_records_nothing(world: World) -> None:
    world.hear(world.process(), 10)
    world.at_s -= 3600
    world.hear(world.process(), 10)
    assert world.rows == []


def test_a_corrupt_checkpoint_is_ignored(world: World) -> None:
    process = world.process()
    world.hear(process, 10)
    process.end()
    (world.folder / "run" / "eas-audiod@wx.heard").write_text('{"heard_until":')
    (world.folder / "state" / "heard" / "eas-audiod@wx.json").write_bytes(b"\xff\0")
    world.hear(world.process(), 10)
    assert world.rows == []


def test_checkpoints_that_cannot_be_written_are_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").touch()
    world = World(tmp_path)
    world.hear(world.process(), 10)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) < 3
    assert "cannot write checkpoint" in lines[0]


def test_the_boot_has_an_identifier_and_checkpoints_round_trip(tmp_path: Path) -> None:
    assert boot_id(tmp_path / "absent") == ""
    mark = Checkpoint(NOON, None, boot_id(), ended=True)
    assert wire.from_json(Checkpoint, wire.to_json(mark)) == replace(mark)
