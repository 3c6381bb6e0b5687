"""Where clips lie, and how a clip becomes a file that is whole or is not there.

<clips>/YYYY/MM/DD/HHMMSS-<source>-<channel>-<code>-<id>.flac   finished, UTC
<clips>/part/<source>/<id>.….part                               being written
<clips>/part/<source>/<id>.json                                 finished, its row not spooled yet
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from eas_station import wire
from eas_station.audiod.recorder import ClipOrder
from eas_station.dsp.tones import AttentionSignal
from eas_station.errors import FrameError
from eas_station.store.clips import Clip

log = logging.getLogger(__name__)

FREE_FLOOR_BYTES = 8 << 20  # the spool needs what is left more than a clip does
UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found in the sound of a clip."""

    attention: AttentionSignal | None = None  # the longest after its header
    eom_sample: int | None = None  # the end of the message was over before it
    peaks: str | None = None  # see `Clip`


NOTHING = Heard()


class ClipFolder:
    """The clips of one source."""

    def __init__(self, clips_dir: Path, source: str) -> None:
        self._clips_dir = clips_dir
        self._source = source
        self._part_dir = clips_dir / "part" / UNSAFE.sub("_", source)

    def recover(self) -> tuple[Clip, ...]:
        """After a start: remove what is half, and give the clips whose row may be missing.

        Raises OSError.
        """
        self._part_dir.mkdir(parents=True, exist_ok=True)
        for part in self._part_dir.glob("*.part"):
            part.unlink()
            log.warning("clip %s was not finished when the process ended: removed", part.name)
        rows = []
        for note in sorted(self._part_dir.glob("*.json")):
            row = _read_note(note)
            if row is not None and row.path and (self._clips_dir / row.path).is_file():
                rows.append(row)
            else:
                note.unlink()
        return tuple(rows)

    def part(self, clip_id: str, suffix: str) -> Path:
        """Where a clip grows: "<id><suffix>.part"."""
        return self._part_dir / f"{clip_id}{suffix}.part"

    def require_space(self) -> None:
        """Raises OSError while the file system is nearly full."""
        self._part_dir.mkdir(parents=True, exist_ok=True)
        system = os.statvfs(self._part_dir)
        if system.f_bavail * system.f_frsize < FREE_FLOOR_BYTES:
            raise OSError(f"less than {FREE_FLOOR_BYTES >> 20} MiB free in {self._clips_dir}")

    def publish(
        self, part: Path, order: ClipOrder, duration_s: float, heard: Heard = NOTHING
    ) -> Clip:
        """Make the finished file durable under its name; its row is noted beside the parts.

        A process that dies in here leaves either a part, or a whole file with a note of its row.
        Raises OSError.
        """
        attention = heard.attention
        path = self._relative(order, part.suffixes[-2])
        row = Clip(
            clip_id=order.clip_id,
            reception_ids=(order.reception_id,),
            source=self._source,
            channel=order.channel,
            started_at=order.started_at,
            duration_s=round(duration_s, 3),
            path=path,
            bytes=part.stat().st_size,
            sha256=_sha256(part),
            attention=None if attention is None else attention.kind,
            attention_s=None if attention is None else attention.length_s,
            attention_at_s=_seconds(None if attention is None else attention.start_sample, order),
            header_at_s=_seconds(order.header_sample, order),
            header_s=_seconds(order.header_samples, order),
            eom_at_s=_seconds(heard.eom_sample, order),
            peaks=heard.peaks,
        )
        target = self._clips_dir / path
        target.parent.mkdir(parents=True, exist_ok=True)
        _sync(part)
        note = self._note(row.clip_id)
        note.write_text(wire.to_json(row), encoding="utf-8")
        _sync(note)
        _sync(note.parent)
        part.rename(target)
        _sync(target.parent)
        return row

    def fault(self, order: ClipOrder, duration_s: float, why: str) -> Clip:
        """The row of a clip that has no file; what was written of it is removed."""
        for suffix in (".wav", ".flac"):
            with suppress(OSError):
                self.part(order.clip_id, suffix).unlink(missing_ok=True)
        with suppress(OSError):
            self.forget(order.clip_id)
        return Clip(
            clip_id=order.clip_id,
            reception_ids=(order.reception_id,),
            source=self._source,
            channel=order.channel,
            started_at=order.started_at,
            duration_s=round(duration_s, 3),
            path=None,
            fault=why,
        )

    def forget(self, clip_id: str) -> None:
        """The row is in the spool: its note is not needed any more."""
        self._note(clip_id).unlink(missing_ok=True)

    def _note(self, clip_id: str) -> Path:
        return self._part_dir / f"{clip_id}.json"

    def _relative(self, order: ClipOrder, suffix: str) -> str:
        parts = (self._source, order.channel, order.event_code, order.clip_id[:8])
        name = "-".join(UNSAFE.sub("_", part) for part in parts)
        return f"{order.started_at:%Y/%m/%d/%H%M%S}-{name}{suffix}"


def _seconds(samples: int | None, order: ClipOrder) -> float | None:
    return None if samples is None else round(samples / order.rate_hz, 3)


def _read_note(note: Path) -> Clip | None:
    try:
        return wire.from_json(Clip, note.read_bytes())
    except FrameError:
        return None  # cut off by a power failure: its part had not been renamed then


def _sync(path: Path) -> None:
    """fsync of a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
