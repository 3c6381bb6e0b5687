"""Retention: rows of every class are removed at an age.

Alerts stay for two years, or for ever with the keep flag. Health is rolled up before it is removed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, and_, delete, exists, func, or_, select

from eas_station.store.database.alert_tables import (
    alert_flags,
    alert_receptions,
    alerts,
    receptions,
)
from eas_station.store.database.record_tables import (
    audit,
    channel_health,
    clip_receptions,
    clips,
    deaf_intervals,
    job_runs,
)
from eas_station.store.records.health_history import HealthSample, record

TWO_YEARS = timedelta(days=731)
JOB_RUNS = timedelta(days=90)
RUNS_KEPT = 10  # of each job, of any age, for the page
ROLL_UPS = (  # spans of this many seconds become longer ones at this age
    (600, 3600, timedelta(days=14)),
    (3600, 86_400, timedelta(days=180)),
)
ROLLED_AT_ONCE = 20_000  # rows in one transaction


@dataclass(frozen=True, slots=True)
class RemovedRows:
    """The rows of each class that one call removed."""

    alerts: int = 0
    receptions: int = 0
    deaf_intervals: int = 0
    job_runs: int = 0
    health: int = 0
    audit: int = 0
    clips: int = 0  # rows of clips without a file

    def __str__(self) -> str:
        counted = [(f.name.replace("_", " "), getattr(self, f.name)) for f in fields(self)]
        return ", ".join(f"{count} {name}" for name, count in counted if count) or "nothing"


def remove_old(connection: Connection, now: datetime) -> RemovedRows:
    """Delete what has reached its age. Only while the clock is trusted."""
    old = now - TWO_YEARS
    return RemovedRows(
        alerts=_remove_alerts(connection, old),
        receptions=_remove_receptions(connection, old),
        deaf_intervals=_count(connection, deaf_intervals, deaf_intervals.c.ended_at < old),
        job_runs=_remove_runs(connection, now - JOB_RUNS),
        health=_count(connection, channel_health, channel_health.c.began_at < old),
        audit=_count(connection, audit, audit.c.at < old),
        clips=_remove_clip_rows(connection, old),
    )


def roll_up(connection: Connection, now: datetime) -> int:
    """Join old health spans into longer ones; return by how many rows it shrank."""
    return sum(_roll_up(connection, now, *step) for step in ROLL_UPS)


def _remove_alerts(connection: Connection, old: datetime) -> int:
    kept = exists().where(alert_flags.c.alert_id == alerts.c.alert_id, alert_flags.c.keep)
    over = or_(alerts.c.ended_at.is_not(None), alerts.c.ends_at < old)
    gone = and_(alerts.c.last_received_at < old, over, ~kept)
    return _count(connection, alerts, gone)


def _remove_receptions(connection: Connection, old: datetime) -> int:
    used = exists().where(alert_receptions.c.reception_id == receptions.c.reception_id)
    return _count(connection, receptions, and_(receptions.c.received_at < old, ~used))


def _remove_runs(connection: Connection, old: datetime) -> int:
    newest = (
        func.row_number()
        .over(partition_by=job_runs.c.job, order_by=job_runs.c.started_at.desc())
        .label("place")
    )
    ranked = select(job_runs.c.run_id, newest).subquery()
    kept = select(ranked.c.run_id).where(ranked.c.place <= RUNS_KEPT)
    return _count(
        connection, job_runs, and_(job_runs.c.started_at < old, job_runs.c.run_id.not_in(kept))
    )


def _remove_clip_rows(connection: Connection, old: datetime) -> int:
    heard = exists().where(
        clip_receptions.c.clip_id == clips.c.clip_id,
        clip_receptions.c.reception_id == receptions.c.reception_id,
    )
    gone = or_(clips.c.removed_at.is_not(None), clips.c.path.is_(None))
    return _count(connection, clips, and_(clips.c.started_at < old, gone, ~clips.c.keep, ~heard))


def _roll_up(
    connection: Connection, now: datetime, span_s: int, longer_s: int, age: timedelta
) -> int:
    until = _floor(now - age, longer_s)
    old = and_(channel_health.c.span_s == span_s, channel_health.c.began_at < until)
    wanted = select(channel_health).where(old).order_by(channel_health.c.began_at)
    found = connection.execute(wanted.limit(ROLLED_AT_ONCE)).all()
    if len(found) == ROLLED_AT_ONCE:  # only complete long spans; the rest on the next day
        until = _floor(found[-1].began_at, longer_s)
        found = [row for row in found if row.began_at < until]
    groups: dict[tuple[str, str, str, datetime], list[Row[tuple[object, ...]]]] = {}
    for row in found:
        began_at = _floor(row.began_at, longer_s)
        groups.setdefault((row.name, row.channel, row.measure, began_at), []).append(row)
    joined = [_joined(*key, rows, longer_s) for key, rows in groups.items()]
    record(connection, joined)
    gone = and_(channel_health.c.span_s == span_s, channel_health.c.began_at < until)
    connection.execute(delete(channel_health).where(gone))
    return len(found) - len(joined)


def _joined(
    name: str,
    channel: str,
    measure: str,
    began_at: datetime,
    rows: list[Row[tuple[object, ...]]],
    span_s: int,
) -> HealthSample:
    samples = sum(row.samples for row in rows)
    weighted = sum(row.mean * row.samples for row in rows)
    return HealthSample(
        name=name,
        channel=channel,
        measure=measure,
        began_at=began_at,
        lowest=min(row.lowest for row in rows),
        mean=weighted / samples if samples else sum(row.mean for row in rows) / len(rows),
        highest=max(row.highest for row in rows),
        samples=samples,
        span_s=span_s,
    )


def _floor(moment: datetime, span_s: int) -> datetime:
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % span_s, moment.tzinfo)


def _count(connection: Connection, table: object, where: object) -> int:
    done = connection.execute(delete(table).where(where))  # type: ignore[arg-type]
    return int(done.rowcount)
