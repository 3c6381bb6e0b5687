"""Charts from the record: gaps are gaps, scales are round, words say what lines show."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.bus.messages import ChannelState, ReceiverState
from eas_station.errors import StoreError
from eas_station.store.database.database import Database
from eas_station.store.records import health_history
from eas_station.store.records.health_history import HealthSample
from eas_station.store.upkeep import migrate
from eas_station.webd.drawing import charts
from eas_station.webd.records.history import ChannelHistories, ChannelHistory
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.render.times import TimeFormat, zone_of

UTC_FACE = TimeFormat(zone_of("UTC"))


@pytest.fixture
def station(station_with: Any, tmp_path: Path, clocks: Any) -> Any:
    url = f"sqlite:///{tmp_path / 'station.sqlite'}"
    migrate.upgrade(url)
    database = Database(url)
    library = RecordQueries(database, lambda: True, lambda: clocks.now)
    made = station_with(library, database)
    yield made
    database.close()


def rows(make: Any, *ages_min: int, channel: str = "162.550", mean: float = 30.0) -> Any:
    """Ten-minute rows that began so long before the span that is not over yet."""
    newest = make.now.replace(minute=10)
    return [
        HealthSample(
            *("wx", channel, "snr_db", newest - timedelta(minutes=age)),
            *(mean - 2, mean, mean + 2, 10),
        )
        for age in ages_min
    ]


def asked(station: Any, path: str) -> Any:
    status, _, body = station.get(path)
    assert status == 200, body
    return json.loads(body)


def test_a_day_has_a_point_for_every_ten_minutes_known_or_not(station: Any, make: Any) -> None:
    with station.database.write() as connection:
        health_history.record(connection, rows(make, 0, 20, 1430, 1440))
    said = asked(station, "/api/v1/receivers/wx/history")
    assert (said["measure"], said["span"], said["unit"]) == ("snr_db", "24h", "dB")
    assert (said["points"], said["point_s"]) == (144, 600)
    assert said["began_at"].startswith("2025-11-21T08:20:00")
    (channel,) = said["channels"]
    assert channel["channel"] == "162.550"
    assert [place for place, mean in enumerate(channel["mean"]) if mean is not None] == [
        0,
        141,
        143,
    ]
    assert (channel["lowest"][0], channel["mean"][0], channel["highest"][0]) == (28.0, 30.0, 32.0)


@pytest.mark.parametrize(("span", "points"), [("7d", 168), ("1y", 366)])
def test_longer_stretches_have_fewer_points(
    station: Any, make: Any, span: str, points: int
) -> None:
    with station.database.write() as connection:
        health_history.record(connection, rows(make, 0, 10))
    said = asked(station, f"/api/v1/receivers/wx/history?span={span}")
    (channel,) = said["channels"]
    assert said["points"] == points == len(channel["mean"])
    assert channel["mean"][-1] == 30.0 and channel["mean"][:-1] == [None] * (points - 1)


def test_a_source_tells_of_its_margin(station: Any, make: Any) -> None:
    (row,) = rows(make, 0)
    margin = HealthSample("wx", row.channel, "margin_db", row.began_at, 1.0, 2.0, 3.0, 1)
    with station.database.write() as connection:
        health_history.record(connection, [row, margin])
    said = asked(station, "/api/v1/sources/wx/history")
    assert (said["measure"], said["channels"][0]["mean"][-1]) == ("margin_db", 2.0)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/receivers/nobody/history", 404),
        ("/api/v1/sources/%27%3B--/history", 404),
        ("/api/v1/receivers/wx/history?measure=margin_db", 400),
        ("/api/v1/receivers/wx/history?span=2d", 400),
    ],
)
def test_what_there_is_not_is_refused(station: Any, path: str, status: int) -> None:
    assert station.get(path)[0] == status


def history(*values: float | None, channel: str = "162.550") -> ChannelHistories:
    said = ChannelHistory(channel, values, values, values)
    began_at = datetime(2025, 11, 21, 8, 20, tzinfo=UTC)
    return ChannelHistories("wx", "snr_db", "dB", "24h", 600, began_at, len(values), (said,))


def test_what_is_not_known_is_a_gap_in_the_line_and_a_lone_value_a_dot() -> None:
    drawn = charts.chart(history(1.0, 2.0, None, 3.0, None), "receiver", UTC_FACE, ["162.550"])
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
    drawn = charts.chart(history(*values), "receiver", UTC_FACE, [])
    heights = [
        float(point.split(",")[1].removesuffix("h.1"))
        for point in drawn.lines[0].path.replace("L", "M").split("M")[1:]
    ]
    assert all(charts.TOP <= y <= charts.BOTTOM for y in heights)
    assert 2 <= len(drawn.rows) <= 8
    assert all(float(row.label) % 1 in (0, 0.5) or len(row.label) < 6 for row in drawn.rows)
    assert "-0" not in [row.label for row in drawn.rows]


def test_a_day_is_marked_every_six_hours_by_the_stations_clock() -> None:
    face = TimeFormat(zone_of("America/New_York"))
    drawn = charts.chart(history(*[1.0] * 144), "receiver", face, [])
    assert [tick.label for tick in drawn.columns] == ["6 AM", "12 PM", "6 PM", "12 AM"]


def test_a_channel_looks_the_same_on_every_chart() -> None:
    channels = ["162.400", "162.425", "162.550"]
    drawn = charts.chart(history(1.0), "receiver", UTC_FACE, channels)
    assert drawn.lines[0].style == 3
    assert charts.chart(history(1.0, channel="9"), "source", UTC_FACE, channels).lines[0].style == 1


def a_state(bins: tuple[float, ...], *channels: str) -> ReceiverState:
    states = tuple(
        ChannelState(name, float(name) * 1e6, -20.0, -40.0, 20.0, 3000.0, 0.0, True)
        for name in channels
    )
    return ReceiverState(
        *("wx", "running", "well", 250_000, 162_487_500.0, states, 10, 0), spectrum_dbfs=bins
    )


def test_a_spectrum_is_drawn_with_its_channels_and_told_in_words() -> None:
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
def test_what_is_no_spectrum_is_not_drawn(bins: Any) -> None:
    assert charts.spectrum(a_state(bins, "162.550")) is None


def test_a_flat_spectrum_lies_within_its_drawing() -> None:
    drawn = charts.spectrum(a_state((-80.0,) * 256, "98.500", "101.500"))
    assert drawn is not None
    assert {point.split(",")[1] for point in drawn.path[1:].split()} == {"150.0"}
    assert drawn.marks == ()  # they are elsewhere


def test_the_page_is_whole_without_the_database(station_with: Any) -> None:
    class Away:
        def ask(self, _question: Any) -> Any:
            raise StoreError("no route")

    station = station_with(Away())
    status, _, page = station.get("/radio")
    assert status == 200
    assert page.count(b"The database is not responding") == 2
    status, _, page = station.get("/tests")
    assert status == 200
    assert b"the tests received cannot be shown" in page
    assert station.get("/api/v1/receivers/wx/history")[0] == 503
