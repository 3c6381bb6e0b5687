"""The quality of each channel over time: signal, noise, margin, level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Connection, cast, extract, func, select

from eas_station.store.database.record_tables import channel_health
from eas_station.store.database.statements import upsert

SPAN_S = 600  # as the daemons record it; the maintenance rolls it up


@dataclass(frozen=True, slots=True)
class HealthSample:
    """One measure of one channel over one span of time."""

    name: str  # of the receiver or the source
    channel: str
    measure: str  # with its unit: "snr_db", "margin_db", "rms_dbfs"
    began_at: datetime
    lowest: float
    mean: float
    highest: float
    samples: int  # the number of values
    span_s: int = SPAN_S


@dataclass(frozen=True, slots=True)
class HealthBatch:
    """Samples that a daemon spools together, every ten minutes."""

    samples: tuple[HealthSample, ...]


@dataclass(frozen=True, slots=True)
class HealthPoint:
    """One measure of one channel over one interval of a chart."""

    channel: str
    began_at: datetime
    lowest: float
    mean: float
    highest: float


def record_batch(connection: Connection, batch: HealthBatch) -> None:
    """Store a batch."""
    record(connection, batch.samples)


def record(connection: Connection, samples: Sequence[HealthSample]) -> None:
    """Store samples; they replace those of the same span."""
    rows = [{name: getattr(sample, name) for name in HealthSample.__slots__} for sample in samples]
    key = ("name", "channel", "measure", "span_s", "began_at")
    upsert(connection, channel_health, rows, key=key)


def add(connection: Connection, samples: Sequence[HealthSample]) -> None:
    """Store samples; they are joined with those of the same span, from before a restart."""
    record(connection, [_joined(_recorded(connection, sample), sample) for sample in samples])


def _recorded(connection: Connection, sample: HealthSample) -> HealthSample | None:
    until_at = sample.began_at + timedelta(seconds=sample.span_s)
    return next(
        iter(
            series(
                *(connection, sample.name, sample.channel, sample.measure),
                *(sample.began_at, until_at, sample.span_s),
            )
        ),
        None,
    )


def _joined(before: HealthSample | None, sample: HealthSample) -> HealthSample:
    if before is None:
        return sample
    samples = before.samples + sample.samples
    mean = (before.mean * before.samples + sample.mean * sample.samples) / max(1, samples)
    return replace(
        sample,
        lowest=min(before.lowest, sample.lowest),
        mean=mean,
        highest=max(before.highest, sample.highest),
        samples=samples,
    )


def series(
    connection: Connection,
    name: str,
    channel: str,
    measure: str,
    since_at: datetime,
    until_at: datetime,
    span_s: int = SPAN_S,
) -> tuple[HealthSample, ...]:
    """One measure of one channel, oldest first; spans that begin in [since, until)."""
    wanted = select(channel_health).where(
        channel_health.c.name == name,
        channel_health.c.channel == channel,
        channel_health.c.measure == measure,
        channel_health.c.span_s == span_s,
        channel_health.c.began_at >= since_at,
        channel_health.c.began_at < until_at,
    )
    rows = connection.execute(wanted.order_by(channel_health.c.began_at)).mappings()
    return tuple(HealthSample(**row) for row in rows)


def overview(
    connection: Connection,
    name: str,
    measure: str,
    since_at: datetime,
    until_at: datetime,
    interval_s: int,
) -> tuple[HealthPoint, ...]:
    """One measure of all channels in intervals of `interval_s`, by channel, oldest first.

    Intervals are counted from 1970; those without data are missing. Spans longer than an interval
    are left out, shorter ones are joined, rolled up or not.
    """
    table = channel_health.c
    place = (cast(extract("epoch", table.began_at), BigInteger) // interval_s).label("place")
    wanted = (
        select(
            *(table.channel, place),
            func.min(table.lowest),
            func.sum(table.mean * table.samples) / func.sum(table.samples),
            func.max(table.highest),
        )
        .where(table.name == name, table.measure == measure, table.span_s <= interval_s)
        .where(table.began_at >= since_at, table.began_at < until_at, table.samples > 0)
        .group_by(table.channel, place)
        .order_by(table.channel, place)
    )
    return tuple(
        HealthPoint(channel, datetime.fromtimestamp(number * interval_s, UTC), *values)
        for channel, number, *values in connection.execute(wanted)
    )
