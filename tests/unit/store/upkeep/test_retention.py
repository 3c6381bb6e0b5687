"""What leaves the record, and what stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from eas_station.store.database.alert_tables import alert_flags, alerts
from eas_station.store.database.database import Database
from eas_station.store.records import deaf, health_history, jobs
from eas_station.store.records.health_history import HealthSample
from eas_station.store.upkeep import retention

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=800)


@pytest.fixture
def record(tmp_path: Path, new_database: Callable[[Path], str]) -> Iterator[Database]:
    database = Database(new_database(tmp_path / "station.sqlite"))
    yield database
    database.close()


def alert(number: int, heard_at: datetime, ended: bool = True) -> dict[str, object]:
    return {
        "number": number,
        "alert_id": f"alert {number}",
        "status": "actual",
        "is_test": False,
        "event_name": "Tornado Warning",
        "issued_at": heard_at,
        "first_received_at": heard_at,
        "last_received_at": heard_at,
        "ended_at": heard_at if ended else None,
        "same_codes": [],
        "ugc_codes": [],
        "polygons": [],
        "relevance": {},
        "reception_count": 0,
        "relevant": True,
        "severity_rank": 0,
    }


def test_alerts_stay_two_years_and_for_ever_if_kept(record: Database) -> None:
    with record.write() as connection:
        rows = [alert(1, OLD), alert(2, OLD), alert(3, NOW - timedelta(days=700))]
        connection.execute(insert(alerts), [*rows, alert(4, OLD, ended=False)])
        connection.execute(insert(alert_flags), [{"alert_id": "alert 2", "keep": True}])
        removed = retention.remove_old(connection, NOW)
        left = connection.execute(select(alerts.c.number).order_by(alerts.c.number)).scalars().all()
    assert removed.alerts == 1
    assert left == [2, 3, 4]
    assert str(removed) == "1 alerts"


def test_open_deaf_interval_stays(record: Database) -> None:
    with record.write() as connection:
        for name, ended_at in (("a", OLD), ("b", None)):
            gone = deaf.DeafInterval(name, "wx", "162.550", OLD, ended_at, "unplugged")
            deaf.record(connection, gone)
        assert retention.remove_old(connection, NOW).deaf_intervals == 1
        assert [one.interval_id for one in deaf.open_intervals(connection)] == ["b"]


def test_last_ten_runs_of_a_job_stay_however_old(record: Database) -> None:
    with record.write() as connection:
        for day in range(15):
            at = OLD + timedelta(days=day)
            jobs.record_run(connection, jobs.JobRun(str(day), "maintenance", at, at, at, "changed"))
        assert retention.remove_old(connection, NOW).job_runs == 5
        left = jobs.last_runs(connection, 50)["maintenance"]
        assert [run.run_id for run in left] == [str(day) for day in range(14, 4, -1)]
        assert jobs.totals(connection)[0].runs == 15


def test_ten_minute_spans_become_hours_and_keep_their_extremes(record: Database) -> None:
    hour = NOW.replace(hour=0) - timedelta(days=20)
    spans = [
        HealthSample("wx", "162.550", "snr_db", hour + timedelta(minutes=10 * i), i, 10 + i, 40, 2)
        for i in range(12)
    ]
    fresh = HealthSample("wx", "162.550", "snr_db", NOW - timedelta(hours=1), 1, 2, 3, 4)
    with record.write() as connection:
        health_history.record(connection, [*spans, fresh])
        assert retention.roll_up(connection, NOW) == 10
        ask = (connection, "wx", "162.550", "snr_db", hour, NOW)
        joined = health_history.series(*ask, span_s=3600)
        assert [(one.lowest, one.mean, one.highest, one.samples) for one in joined] == [
            (0, 12.5, 40, 12),
            (6, 18.5, 40, 12),
        ]
        assert health_history.series(*ask) == (fresh,)
        assert retention.roll_up(connection, NOW) == 0
