"""The files of clips: a finished clip is complete or does not exist.

<clips>/YYYY/MM/DD/HHMMSS-<source>-<channel>-<code>-<id>.flac   finished; time in UTC
<clips>/part/<source>/<id>.….part                               being written
<clips>/part/<source>/<id>.order                                begun, row not spooled yet
<clips>/part/<source>/<id>.json                                 finished, row not spooled yet
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from eas_station import wire
from eas_station.dsp.audio.tones import AttentionSignal
from eas_station.errors import FrameError
from eas_station.store.records.clips import Clip

log = logging.getLogger(__name__)

CUT_OFF = "eas-audiod or the computer stopped during the recording"
T = TypeVar("T")
UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """What a clip is to contain."""

    clip_id: str
    reception_id: str
    channel: str
    event_code: str
    started_at: datetime  # of its first sample
    rate_hz: int
    header_sample: int = 0  # where its header begins
    header_samples: int | None = None  # its length; None: unknown, or in an earlier part


@dataclass(frozen=True, slots=True)
class ClipContent:
    """What was found in the audio of a clip."""

    attention: AttentionSignal | None = None  # the longest one after the header
    eom_sample: int | None = None  # the end of message ended before it
    peaks: str | None = None  # see `Clip`


EMPTY = ClipContent()


class ClipFolder:
    """The clips of one source."""

    def __init__(self, clips_dir: Path, source: str) -> None:
        self._clips_dir = clips_dir
        self._source = source
        self._part_dir = clips_dir / "part" / UNSAFE.sub("_", source)

    def recover(self) -> tuple[Clip, ...]:
        """Remove unfinished files of an earlier process; gives the clips whose row may be missing.

        Raises OSError.
        """
        self._part_dir.mkdir(parents=True, exist_ok=True)
        for part in self._part_dir.glob("*.part"):
            part.unlink()
            log.warning("removed clip %s: it was not finished when the process ended", part.name)
        rows = []
        for note in sorted(self._part_dir.glob("*.json")):
            row = _read(Clip, note)
            if row is not None and row.path and (self._clips_dir / row.path).is_file():
                rows.append(row)
            else:
                note.unlink()
        return (*rows, *self._cut_off({row.clip_id for row in rows}))

    def _cut_off(self, whole: set[str]) -> list[Clip]:
        """Rows for clips that were being recorded: without a file, and with the reason."""
        rows = []
        for note in sorted(self._part_dir.glob("*.order")):
            order = _read(ClipOrder, note)
            if order is None or order.clip_id in whole:
                note.unlink()
            else:
                rows.append(self._row_without_file(order, 0.0, CUT_OFF))
        return rows

    def part(self, clip_id: str, suffix: str) -> Path:
        """The file of a clip that is being written: "<id><suffix>.part"."""
        return self._part_dir / f"{clip_id}{suffix}.part"

    def note(self, order: ClipOrder) -> None:
        """Note a clip before its first sample, so that a kill leaves a trace. Raises OSError."""
        self._part_dir.mkdir(parents=True, exist_ok=True)
        self._order(order.clip_id).write_text(wire.to_json(order), encoding="utf-8")

    def begin(self, order: ClipOrder) -> Path:
        """Make the note durable; gives the file to write to. Raises OSError."""
        if not self._order(order.clip_id).exists():
            self.note(order)
        _sync(self._order(order.clip_id))
        _sync(self._part_dir)
        return self.part(order.clip_id, ".wav")

    def publish(
        self, part: Path, order: ClipOrder, duration_s: float, heard: ClipContent = EMPTY
    ) -> Clip:
        """Make the finished file durable under its name, and note its row.

        A process killed in here leaves either a part, or a whole file with a note of its row.
        Raises OSError.
        """
        attention = heard.attention
        has_no_header = order.header_samples is None and order.header_sample == 0
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
            header_at_s=None if has_no_header else _seconds(order.header_sample, order),
            header_s=_seconds(order.header_samples, order),
            eom_at_s=_seconds(heard.eom_sample, order),
            peaks=heard.peaks,
        )
        target = self._clips_dir / path
        _make_folder(target.parent)
        _sync(part)
        _write(self._note(row.clip_id), wire.to_json(row))
        part.rename(target)
        _sync(target.parent)
        return row

    def fault(self, order: ClipOrder, duration_s: float, why: str) -> Clip:
        """The row of a failed clip, whose files are removed."""
        for suffix in (".wav", ".flac"):
            with suppress(OSError):
                self.part(order.clip_id, suffix).unlink(missing_ok=True)
        with suppress(OSError):
            self._note(order.clip_id).unlink(missing_ok=True)
        return self._row_without_file(order, duration_s, why)

    def _row_without_file(self, order: ClipOrder, duration_s: float, why: str) -> Clip:
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
        """Remove the notes of a clip whose row is spooled.

        The order goes first: alone it would look like a clip that was cut off.
        """
        self._order(clip_id).unlink(missing_ok=True)
        self._note(clip_id).unlink(missing_ok=True)

    def _note(self, clip_id: str) -> Path:
        return self._part_dir / f"{clip_id}.json"

    def _order(self, clip_id: str) -> Path:
        return self._part_dir / f"{clip_id}.order"

    def _relative(self, order: ClipOrder, suffix: str) -> str:
        parts = (self._source, order.channel, order.event_code, order.clip_id[:8])
        name = "-".join(UNSAFE.sub("_", part) for part in parts)
        return f"{order.started_at:%Y/%m/%d/%H%M%S}-{name}{suffix}"


def _seconds(samples: int | None, order: ClipOrder) -> float | None:
    return None if samples is None else round(samples / order.rate_hz, 3)


def _read(kind: type[T], note: Path) -> T | None:
    try:
        return wire.from_json(kind, note.read_bytes())
    except FrameError:
        return None  # cut off by a power failure: then the part was not renamed


def _write(note: Path, text: str) -> None:
    """Write a small file durably."""
    note.write_text(text, encoding="utf-8")
    _sync(note)
    _sync(note.parent)


def _make_folder(folder: Path) -> None:
    """Create a folder and its parents durably."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(path: Path) -> None:
    """fsync a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
