"""The schema comes whole, once, and is what the code says it is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from eas_station.ctl import main as ctl
from eas_station.errors import StoreError
from eas_station.store.alerts import alert_queries, flags
from eas_station.store.database.database import Database
from eas_station.store.database.revision import demand_current
from eas_station.store.database.schema import REVISION, metadata
from eas_station.store.upkeep import migrate
from eas_station.store.upkeep.transfer import database_id

INDEX_OF_WORDS = ("ix_alerts_words", "alert_words")  # made by SQL of their own


def tables_of(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_the_code_needs_the_newest_migration() -> None:
    assert ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head() == REVISION


def test_an_empty_database_becomes_current_and_stays_so(empty_database_url: str) -> None:
    assert migrate.upgrade(empty_database_url) == REVISION
    assert migrate.revision(empty_database_url) == REVISION
    with Database(empty_database_url).read() as connection:
        before = database_id(connection)
    assert migrate.upgrade(empty_database_url) == REVISION
    with Database(empty_database_url).read() as connection:
        assert database_id(connection) == before
        assert alert_queries.last_change_id(connection) == 0
        demand_current(connection)


def test_the_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: (
                    kind not in ("table", "index") or not name.startswith(INDEX_OF_WORDS)
                ),
            },
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_postgresql_database_without_schema_has_no_revision(postgresql_url: str) -> None:
    assert migrate.revision(postgresql_url) is None
    assert migrate.revision(postgresql_url) != REVISION


def test_asking_for_the_revision_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="eas-ctl db upgrade"):
        migrate.revision(f"sqlite:///{tmp_path / 'none.db'}")
    assert not (tmp_path / "none.db").exists()


def test_a_migration_that_fails_leaves_everything_as_it_was(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE audit (mine integer)"))
    engine.dispose()
    with pytest.raises(StoreError, match="other tables"):
        migrate.upgrade(empty_database_url)
    assert tables_of(empty_database_url) == {"audit"}


def test_several_at_once_make_one_schema(empty_database_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(migrate.upgrade, [empty_database_url] * 3))
    assert made == [REVISION] * 3
    assert migrate.revision(empty_database_url) == REVISION
    with Database(empty_database_url).read() as connection:
        assert alert_queries.last_change_id(connection) == 0


def test_the_schema_of_a_newer_version_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        migrate.upgrade(database_url)
    with database.read() as connection, pytest.raises(StoreError, match="eas-ctl db upgrade"):
        demand_current(connection)
    database.close()


def test_a_new_file_is_for_all_daemons_of_the_group_and_for_nobody_else(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'station.db'}")
    with Database(f"sqlite:///{tmp_path / 'station.db'}").write() as connection:
        connection.execute(text("UPDATE meta SET value = 'x'"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("station.db", "station.db-wal", "station.db-shm"), 0o660)


def test_every_database_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = set()
    for name in ("a", "b"):
        url = f"sqlite:///{tmp_path / name}.db"
        migrate.upgrade(url)
        with Database(url).read() as connection:
            names.add(database_id(connection))
    assert len(names) == 2


STORED = datetime(2026, 5, 1, 20, 4, tzinfo=UTC)
STATEMENT = """{"kind": "alert", "status": "actual", "event_name": "Winter Storm Warning",
"issued_at": "2026-01-01T09:41:00Z", "ugc_codes": ["OKZ025"], "events": [{"key":
"KOUN.WS.W.0001.2026", "action": "CON", "product_class": "O", "begins_at": null,
"ends_at": "2026-01-02T00:00:00Z"}]}"""


def fill_first_schema(url: str) -> None:
    """A database of the first schema: alerts with an end, without one, and of unknown time."""
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        utc = STORED if engine.dialect.name == "postgresql" else "2026-05-01 20:04:00.000000"
        for number, (name, ends_at) in enumerate([("a", utc), ("b", None), ("c", None)]):
            values = {"number": number, "name": name, "utc": utc, "ends_at": ends_at}
            values |= {"statement": STATEMENT, "trusted": name != "c"}
            for statement in (
                """INSERT INTO alerts (number, alert_id, status, is_test, event_name, issued_at,
                first_received_at, last_received_at, ends_at, same_codes, ugc_codes, polygons,
                relevance, reception_count, relevant, severity_rank) VALUES (:number, :name,
                'actual', false, 'Yellow ice', :utc, :utc, :utc, :ends_at, '[]', '["OKZ025"]',
                '[]', '{"relevant": true, "rule": "ugc", "trace": []}', 1, true, 5)""",
                """INSERT INTO receptions (number, reception_id, via, origin, received_at, raw,
                statement, clock_trusted) VALUES (:number, :name, 'cap', 'nws', :utc, 'x',
                :statement, :trusted)""",
                "INSERT INTO alert_receptions VALUES (:name, :name)",
                "INSERT INTO alert_flags (alert_id, note) VALUES (:name, 'mine')",
                """INSERT INTO changes (change_id, alert_id, kind, at, why)
                VALUES (:number, :name, 'new', :utc, 'first heard by nws')""",
            ):
                connection.execute(text(statement), values)
    engine.dispose()


def test_a_record_of_the_first_schema_keeps_all_it_has(empty_database_url: str) -> None:
    fill_first_schema(empty_database_url)
    migrate.upgrade(empty_database_url)
    database = Database(empty_database_url)
    with database.read() as connection:
        found = alert_queries.by_ids(connection, ["a", "b", "c"])
        heard = alert_queries.receptions_of(connection, ["b"])["b"]
        changes = alert_queries.changes_after(connection, -1, 10)
        noted = flags.of(connection, ["b"])["b"]
    database.close()
    ends = {name: (alert.ends_at, alert.end_kind) for name, alert in found.items()}
    assert ends == {
        "a": (STORED, "time"),
        "b": (STORED + timedelta(hours=24), "no_end_given"),
        "c": (None, "time"),  # heard by an untrusted clock: dated when that is right
    }
    assert (found["a"].events, found["a"].next_change_at, found["a"].doubt) == ((), None, None)
    assert heard[0].statement.events[0].key == "KOUN.WS.W.0001.2026"
    assert [(change.alert_id, change.other_id) for change in changes] == [
        *(("a", None), ("b", None), ("c", None))
    ]
    assert (noted.note, noted.hidden_at) == ("mine", None)


def test_db_upgrade_and_status_from_the_command_line(
    empty_database_url: str, database_kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "station.toml"
    config.write_text(f'[database]\nurl = "{empty_database_url}"\n')
    options = ["--config", str(config), "--json"]

    def run(*arguments: str) -> tuple[int, Any]:
        status = ctl.main(["db", *arguments])
        output = capsys.readouterr()
        return status, json.loads(output.out) if output.out else output.err

    status, told = run("status", *options)
    if database_kind == "sqlite":  # there is no file yet
        assert status == 2
        assert "eas-ctl db upgrade" in told
    else:
        assert (status, told["revision"], told["current"]) == (1, None, False)
    status, told = run("upgrade", *options)
    assert (status, told["revision"], told["needed"], told["current"]) == (
        *(0, REVISION, REVISION),
        True,
    )
    status, told = run("status", *options)
    assert (status, told["current"]) == (0, True)
