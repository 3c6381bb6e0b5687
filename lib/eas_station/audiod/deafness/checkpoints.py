"""Heard-until marks: what a process that is killed leaves behind, so that the next one can tell.

One lies in the runtime directory, renewed every second (memory), one in the state directory,
renewed every ten minutes (a card wears out) and at a clean end.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from eas_station import wire
from eas_station.errors import FrameError

log = logging.getLogger(__name__)

RUNTIME_S = 1.0
STATE_S = 600.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All before `heard_until` is accounted for."""

    heard_until: datetime
    why: str | None  # why nothing was heard since; None: it was heard
    boot_id: str
    ended: bool  # the process ended by itself, as it was told


class Checkpoints:
    """The two marks of one source."""

    def __init__(self, runtime_dir: Path, state_dir: Path, unit: str, boot_id: str) -> None:
        self._runtime = runtime_dir / f"{unit}.heard"
        self._state = state_dir / "heard" / f"{unit}.json"
        self._boot_id = boot_id
        self._runtime_at_s = self._state_at_s = -STATE_S
        self._unwritable = False

    def last(self) -> Checkpoint | None:
        """The younger of the two marks of an earlier process; None: there was none."""
        marks = [mark for path in (self._runtime, self._state) if (mark := _read(path))]
        return max(marks, key=lambda mark: mark.heard_until, default=None)

    def renew(self, at_s: float, heard_until: datetime, why: str | None) -> None:
        """Write what is due; `at_s` is the time on a clock that never steps."""
        mark = Checkpoint(heard_until, why, self._boot_id, ended=False)
        if at_s - self._runtime_at_s >= RUNTIME_S:
            self._runtime_at_s = at_s
            self._write(self._runtime, mark, durable=False)
        if at_s - self._state_at_s >= STATE_S:
            self._state_at_s = at_s
            self._write(self._state, mark, durable=True)

    def end(self, heard_until: datetime, why: str | None) -> None:
        """The process ends as it was told."""
        mark = Checkpoint(heard_until, why, self._boot_id, ended=True)
        self._write(self._runtime, mark, durable=False)
        self._write(self._state, mark, durable=True)

    def why_silent_since(self, mark: Checkpoint) -> str:
        """Why nothing has been heard between the mark and this process."""
        if mark.why is not None:
            return mark.why
        if mark.boot_id != self._boot_id:
            return "the computer was off"
        return "eas-audiod was restarted" if mark.ended else "eas-audiod was killed"

    def _write(self, path: Path, mark: Checkpoint, durable: bool) -> None:
        fresh = path.with_name(path.name + ".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(wire.to_json(mark))
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            if not self._unwritable:
                log.warning("heard-until mark %s cannot be written: %s", path, error)
            self._unwritable = True
        else:
            self._unwritable = False


def _read(path: Path) -> Checkpoint | None:
    try:
        return wire.from_json(Checkpoint, path.read_bytes())
    except (OSError, FrameError):
        return None


def boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """What tells one boot of this computer from another; "" where it is not told."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
