"""Recordings that leave the disk: the old ones, and the oldest while it is nearly full."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from eas_station.config.model import Config
from eas_station.store import clips
from eas_station.store.clips import Clip
from eas_station.store.database import Database

FOLDER = "clips"  # under the state directory
AT_ONCE = 200


def make_room(config: Config, database: Database, now: Callable[[], datetime]) -> str:
    """Remove what is past its age or in the way; what somebody keeps stays. Says what it did."""
    root = config.paths.state_dir / FOLDER
    rules = config.clips
    old = now() - timedelta(days=rules.keep_days)
    removed = size = 0
    while True:
        with database.read() as connection:
            oldest = clips.oldest_unprotected(connection, AT_ONCE)
        gone = []
        for clip in oldest:
            if clip.started_at >= old and _free_bytes(root) >= rules.least_free_mb * 1_000_000:
                break
            gone.append(clip)
            size += _remove(root, clip)
        with database.write() as connection:
            for clip in gone:
                clips.set_removed(connection, clip.clip_id, now())
        removed += len(gone)
        if len(gone) < AT_ONCE:
            return f"{removed} recordings removed, {size / 1e6:.1f} MB"


def _remove(root: Path, clip: Clip) -> int:
    """Delete a recording's file, and its folders if they are empty; gives its size."""
    if clip.path is None or not _is_inside(clip.path):
        return 0
    path = root / clip.path
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    with suppress(OSError):  # not empty
        for folder in path.relative_to(root).parents[:-1]:
            (root / folder).rmdir()
    return size


def _is_inside(relative: str) -> bool:
    path = PurePosixPath(relative)
    return not path.is_absolute() and ".." not in path.parts


def _free_bytes(root: Path) -> int:
    disk = os.statvfs(root if root.exists() else root.parent)
    return disk.f_bavail * disk.f_frsize
