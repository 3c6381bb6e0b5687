"""Spans of any length as the points of a chart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.store.database.database import Database
from eas_station.store.records.health_history import HealthPoint, HealthSample, overview, record

BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def sample(
    minutes: int, mean: float, samples: int = 10, span_s: int = 600, **said: str
) -> HealthSample:
    values = {"name": "wx", "channel": "162.550", "measure": "snr_db", **said}
    at = BEGAN_AT + timedelta(minutes=minutes)
    what = (values["name"], values["channel"], values["measure"])
    return HealthSample(*what, at, mean - 1, mean, mean + 1, samples, span_s)


@pytest.fixture
def database(tmp_path: Path, new_database: Callable[[Path], str]) -> Database:
    return Database(new_database(tmp_path / "station.sqlite"))


def test_spans_are_joined_by_the_number_of_their_values(database: Database) -> None:
    with database.write() as connection:
        record(connection, [sample(0, 10.0, 10), sample(10, 20.0, 30), sample(60, 5.0)])
        assert overview(connection, "wx", "snr_db", BEGAN_AT, BEGAN_AT + DAY, 3600) == (
            HealthPoint("162.550", BEGAN_AT, 9.0, 17.5, 21.0),
            HealthPoint("162.550", BEGAN_AT + timedelta(hours=1), 4.0, 5.0, 6.0),
        )


def test_a_series_is_one_measure_of_one_name_within_a_time(database: Database) -> None:
    with database.write() as connection:
        record(
            connection,
            [
                *(sample(-10, 1.0), sample(24 * 60, 2.0), sample(0, 3.0, name="wx1")),
                *(sample(0, 4.0, measure="margin_db"), sample(10, 5.0, channel="162.400")),
            ],
        )
        (point,) = overview(connection, "wx", "snr_db", BEGAN_AT, BEGAN_AT + DAY, 600)
    assert (point.channel, point.began_at, point.mean) == (
        *("162.400", BEGAN_AT + timedelta(minutes=10)),
        5.0,
    )


def test_a_span_longer_than_a_point_is_left_out_and_a_rolled_up_one_is_joined(
    database: Database,
) -> None:
    with database.write() as connection:
        record(connection, [sample(0, 30.0, span_s=86_400), sample(60, 10.0, 60, span_s=3600)])
        hours = overview(connection, "wx", "snr_db", BEGAN_AT, BEGAN_AT + DAY, 3600)
        days = overview(connection, "wx", "snr_db", BEGAN_AT, BEGAN_AT + DAY, 86_400)
    assert [point.mean for point in hours] == [10.0]
    assert [point.mean for point in days] == [pytest.approx((30 * 10 + 10 * 60) / 70)]
