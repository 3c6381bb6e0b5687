"""Charts: gaps stay gaps, scales are round, and a summary describes the lines."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from eas_station.bus.messages import ChannelState, ReceiverState
from eas_station.webd.drawing import charts
from eas_station.webd.records.history import ChannelHistories, ChannelHistory
from eas_station.webd.render.times import TimeFormat, zone_of

UTC_TIMES = TimeFormat(zone_of("UTC"))


def history(*values: float | None, channel: str = "162.550") -> ChannelHistories:
    one = ChannelHistory(channel, values, values, values)
    began_at = datetime(2025, 11, 21, 8, 20, tzinfo=UTC)
    return ChannelHistories("wx", "snr_db", "dB", "24h", 600, began_at, len(values), (one,))


def test_an_unknown_value_is_a_gap_and_a_lone_value_a_dot() -> None:
    drawn = charts.chart(history(1.0, 2.0, None, 3.0, None), "receiver", UTC_TIMES, ["162.550"])
    (line,) = drawn.lines
    assert line.path.count("M") == 2 and line.path.count("L") == 1 and line.path.endswith("h.1")
    assert (line.lowest, line.mean, line.highest, line.last, line.known) == (
        *("1", "2", "3", "3"),
        "60 %",
    )
    assert drawn.summary == "Signal over noise in the last 24 hours: 162.550 from 1 to 3 dB."


@pytest.mark.parametrize(
    "values", [(0.0,), (-0.2, 0.0), (31.0,) * 144, (-74.5, 3.25), (4300.0, 0.0)]
)
def test_every_value_lies_within_the_field_and_its_rows_are_round(values: Any) -> None:
    drawn = charts.chart(history(*values), "receiver", UTC_TIMES, [])
    heights = [
        float(point.split(",")[1].removesuffix("h.1"))
        for point in drawn.lines[0].path.replace("L", "M").split("M")[1:]
    ]
    assert all(charts.TOP <= y <= charts.BOTTOM for y in heights)
    assert 2 <= len(drawn.rows) <= 8
    assert all(float(row.label) % 1 in (0, 0.5) or len(row.label) < 6 for row in drawn.rows)
    assert "-0" not in [row.label for row in drawn.rows]


def test_a_day_is_marked_every_six_hours_in_the_stations_zone() -> None:
    times = TimeFormat(zone_of("America/New_York"))
    drawn = charts.chart(history(*[1.0] * 144), "receiver", times, [])
    assert [tick.label for tick in drawn.columns] == ["6 AM", "12 PM", "6 PM", "12 AM"]


def test_a_channel_looks_the_same_on_every_chart() -> None:
    channels = ["162.400", "162.425", "162.550"]
    drawn = charts.chart(history(1.0), "receiver", UTC_TIMES, channels)
    assert drawn.lines[0].style == 3
    assert (
        charts.chart(history(1.0, channel="9"), "source", UTC_TIMES, channels).lines[0].style == 1
    )


def a_state(bins: tuple[float, ...], *channels: str) -> ReceiverState:
    states = tuple(
        ChannelState(name, float(name) * 1e6, -20.0, -40.0, 20.0, 3000.0, 0.0, True)
        for name in channels
    )
    return ReceiverState(
        *("wx", "running", "well", 250_000, 162_487_500.0, states, 10, 0), spectrum_dbfs=bins
    )


def test_a_spectrum_is_drawn_with_its_channels_and_a_summary() -> None:
    bins = [-80.0] * 256
    bins[192] = -33.0
    drawn = charts.spectrum(a_state(tuple(bins), "162.400", "162.550"))
    assert drawn is not None
    assert (drawn.bottom_dbfs, drawn.top_dbfs) == (-80.0, -30.0)
    assert len(drawn.path[1:].split()) == 256
    assert [mark.label for mark in drawn.marks] == [".400", ".550"]
    assert drawn.marks[1].at == pytest.approx(384.0)
    assert drawn.summary == ("From 162.3625 to 162.6125 MHz; the peak is -33 dBFS at 162.550 MHz.")


@pytest.mark.parametrize("bins", [(), (-80.0,), (-80.0, math.nan), (-80.0, -math.inf)])
def test_an_invalid_spectrum_is_not_drawn(bins: Any) -> None:
    assert charts.spectrum(a_state(bins, "162.550")) is None


def test_a_flat_spectrum_lies_within_its_drawing() -> None:
    drawn = charts.spectrum(a_state((-80.0,) * 256, "98.500", "101.500"))
    assert drawn is not None
    assert {point.split(",")[1] for point in drawn.path[1:].split()} == {"150.0"}
    assert drawn.marks == ()  # outside the capture
