"""Recordings of alerts: their receptions and files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, select, update

from eas_station.store.database import cursors
from eas_station.store.database.alert_tables import alert_receptions
from eas_station.store.database.record_tables import clip_receptions, clips
from eas_station.store.database.statements import insert_new, upsert


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording. Overlapping alerts on a channel share one."""

    clip_id: str  # UUID
    reception_ids: tuple[str, ...]
    source: str
    channel: str
    started_at: datetime  # of its first sample, pre-roll included
    duration_s: float
    path: str | None  # relative to the folder of clips; None: there is no file, see `fault`
    bytes: int | None = None
    sha256: str | None = None
    fault: str | None = None  # the reason why there is no file, for the operator
    keep: bool = False  # never removed to make room
    removed_at: datetime | None = None  # when its file was removed
    attention: Literal["eas", "wxr"] | None = None  # the attention signal: 853 + 960, 1050 Hz
    attention_s: float | None = None  # duration of the attention signal
    attention_at_s: float | None = None  # its start in the clip
    header_at_s: float | None = None  # start of the header in the clip
    header_s: float | None = None  # duration of the header, all bursts
    eom_at_s: float | None = None  # end of the end of message; None: not received
    peaks: str | None = None  # its outline: two hex digits for each of ≤ 240 equal parts


COLUMNS = tuple(clips.c[name] for name in Clip.__slots__ if name != "reception_ids")


def record(connection: Connection, clip: Clip) -> None:
    """Store a clip, or update it; a keep flag stays."""
    row = {name: getattr(clip, name) for name in Clip.__slots__ if name != "reception_ids"}
    upsert(connection, clips, [row], key=("clip_id",), kept=("keep", "removed_at"))
    heard = [
        {"clip_id": clip.clip_id, "reception_id": reception_id}
        for reception_id in dict.fromkeys(clip.reception_ids)
    ]
    insert_new(connection, clip_receptions, heard)


def by_id(connection: Connection, clip_id: str) -> Clip | None:
    """One clip; None: there is none."""
    found = _clips(connection, select(*COLUMNS).where(clips.c.clip_id == clip_id))
    return found[0] if found else None


def page(
    connection: Connection, limit: int, cursor: str | None = None
) -> tuple[tuple[Clip, ...], str | None]:
    """Clips, newest first, and the cursor after them. FrameError if `cursor` is not one."""
    columns = clips.c
    wanted = select(columns.clip_id, columns.started_at)
    ordered = cursors.newest_first(wanted, columns.started_at, columns.clip_id, limit, cursor)
    rows = connection.execute(ordered).all()
    ids = [row.clip_id for row in rows[:limit]]
    found = _clips(connection, select(*COLUMNS).where(columns.clip_id.in_(ids)))
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = None if last is None else cursors.to_text(last.started_at, last.clip_id)
    return tuple(reversed(found)), next_cursor


def of_alert(connection: Connection, alert_id: str) -> tuple[Clip, ...]:
    """The recordings of one alert, oldest first."""
    return of_alerts(connection, (alert_id,))[alert_id]


def of_alerts(connection: Connection, alert_ids: Sequence[str]) -> dict[str, tuple[Clip, ...]]:
    """The recordings of these alerts, oldest first; every id has an entry."""
    wanted = (
        select(alert_receptions.c.alert_id, clip_receptions.c.clip_id)
        .where(alert_receptions.c.alert_id.in_(alert_ids))
        .where(alert_receptions.c.reception_id == clip_receptions.c.reception_id)
    )
    ids_by_alert: defaultdict[str, set[str]] = defaultdict(set)
    for alert_id, clip_id in connection.execute(wanted):
        ids_by_alert[alert_id].add(clip_id)
    every = {clip_id for ids in ids_by_alert.values() for clip_id in ids}
    found = _clips(connection, select(*COLUMNS).where(clips.c.clip_id.in_(sorted(every))))
    return {
        alert_id: tuple(clip for clip in found if clip.clip_id in ids_by_alert[alert_id])
        for alert_id in alert_ids
    }


def oldest_unprotected(connection: Connection, limit: int) -> tuple[Clip, ...]:
    """Clips whose files may be removed, oldest first."""
    wanted = select(*COLUMNS).where(
        clips.c.keep.is_(False), clips.c.path.is_not(None), clips.c.removed_at.is_(None)
    )
    return _clips(connection, wanted.limit(limit))


def set_keep(connection: Connection, clip_id: str, keep: bool) -> bool:
    """Keep a clip, or no longer; False: there is no such clip."""
    changed = connection.execute(update(clips).where(clips.c.clip_id == clip_id).values(keep=keep))
    return changed.rowcount > 0


def set_removed(connection: Connection, clip_id: str, at: datetime) -> None:
    """Store that its file was removed."""
    connection.execute(update(clips).where(clips.c.clip_id == clip_id).values(removed_at=at))


def _clips(connection: Connection, wanted: Select[Any]) -> tuple[Clip, ...]:
    oldest_first = wanted.order_by(clips.c.started_at, clips.c.clip_id)
    rows = [dict(row) for row in connection.execute(oldest_first).mappings()]
    heard: dict[str, list[str]] = {row["clip_id"]: [] for row in rows}
    links = select(clip_receptions).where(clip_receptions.c.clip_id.in_(list(heard)))
    for clip_id, reception_id in connection.execute(links):
        heard[clip_id].append(reception_id)
    return tuple(Clip(reception_ids=tuple(sorted(heard[row["clip_id"]])), **row) for row in rows)
