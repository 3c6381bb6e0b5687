"""The history of channels, as the API and the charts read it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.errors import StoreError
from eas_station.store.database.database import Database
from eas_station.store.records import health_history
from eas_station.store.records.health_history import HealthSample
from eas_station.webd.records.queries import RecordQueries


@pytest.fixture
def station(station_with: Any, new_database: Any, tmp_path: Path, clocks: Any) -> Any:
    database = Database(new_database(tmp_path / "station.sqlite"))
    queries = RecordQueries(database, lambda: True, lambda: clocks.now)
    made = station_with(queries, database)
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
