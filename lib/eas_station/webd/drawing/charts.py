"""Charts and spectra as SVG paths and words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eas_station.bus.messages import ReceiverState
from eas_station.webd.records.history import MEASURES, STRETCHES, ChannelHistories, ChannelHistory
from eas_station.webd.render.times import TimeFormat

WIDTH, HEIGHT = 720.0, 240.0  # of a chart's drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 52.0, 712.0, 12.0, 212.0  # of the plot area in it
LINES = 7  # line styles; an eighth channel has the style of the first
TICKS = 5
SPECTRUM_WIDTH, SPECTRUM_HEIGHT = 512.0, 150.0
SPECTRUM_LEAST_DB = 40.0  # between its top and its bottom


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line with its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One channel of a chart."""

    channel: str
    style: int  # 1 to LINES: colour and dashes
    path: str  # through the means
    lowest: str
    mean: str
    highest: str
    last: str  # of the newest known point
    known: str  # the share of points with a value, "98 %"


@dataclass(frozen=True, slots=True)
class Chart:
    """One measure of all channels over a span of time."""

    title: str
    meaning: str
    summary: str  # the lines in words, for a screen reader
    unit: str
    lines: tuple[ChartLine, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    address: str  # of its values in the API


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The spectrum of a receiver, ready for its template."""

    path: str
    top_dbfs: float
    bottom_dbfs: float
    marks: tuple[Tick, ...]  # the channels
    rows: tuple[Tick, ...]
    summary: str


def chart(
    history: ChannelHistories, kind: str, times: TimeFormat, channels: Sequence[str]
) -> Chart:
    """A chart of a recorded history.

    Args:
        channels: all that exist, so each has the same style on every chart.
    """
    measure, stretch = MEASURES[history.measure], STRETCHES[history.span]
    low, high = _bounds(history.channels)
    scale = _Scale(low, high, history.points)
    lines = tuple(
        _line(one, _style(one.channel, channels), scale, measure.decimals)
        for one in history.channels
    )
    return Chart(
        title=f"{measure.words}, {stretch.words}",
        meaning=measure.meaning,
        summary=_summary(measure.words, stretch.words, measure.unit, lines),
        unit=measure.unit,
        lines=lines,
        rows=tuple(Tick(scale.y(value), f"{value:g}") for value in _round_values(low, high)),
        columns=tuple(_columns(history, scale, times)),
        address=f"/api/v1/{kind}s/{history.name}/history"
        f"?measure={history.measure}&span={history.span}",
    )


def spectrum(state: ReceiverState) -> Spectrum | None:
    """The spectrum of the last second; None: the receiver reports none."""
    bins = state.spectrum_dbfs
    if len(bins) < 2 or not all(math.isfinite(one) for one in bins):
        return None
    bottom = 10.0 * math.floor(min(bins) / 10.0)
    top = max(10.0 * math.ceil((max(bins) + 3.0) / 10.0), bottom + SPECTRUM_LEAST_DB)
    step_y = SPECTRUM_HEIGHT / (top - bottom)
    step_x = SPECTRUM_WIDTH / len(bins)
    points = " ".join(
        f"{(place + 0.5) * step_x:.1f},{(top - value) * step_y:.1f}"
        for place, value in enumerate(bins)
    )
    lowest_hz, highest_hz = _edges(state)
    return Spectrum(
        path=f"M{points}",
        top_dbfs=top,
        bottom_dbfs=bottom,
        marks=tuple(_marks(state, lowest_hz, highest_hz)),
        rows=tuple(
            Tick((top - value) * step_y, f"{value:g}")
            for value in _round_values(bottom, top)
            if bottom < value < top
        ),
        summary=f"From {lowest_hz / 1e6:.4f} to {highest_hz / 1e6:.4f} MHz; the peak is "
        f"{max(bins):.0f} dBFS at {_strongest_hz(state) / 1e6:.3f} MHz.",
    )


class _Scale:
    def __init__(self, low: float, high: float, points: int) -> None:
        self._low, self._step_y = low, (BOTTOM - TOP) / (high - low)
        self._step_x = (RIGHT - LEFT) / max(1, points - 1)

    def x(self, place: float) -> float:
        return LEFT + place * self._step_x

    def y(self, value: float) -> float:
        return BOTTOM - (value - self._low) * self._step_y

    def path(self, values: Sequence[float | None]) -> str:
        """The values as a line; an unknown value makes a gap, a lone value a dot."""
        parts, begins = [], True
        for place, value in enumerate(values):
            if value is None:
                begins = True
                continue
            point = f"{self.x(place):.1f},{self.y(value):.1f}"
            lone = begins and (place + 1 == len(values) or values[place + 1] is None)
            parts.append(f"M{point}h.1" if lone else f"M{point}" if begins else f"L{point}")
            begins = False
        return "".join(parts)


def _style(channel: str, channels: Sequence[str]) -> int:
    return 1 + (channels.index(channel) if channel in channels else 0) % LINES


def _line(one: ChannelHistory, style: int, scale: _Scale, decimals: int) -> ChartLine:
    means = [value for value in one.mean if value is not None]
    lowest = [value for value in one.lowest if value is not None]
    highest = [value for value in one.highest if value is not None]

    def rounded(value: float) -> str:
        return f"{value + 0.0:.{decimals}f}"

    return ChartLine(
        channel=one.channel,
        style=style,
        path=scale.path(one.mean),
        lowest=rounded(min(lowest)),
        mean=rounded(sum(means) / len(means)),
        highest=rounded(max(highest)),
        last=rounded(means[-1]),
        known=f"{100 * len(means) / len(one.mean):.0f} %",
    )


def _summary(what: str, stretch: str, unit: str, lines: tuple[ChartLine, ...]) -> str:
    if not lines:
        return f"No values for the last {stretch}."
    ranges = (f"{line.channel} from {line.lowest} to {line.highest} {unit}" for line in lines)
    return f"{what} in the last {stretch}: {', '.join(ranges)}."


def _bounds(channels: Sequence[ChannelHistory]) -> tuple[float, float]:
    values = [value for one in channels for value in one.mean if value is not None]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    step = _step(max(high - low, 4.0))
    low, high = step * math.floor(low / step), step * math.ceil(high / step)
    return low, max(high, low + step)


def _step(extent: float) -> float:
    """A round step that divides the extent into about TICKS parts."""
    rough = extent / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * one for one in (1, 2, 5, 10) if power * one >= rough * 0.999)


def _round_values(low: float, high: float) -> Iterator[float]:
    step = _step(high - low)
    number = math.ceil(low / step - 1e-9)
    while number * step <= high + 1e-9:
        yield number * step + 0.0
        number += 1


def _columns(history: ChannelHistories, scale: _Scale, times: TimeFormat) -> Iterator[Tick]:
    """Starts of months or days in the station's time zone; within a day, every six hours."""
    before = times.local(history.began_at)
    for place in range(1, history.points):
        at = times.local(history.began_at + timedelta(seconds=place * history.point_s))
        label = _label(before, at, history.span)
        before = at
        if label and scale.x(place) < RIGHT - 8:
            yield Tick(scale.x(place), label)


def _label(before: datetime, at: datetime, span: str) -> str:
    if span == "1y":
        return f"{at:%b}" if at.month != before.month else ""
    if span == "7d":
        return f"{at:%a} {at.day}" if at.date() != before.date() else ""
    if at.hour == before.hour or at.hour % 6:
        return ""
    return f"{at.hour % 12 or 12} {at:%p}"


def _edges(state: ReceiverState) -> tuple[float, float]:
    return state.center_hz - state.rate_hz / 2, state.center_hz + state.rate_hz / 2


def _strongest_hz(state: ReceiverState) -> float:
    bins = state.spectrum_dbfs
    place = max(range(len(bins)), key=lambda one: bins[one])
    return _edges(state)[0] + (place + 0.5) * state.rate_hz / len(bins)


def _marks(state: ReceiverState, lowest_hz: float, highest_hz: float) -> Iterator[Tick]:
    """The channels; if all lie within one MHz, only the digits after the point."""
    one_mhz = len({one.channel.partition(".")[0] for one in state.channels}) == 1
    for one in state.channels:
        share = (one.frequency_hz - lowest_hz) / (highest_hz - lowest_hz)
        label = f".{one.channel.partition('.')[2]}" if one_mhz else one.channel
        if 0 <= share <= 1:
            yield Tick(share * SPECTRUM_WIDTH, label)
