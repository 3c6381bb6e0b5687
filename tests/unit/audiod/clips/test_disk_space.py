"""Old clips are removed for new ones; protected and recent ones last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.audiod.clips.disk_space import CHECK_S, FLOOR_BYTES, ClipDiskSpace
from eas_station.errors import StoreError
from eas_station.store.records.clip_eviction import EvictedClips
from eas_station.store.records.clips import Clip

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MB = 1_000_000
SIZE = 5 * MB


class Disk:
    """A disk with clips on it, the oldest first, one an hour."""

    def __init__(self, free_mb: int, clips: int = 0, youngest: timedelta = timedelta(0)) -> None:
        self.free = free_mb * MB
        self.clips = [
            Clip(f"c{n}", ("r",), "wx", "mono", NOW - youngest - timedelta(hours=n), 60.0, f"{n}")
            for n in reversed(range(clips))
        ]
        self.is_away = False
        self.asked = 0
        self.clock_s = 0.0
        self.space = ClipDiskSpace(
            Path("/clips"),
            500 * MB,
            self.make_room,
            lambda: NOW,
            lambda: self.clock_s,
            lambda _: self.free,
        )

    def make_room(self, in_the_way: Callable[[Clip], bool]) -> EvictedClips:
        self.asked += 1
        if self.is_away:
            raise StoreError("the database is away")
        count = 0
        while self.clips and in_the_way(self.clips[0]):
            self.clips.pop(0)
            self.free += SIZE
            count += 1
        return EvictedClips(count, count * SIZE)


def test_nothing_is_removed_while_there_is_space() -> None:
    disk = Disk(600, clips=3)
    disk.space.require()
    assert disk.space.shortage() is None
    assert (len(disk.clips), disk.asked) == (3, 0)


def test_the_oldest_are_removed_down_to_the_configured_minimum() -> None:
    disk = Disk(480, clips=9)
    assert disk.space.shortage() is None
    assert [clip.clip_id for clip in disk.clips] == ["c4", "c3", "c2", "c1", "c0"]


def test_clips_of_the_last_hour_stay_above_the_floor() -> None:
    disk = Disk(100, clips=9, youngest=timedelta(minutes=10))
    assert disk.space.shortage() is None
    assert [clip.clip_id for clip in disk.clips] == ["c0"]


def test_below_the_floor_recent_clips_are_removed_too() -> None:
    disk = Disk(4, clips=1)
    disk.space.require()
    assert disk.clips == []


def test_a_full_disk_without_removable_clips_is_a_fault_until_there_is_space() -> None:
    disk = Disk(4)
    with pytest.raises(OSError, match="less than 8 MiB free in /clips, and no older clip"):
        disk.space.require()
    assert disk.space.shortage() is not None
    disk.free = 2 * FLOOR_BYTES
    disk.clock_s += CHECK_S
    assert disk.space.shortage() is None
    disk.space.require()


def test_the_database_is_not_queried_for_every_block_on_a_full_disk() -> None:
    disk = Disk(4)
    disk.is_away = True
    for _ in range(100):
        with pytest.raises(OSError, match="MiB free"):
            disk.space.require()
    assert disk.asked <= 2


def test_a_disk_that_fills_between_two_checks_is_noticed_by_the_next_block() -> None:
    disk = Disk(600, clips=2)
    disk.space.require()
    disk.free = 4 * MB
    disk.space.require()
    assert len(disk.clips) < 2
