"""Measures of the channels over a day, a week or a year, in the points of a chart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from eas_station.store.records.health_history import HealthPoint, overview
from eas_station.webd.records.queries import RecordQueries

Span = Literal["24h", "7d", "1y"]
ReceiverMeasure = Literal[
    "snr_db", "signal_dbfs", "noise_dbfs", "deviation_hz", "offset_hz", "lost_samples"
]
SourceMeasure = Literal["margin_db", "rms_dbfs"]


@dataclass(frozen=True, slots=True)
class ChartSpan:
    """How long a chart is, and each of its points."""

    words: str
    lasts: timedelta
    point_s: int


@dataclass(frozen=True, slots=True)
class Measure:
    """What a chart shows."""

    words: str
    unit: str
    decimals: int
    meaning: str  # a sentence


STRETCHES: dict[Span, ChartSpan] = {
    "24h": ChartSpan("24 hours", timedelta(hours=24), 600),
    "7d": ChartSpan("7 days", timedelta(days=7), 3600),
    "1y": ChartSpan("1 year", timedelta(days=366), 86_400),
}
MEASURES = {
    "snr_db": Measure(
        "Signal over noise", "dB", 0, "Below 8 dB messages are likely to be lost; 20 dB is good."
    ),
    "signal_dbfs": Measure("Signal", "dBFS", 0, "The power in the channel; full scale is 0."),
    "noise_dbfs": Measure(
        "Noise", "dBFS", 0, "The power beside the channel; interference raises it."
    ),
    "deviation_hz": Measure(
        "Deviation", "Hz", 0, "How far the audio moves the carrier; the maximum is 5000."
    ),
    "offset_hz": Measure(
        "Offset",
        "Hz",
        0,
        "How far the carrier is from its nominal frequency; mostly the dongle's crystal.",
    ),
    "lost_samples": Measure(
        "Lost samples", "a minute", 0, "Above 0, this machine or its USB is too slow."
    ),
    "margin_db": Measure(
        "Margin", "dB", 0, "How much weaker a warning could be and still be decoded."
    ),
    "rms_dbfs": Measure("Level", "dBFS", 0, "How loud the audio is; full scale is 0."),
}


@dataclass(frozen=True, slots=True)
class ChannelHistory:
    """One channel; null where nothing is known."""

    channel: str
    lowest: tuple[float | None, ...]
    mean: tuple[float | None, ...]
    highest: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ChannelHistories:
    """One measure of all channels of a receiver or a source."""

    name: str
    measure: str
    unit: str
    span: Span
    point_s: int  # seconds of each point
    began_at: datetime  # of the first point
    points: int  # the next begins `point_s` later; the last one is not over yet
    channels: tuple[ChannelHistory, ...]  # those of which anything is known


def read(
    queries: RecordQueries, now: datetime, name: str, measure: str, span: Span
) -> ChannelHistories:
    """Ask the record. Raises StoreError."""
    stretch = STRETCHES[span]
    now_s, step_s = int(now.timestamp()), stretch.point_s
    last_s = now_s - now_s % step_s
    count = int(stretch.lasts.total_seconds()) // step_s
    began_at = datetime.fromtimestamp(last_s - (count - 1) * step_s, UTC)
    until_at = datetime.fromtimestamp(last_s + step_s, UTC)
    found = queries.ask(
        lambda connection: overview(connection, name, measure, began_at, until_at, step_s)
    )
    return ChannelHistories(
        name=name,
        measure=measure,
        unit=MEASURES[measure].unit,
        span=span,
        point_s=step_s,
        began_at=began_at,
        points=count,
        channels=_channels(found, began_at, step_s, count),
    )


def _channels(
    found: Iterable[HealthPoint], began_at: datetime, step_s: int, count: int
) -> tuple[ChannelHistory, ...]:
    by_channel: dict[str, dict[int, HealthPoint]] = {}
    for point in found:
        place = int((point.began_at - began_at).total_seconds()) // step_s
        by_channel.setdefault(point.channel, {})[place] = point
    listed = []
    for channel, points in by_channel.items():
        row = [points.get(place) for place in range(count)]
        listed.append(
            ChannelHistory(
                channel,
                lowest=tuple(None if one is None else round(one.lowest, 2) for one in row),
                mean=tuple(None if one is None else round(one.mean, 2) for one in row),
                highest=tuple(None if one is None else round(one.highest, 2) for one in row),
            )
        )
    return tuple(listed)
