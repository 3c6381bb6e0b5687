"""How well each channel was heard over time: signal, noise, margin, level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Connection, cast, extract, func, select

from eas_station.store.database.schema import channel_health
from eas_station.store.database.statements import upsert

SPAN_S = 600  # what daemons record; the maintenance rolls it up


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
    samples: int  # how many values it was made from
    span_s: int = SPAN_S


@dataclass(frozen=True, slots=True)
class HealthBatch:
    """Samples that a daemon spools together, once in ten minutes."""

    samples: tuple[HealthSample, ...]


@dataclass(frozen=True, slots=True)
class HealthPoint:
    """One measure of one channel over one stretch of a chart."""

    channel: str
    began_at: datetime
    lowest: float
    mean: float
    highest: float


def record_batch(connection: Connection, batch: HealthBatch) -> None:
    """Record what was spooled."""
    record(connection, batch.samples)


def record(connection: Connection, samples: Sequence[HealthSample]) -> None:
    """Record samples; one of the same span again replaces it."""
    rows = [{name: getattr(sample, name) for name in HealthSample.__slots__} for sample in samples]
    key = ("name", "channel", "measure", "span_s", "began_at")
    upsert(connection, channel_health, rows, key=key)


def add(connection: Connection, samples: Sequence[HealthSample]) -> None:
    """Record samples; one of the same span, from before a restart, is joined with the new one."""
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
    stretch_s: int,
) -> tuple[HealthPoint, ...]:
    """One measure of all channels in stretches of `stretch_s`, by channel, oldest first.

    Stretches are counted from 1970; those of which nothing is known are missing. Spans longer
    than a stretch are left out, shorter ones are joined, whatever they were rolled up to.
    """
    table = channel_health.c
    place = (cast(extract("epoch", table.began_at), BigInteger) // stretch_s).label("place")
    wanted = (
        select(
            *(table.channel, place),
            func.min(table.lowest),
            func.sum(table.mean * table.samples) / func.sum(table.samples),
            func.max(table.highest),
        )
        .where(table.name == name, table.measure == measure, table.span_s <= stretch_s)
        .where(table.began_at >= since_at, table.began_at < until_at, table.samples > 0)
        .group_by(table.channel, place)
        .order_by(table.channel, place)
    )
    return tuple(
        HealthPoint(channel, datetime.fromtimestamp(number * stretch_s, UTC), *values)
        for channel, number, *values in connection.execute(wanted)
    )
