"""The record goes from SQLite to PostgreSQL and back, and the roles get what they need."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, text

from eas_station.config.model import Config, DatabaseConfig, PathsConfig
from eas_station.ctl.record import db_move
from eas_station.ctl.record.before_migration import dump_before_migration
from eas_station.store.database import database
from eas_station.store.database.record_tables import audit, job_totals
from eas_station.store.upkeep import grants, migrate, retention, transfer, vacuum

AT = datetime(2026, 3, 2, 2, 0, 0, 123456, tzinfo=UTC)


def all_rows(url: str) -> dict[str, list[transfer.Row]]:
    with database.Database(url).read() as connection:
        return {table.name: list(transfer.rows(connection, table)) for table in transfer.TABLES}


def test_every_row_survives_both_ways(tmp_path: Path, postgresql_url: str) -> None:
    first, last = (f"sqlite:///{tmp_path / name}.sqlite" for name in ("first", "last"))
    migrate.upgrade(first)
    said = {"who": "Zoë\u2028", "action": "keep", "outcome": "done", "detail": None, "at": AT}
    with database.Database(first).write() as connection:
        rows = [{"audit_id": f"{number:05}", **said} for number in range(1234)]
        connection.execute(insert(audit), rows)
        total = {"job": "x", "runs": 1 << 40, "errors": 0, "missed": 0, "last_run_at": AT}
        connection.execute(insert(job_totals), [total])
    before = all_rows(first)
    db_move.copy(first, postgresql_url)
    assert all_rows(postgresql_url) == before
    db_move.copy(postgresql_url, last)
    assert all_rows(last) == before


def test_role_may_do_what_it_needs_and_no_more(postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    role = "eas-webd"
    record = database.Database(postgresql_url)
    with record.write() as connection:
        connection.execute(text(f'DROP ROLE IF EXISTS "{role}"'))
        connection.execute(text(f'CREATE ROLE "{role}"'))
        grants.grant_all(connection)

        def may(privilege: str, table: str) -> bool:
            ask = text("SELECT has_table_privilege(:role, :table, :privilege)")
            values = {"role": role, "table": table, "privilege": privilege}
            return bool(connection.execute(ask, values).scalar())

        assert may("SELECT", "alerts")
        assert may("SELECT", "alembic_version")
        assert not may("UPDATE", "alerts")
        column = "SELECT has_column_privilege(:role, 'alerts', :column, 'UPDATE')"
        for name, expected in (("ended_at", True), ("end_reason", True), ("headline", False)):
            given = connection.execute(text(column), {"role": role, "column": name}).scalar()
            assert given is expected, name
        assert may("INSERT", "changes")
        assert not may("UPDATE", "changes")
        assert not may("DELETE", "alerts")
        assert not may("UPDATE", "alembic_version")
        for table in ("alert_flags", "audit", "clips", "desired_states", "settings"):
            assert may("INSERT", table), table
            assert may("UPDATE", table), table
        connection.execute(text(f'DROP OWNED BY "{role}"'))
        connection.execute(text(f'DROP ROLE "{role}"'))
    record.close()


def test_daily_work_on_both_databases(database_url: str) -> None:
    record = database.Database(database_url)
    with record.write() as connection:
        assert str(retention.remove_old(connection, AT)) == "nothing"
        assert retention.roll_up(connection, AT) == 0
    assert vacuum.tidy(record)
    record.close()


def test_dump_of_a_server_is_whole(tmp_path: Path, postgresql_url: str) -> None:
    migrate.upgrade(postgresql_url)
    paths = PathsConfig(tmp_path, tmp_path / "run")
    config = Config(paths=paths, database=DatabaseConfig(url=postgresql_url))
    path = dump_before_migration(config, "0001")
    assert path.read_bytes()[:5] == b"PGDMP"
