"""Free space for recordings: remove the oldest that are not kept, first the file, then the row."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from eas_station.store.database.database import Database
from eas_station.store.records import clips
from eas_station.store.records.clips import Clip

BATCH = 200


@dataclass(frozen=True, slots=True)
class EvictedClips:
    """What was removed."""

    clips: int = 0
    bytes: int = 0


def make_room(
    root: Path,
    database: Database,
    now: Callable[[], datetime],
    should_remove: Callable[[Clip], bool],
) -> EvictedClips:
    """Remove recordings, oldest first, until one should stay.

    A process killed here leaves a row without its file; the next call marks it. Several processes
    may do it at the same time. Raises OSError, StoreError.

    Args:
        root: the folder of clips.
        should_remove: called for each, so it can check the disk.
    """
    count = size = 0
    while True:
        with database.read() as connection:
            oldest = clips.oldest_unprotected(connection, BATCH)
        gone = []
        for clip in oldest:
            if not should_remove(clip):
                break
            size += _remove(root, clip)
            gone.append(clip)
        if gone:
            with database.write() as connection:
                for clip in gone:
                    clips.set_removed(connection, clip.clip_id, now())
        count += len(gone)
        if len(gone) < BATCH:
            return EvictedClips(count, size)


def free_bytes(root: Path) -> int:
    """The free space of the file system of the folder. Raises OSError."""
    disk = os.statvfs(root if root.exists() else root.parent)
    return disk.f_bavail * disk.f_frsize


def _remove(root: Path, clip: Clip) -> int:
    """Delete the file of a recording, and its folders if empty; return its size."""
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
