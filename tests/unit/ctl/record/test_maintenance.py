"""The daily maintenance: when it is due, and what it records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from eas_station.config.model import Config, DatabaseConfig, PathsConfig, StationConfig
from eas_station.ctl.record import maintenance
from eas_station.store.database import database
from eas_station.store.records import jobs
from eas_station.store.spool import spool
from eas_station.store.upkeep import migrate

NIGHT = datetime(2026, 3, 2, 2, 0, 10, tzinfo=UTC)


def test_a_run_is_due_at_the_last_02_00_utc() -> None:
    assert maintenance.due_at(NIGHT) == datetime(2026, 3, 2, 2, tzinfo=UTC)
    before = datetime(2026, 3, 2, 1, 59, tzinfo=UTC)
    assert maintenance.due_at(before) == datetime(2026, 3, 1, 2, tzinfo=UTC)


def test_missed_runs_are_counted() -> None:
    assert maintenance.missed_between(NIGHT, NIGHT + timedelta(days=1)) == 0
    assert maintenance.missed_between(NIGHT, NIGHT + timedelta(days=4)) == 3
    assert maintenance.missed_between(NIGHT, NIGHT + timedelta(hours=3)) == 0


def test_a_run_makes_a_backup_and_is_recorded_with_the_missed_runs(tmp_path: Path) -> None:
    config = _config(tmp_path)
    migrate.upgrade(config.database.url)
    record = database.Database(config.database.url)
    outbox = spool.Spool(tmp_path / "m.spool")
    for at in (NIGHT, NIGHT + timedelta(days=3)):
        assert maintenance.maintain(config, record, outbox, partial(_same, at)) == 0
    assert len(list((tmp_path / "state/backups").glob("eas-station-*.tar"))) == 2
    with record.read() as connection:
        runs = jobs.last_runs(connection)["maintenance"]
        totals = jobs.totals(connection)[0]
    assert sorted((run.outcome, run.runs) for run in runs) == [
        ("changed", 1),
        ("changed", 1),
        ("missed", 2),
    ]
    assert (totals.runs, totals.missed) == (2, 2)


def test_a_failed_step_is_recorded_and_the_others_are_done(tmp_path: Path) -> None:
    config = _config(tmp_path)
    migrate.upgrade(config.database.url)
    (tmp_path / "state/backups").write_text("in the way")
    record = database.Database(config.database.url)
    outbox = spool.Spool(tmp_path / "m.spool")
    assert maintenance.maintain(config, record, outbox, lambda: NIGHT) == 2
    with record.read() as connection:
        run = jobs.last_runs(connection)["maintenance"][0]
    assert run.outcome == "failed"
    assert "backup" in (run.error or "")


def test_without_a_database_the_run_waits_in_the_spool(tmp_path: Path) -> None:
    config = _config(tmp_path)
    outbox = spool.Spool(tmp_path / "m.spool")
    record = database.Database(config.database.url)
    assert maintenance.maintain(config, record, outbox, lambda: NIGHT) == 2
    assert [json.loads(row.body)["outcome"] for row in outbox.oldest(10)] == ["failed"]


def test_seven_backups_are_kept(tmp_path: Path) -> None:
    for day in range(1, 11):
        (tmp_path / f"eas-station-202603{day:02}T020000Z.tar").touch()
    assert maintenance.remove_old_backups(tmp_path) == 3
    assert min(path.name for path in tmp_path.iterdir()) == "eas-station-20260304T020000Z.tar"


def _same(at: datetime) -> datetime:
    return at


def _config(tmp_path: Path) -> Config:
    state = tmp_path / "state"
    state.mkdir()
    return Config(
        station=StationConfig(clock="trusted"),
        paths=PathsConfig(state_dir=state, runtime_dir=tmp_path / "run"),
        database=DatabaseConfig(url=f"sqlite:///{state / 'station.sqlite'}"),
    )
