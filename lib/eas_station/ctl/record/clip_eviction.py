"""Recordings that leave the disk: the old ones, and the oldest while it is nearly full."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from eas_station.config.model import Config
from eas_station.store.database.database import Database
from eas_station.store.records import clip_eviction
from eas_station.store.records.clip_eviction import free_bytes
from eas_station.store.records.clips import Clip

FOLDER = "clips"  # under the state directory


def make_room(config: Config, database: Database, now: Callable[[], datetime]) -> str:
    """Remove what is past its age or in the way; what somebody keeps stays. Says what it did."""
    root = config.paths.state_dir / FOLDER
    rules = config.clips
    old = now() - timedelta(days=rules.keep_days)

    def in_the_way(clip: Clip) -> bool:
        return clip.started_at < old or free_bytes(root) < rules.least_free_mb * 1_000_000

    removed = clip_eviction.make_room(root, database, now, in_the_way)
    return f"{removed.clips} recordings removed, {removed.bytes / 1e6:.1f} MB"
