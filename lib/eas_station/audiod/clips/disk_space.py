"""Keeps disk space free for the next clip.

Below the configured minimum the oldest clips are removed, but none of the last hour, because
something else may fill the disk. Below `FLOOR_BYTES`, which the spool needs, every clip that is not
protected may be removed for the one being recorded. If none is left, nothing is recorded.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from eas_station.errors import StoreError
from eas_station.store.records.clip_eviction import EvictedClips, free_bytes
from eas_station.store.records.clips import Clip

log = logging.getLogger(__name__)

FLOOR_BYTES = 8 << 20  # reserved for the spool
CHECK_S = 5.0
REMOVE_S = 60.0  # between two removals, while there is more than the floor
RECENT = timedelta(hours=1)

MakeRoom = Callable[[Callable[[Clip], bool]], EvictedClips]


class ClipDiskSpace:
    """The disk space for clips, as one source sees it. Used by one thread."""

    def __init__(
        self,
        clips_dir: Path,
        least_free_bytes: int,
        make_room: MakeRoom,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """Args: make_room: `store.records.clip_eviction.make_room` with folder and database."""
        self._clips_dir = clips_dir
        self._least_free_bytes = max(least_free_bytes, FLOOR_BYTES)
        self._make_room = make_room
        self._now = now
        self._monotonic = monotonic
        self._free = free
        self._check_at_s = self._remove_at_s = monotonic()
        self._fault: str | None = None

    def shortage(self) -> str | None:
        """Why no clip can be recorded; None if there is space. Checked every few seconds."""
        if self._monotonic() >= self._check_at_s:
            self._check()
        return self._fault

    def require(self) -> None:
        """Raises OSError while there is no space for samples."""
        if self._fault is None and self._free_bytes() < FLOOR_BYTES:
            self._check()
        if self.shortage() is not None:
            raise OSError(errno.ENOSPC, self._fault)

    def _check(self) -> None:
        self._check_at_s = self._monotonic() + CHECK_S
        free = self._free_bytes()
        due = self._monotonic() >= self._remove_at_s
        if free < FLOOR_BYTES or (free < self._least_free_bytes and due):
            self._remove_at_s = self._monotonic() + REMOVE_S
            self._remove_oldest()
        short = self._free_bytes() < FLOOR_BYTES
        where = f"less than {FLOOR_BYTES >> 20} MiB free in {self._clips_dir}"
        self._fault = f"{where}, and no older clip can be removed" if short else None

    def _remove_oldest(self) -> None:
        """Remove clips that the database does not list as protected."""
        recent_since = self._now() - RECENT
        try:
            removed = self._make_room(lambda clip: self._may_remove(clip, recent_since))
        except (OSError, StoreError) as error:
            log.warning("cannot remove old clips: %s", error)
            return
        if removed.clips:
            log.info("removed %s old clips: the disk is nearly full", removed.clips)

    def _may_remove(self, clip: Clip, recent_since: datetime) -> bool:
        free = self._free_bytes()
        return free < FLOOR_BYTES or (
            free < self._least_free_bytes and clip.started_at < recent_since
        )

    def _free_bytes(self) -> int:
        try:
            return self._free(self._clips_dir)
        except OSError as error:
            log.warning("cannot read the free space of %s: %s", self._clips_dir, error.strerror)
            return self._least_free_bytes  # writing will show
