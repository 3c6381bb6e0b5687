"""Deaf intervals: every stretch that a channel did not hear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from eas_station.store.schema import deaf_intervals
from eas_station.store.statements import upsert


@dataclass(frozen=True, slots=True)
class DeafInterval:
    """A stretch in which one channel of a source heard nothing, and why."""

    interval_id: str  # UUID
    source: str
    channel: str
    began_at: datetime
    ended_at: datetime | None  # None: still deaf
    why: str  # a sentence for the operator


def record(connection: Connection, interval: DeafInterval) -> None:
    """Record an interval, or its end once it is known."""
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
    """What overlaps the stretch, oldest first; it is not cut to it."""
    wanted = select(deaf_intervals).where(
        deaf_intervals.c.began_at < ended_at,
        or_(deaf_intervals.c.ended_at.is_(None), deaf_intervals.c.ended_at > began_at),
    )
    return _intervals(connection, _narrowed(wanted, source, channel).limit(limit))


def open_intervals(
    connection: Connection, source: str | None = None, channel: str | None = None
) -> tuple[DeafInterval, ...]:
    """Who is deaf now, longest first."""
    wanted = select(deaf_intervals).where(deaf_intervals.c.ended_at.is_(None))
    return _intervals(connection, _narrowed(wanted, source, channel))


def _narrowed(wanted: Select[Any], source: str | None, channel: str | None) -> Select[Any]:
    if source is not None:
        wanted = wanted.where(deaf_intervals.c.source == source)
    if channel is not None:
        wanted = wanted.where(deaf_intervals.c.channel == channel)
    return wanted


def _intervals(connection: Connection, wanted: Select[Any]) -> tuple[DeafInterval, ...]:
    ordered = wanted.order_by(deaf_intervals.c.began_at, deaf_intervals.c.interval_id)
    return tuple(DeafInterval(**row) for row in connection.execute(ordered).mappings())
