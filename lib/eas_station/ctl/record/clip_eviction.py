"""Delete old recordings, and the oldest ones while the disk is nearly full."""

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
    """Delete recordings by age and disk space, except those an operator keeps; gives a summary."""
    root = config.paths.state_dir / FOLDER
    limits = config.clips
    oldest = now() - timedelta(days=limits.keep_days)

    def is_due(clip: Clip) -> bool:
        return clip.started_at < oldest or free_bytes(root) < limits.least_free_mb * 1_000_000

    removed = clip_eviction.make_room(root, database, now, is_due)
    return f"{removed.clips} recordings removed, {removed.bytes / 1e6:.1f} MB"
