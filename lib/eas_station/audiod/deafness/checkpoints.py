"""Checkpoints: until when the samples of a source are accounted for, kept across restarts.

One is in the runtime directory (memory) and is renewed every second. One is in the state directory
and is renewed every ten minutes, to spare the card, and at a clean end.
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
    """Everything before `heard_until` is accounted for."""

    heard_until: datetime
    why: str | None  # why nothing was being received; None: blocks arrived
    boot_id: str
    ended: bool  # the process stopped cleanly


class Checkpoints:
    """The two checkpoints of one source."""

    def __init__(self, runtime_dir: Path, state_dir: Path, unit: str, boot_id: str) -> None:
        self._runtime = runtime_dir / f"{unit}.heard"
        self._state = state_dir / "heard" / f"{unit}.json"
        self._boot_id = boot_id
        self._runtime_at_s = self._state_at_s = -STATE_S
        self._unwritable = False

    def last(self) -> Checkpoint | None:
        """The newer checkpoint of an earlier process; None if there is none."""
        found = [last for path in (self._runtime, self._state) if (last := _read(path))]
        return max(found, key=lambda last: last.heard_until, default=None)

    def renew(self, at_s: float, heard_until: datetime, why: str | None) -> None:
        """Write the checkpoints that are due; `at_s` is the monotonic time."""
        checkpoint = Checkpoint(heard_until, why, self._boot_id, ended=False)
        if at_s - self._runtime_at_s >= RUNTIME_S:
            self._runtime_at_s = at_s
            self._write(self._runtime, checkpoint, durable=False)
        if at_s - self._state_at_s >= STATE_S:
            self._state_at_s = at_s
            self._write(self._state, checkpoint, durable=True)

    def end(self, heard_until: datetime, why: str | None) -> None:
        """Write both checkpoints at a clean end."""
        checkpoint = Checkpoint(heard_until, why, self._boot_id, ended=True)
        self._write(self._runtime, checkpoint, durable=False)
        self._write(self._state, checkpoint, durable=True)

    def reason_since(self, last: Checkpoint) -> str:
        """Why nothing was received between a checkpoint and this process."""
        if last.why is not None:
            return last.why
        if last.boot_id != self._boot_id:
            return "the computer was off"
        return "eas-audiod was restarted" if last.ended else "eas-audiod was killed"

    def _write(self, path: Path, checkpoint: Checkpoint, durable: bool) -> None:
        fresh = path.with_name(path.name + ".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(wire.to_json(checkpoint))
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            if not self._unwritable:
                log.warning("cannot write checkpoint %s: %s", path, error)
            self._unwritable = True
        else:
            self._unwritable = False


def _read(path: Path) -> Checkpoint | None:
    try:
        return wire.from_json(Checkpoint, path.read_bytes())
    except (OSError, FrameError):
        return None


def boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """The kernel's identifier of this boot; "" if it cannot be read."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
