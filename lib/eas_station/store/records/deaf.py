"""Deaf intervals: the times in which a channel received nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from eas_station.store.database import cursors
from eas_station.store.database.record_tables import deaf_intervals
from eas_station.store.database.statements import upsert

MOST_SUMMED = 100_000  # intervals; a source that fails every second for a day has fewer


@dataclass(frozen=True, slots=True)
class DeafInterval:
    """An interval in which one channel of a source received nothing."""

    interval_id: str  # UUID
    source: str
    channel: str
    began_at: datetime
    ended_at: datetime | None  # None: still deaf
    why: str  # the reason, for the operator


def record(connection: Connection, interval: DeafInterval) -> None:
    """Store an interval, or its end once it is known."""
    row = {name: getattr(interval, name) for name in DeafInterval.__slots__}
    upsert(connection, deaf_intervals, [row], key=("interval_id",))


def between(
    connection: Connection,
    began_at: datetime,
    ended_at: datetime,
    source: str | None = None,
    channel: str | None = None,
    limit: int = 1000,
) -> tuple[DeafInterval, ...]:
    """The intervals that overlap this time, oldest first, not clipped to it."""
    wanted = select(deaf_intervals).where(
        deaf_intervals.c.began_at < ended_at,
        or_(deaf_intervals.c.ended_at.is_(None), deaf_intervals.c.ended_at > began_at),
    )
    return _intervals(connection, _filtered(wanted, source, channel).limit(limit))


def open_intervals(
    connection: Connection, source: str | None = None, channel: str | None = None
) -> tuple[DeafInterval, ...]:
    """The channels that are deaf now, longest first."""
    wanted = select(deaf_intervals).where(deaf_intervals.c.ended_at.is_(None))
    return _intervals(connection, _filtered(wanted, source, channel))


def page(
    connection: Connection,
    limit: int,
    cursor: str | None = None,
    source: str | None = None,
    channel: str | None = None,
) -> tuple[tuple[DeafInterval, ...], str | None]:
    """Intervals, newest first, and the cursor after them. FrameError if `cursor` is not one."""
    columns = deaf_intervals.c
    wanted = _filtered(select(deaf_intervals), source, channel)
    ordered = cursors.newest_first(wanted, columns.began_at, columns.interval_id, limit, cursor)
    found = tuple(DeafInterval(**row) for row in connection.execute(ordered).mappings())
    more = len(found) > limit
    found = found[:limit]
    return found, cursors.to_text(found[-1].began_at, found[-1].interval_id) if more else None


def daily_seconds(
    connection: Connection,
    began_at: datetime,
    now: datetime,
    zone: tzinfo = UTC,
    source: str | None = None,
) -> dict[tuple[str, str, date], float]:
    """The seconds that each channel was deaf on each day of `zone`, from `began_at` to `now`.

    Overlapping intervals count once; an open one lasts until now. Keys are source, channel and
    day; days without a deaf second are missing.
    """
    found: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    for interval in between(connection, began_at, now, source, limit=MOST_SUMMED):
        ended_at = now if interval.ended_at is None else min(now, interval.ended_at)
        span = (max(began_at, interval.began_at), ended_at)
        found.setdefault((interval.source, interval.channel), []).append(span)
    sums: dict[tuple[str, str, date], float] = {}
    for (name, channel), spans in found.items():
        for day, seconds in _by_day(_joined(spans), zone):
            key = (name, channel, day)
            sums[key] = sums.get(key, 0.0) + seconds
    return sums


def _joined(
    spans: Iterable[tuple[datetime, datetime]],
) -> Iterator[tuple[datetime, datetime]]:
    """The intervals without overlaps; they are sorted by their start."""
    until: datetime | None = None
    for began_at, ended_at in spans:
        began_at = began_at if until is None else max(began_at, until)
        if ended_at > began_at:
            yield began_at, ended_at
            until = ended_at


def _by_day(
    spans: Iterable[tuple[datetime, datetime]], zone: tzinfo
) -> Iterator[tuple[date, float]]:
    for began_at, ended_at in spans:
        at = began_at
        while at < ended_at:
            day = at.astimezone(zone).date()
            midnight = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
            until = min(ended_at, midnight)
            yield day, (until - at).total_seconds()
            at = until


def _filtered(wanted: Select[Any], source: str | None, channel: str | None) -> Select[Any]:
    if source is not None:
        wanted = wanted.where(deaf_intervals.c.source == source)
    if channel is not None:
        wanted = wanted.where(deaf_intervals.c.channel == channel)
    return wanted


def _intervals(connection: Connection, wanted: Select[Any]) -> tuple[DeafInterval, ...]:
    ordered = wanted.order_by(deaf_intervals.c.began_at, deaf_intervals.c.interval_id)
    return tuple(DeafInterval(**row) for row in connection.execute(ordered).mappings())
