"""Keeps room on the disk for the next clip, while the station runs.

Below the room that the configuration wants, the oldest clips go, but none of the last hour: what
fills the disk may be something else. Below the floor, which the spool needs, every clip that nobody
keeps may go for the one that is being recorded; and if none is left, there is none.
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

FLOOR_BYTES = 8 << 20  # the spool needs what is left more than a clip does
LOOK_S = 5.0
REMOVE_S = 60.0  # between two questions for old clips, while there is more than the floor
FRESH = timedelta(hours=1)

MakeRoom = Callable[[Callable[[Clip], bool]], EvictedClips]


class ClipDiskSpace:
    """The room of one station's clips, as one source sees it. Used by one thread."""

    def __init__(
        self,
        clips_dir: Path,
        least_free_bytes: int,
        make_room: MakeRoom,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """`make_room` removes clips as `store.clip_room.make_room` does, and raises the same."""
        self._clips_dir = clips_dir
        self._least_free_bytes = max(least_free_bytes, FLOOR_BYTES)
        self._make_room = make_room
        self._now = now
        self._monotonic = monotonic
        self._free = free
        self._look_s = self._remove_s = monotonic()
        self._fault: str | None = None

    def look(self) -> str | None:
        """Why no clip can be recorded now; None: there is room. Looks every few seconds."""
        if self._monotonic() >= self._look_s:
            self._look_again()
        return self._fault

    def require(self) -> None:
        """Raises OSError while there is no room for samples."""
        if self._fault is None and self._free_bytes() < FLOOR_BYTES:
            self._look_again()
        if self.look() is not None:
            raise OSError(errno.ENOSPC, self._fault)

    def _look_again(self) -> None:
        self._look_s = self._monotonic() + LOOK_S
        free = self._free_bytes()
        due = self._monotonic() >= self._remove_s
        if free < FLOOR_BYTES or (free < self._least_free_bytes and due):
            self._remove_s = self._monotonic() + REMOVE_S
            self._remove_oldest()
        short = self._free_bytes() < FLOOR_BYTES
        where = f"less than {FLOOR_BYTES >> 20} MiB free in {self._clips_dir}"
        self._fault = f"{where}, and no older clip that may go" if short else None

    def _remove_oldest(self) -> None:
        """As far as the record can be asked: it knows which of them somebody keeps."""
        fresh_since = self._now() - FRESH
        try:
            removed = self._make_room(lambda clip: self._is_in_the_way(clip, fresh_since))
        except (OSError, StoreError) as error:
            log.warning("old clips cannot be removed: %s", error)
            return
        if removed.clips:
            log.info("%s old clips removed: the disk is nearly full", removed.clips)

    def _is_in_the_way(self, clip: Clip, fresh_since: datetime) -> bool:
        free = self._free_bytes()
        return free < FLOOR_BYTES or (
            free < self._least_free_bytes and clip.started_at < fresh_since
        )

    def _free_bytes(self) -> int:
        try:
            return self._free(self._clips_dir)
        except OSError as error:
            log.warning("the room in %s is not known: %s", self._clips_dir, error.strerror)
            return self._least_free_bytes  # writing will tell
