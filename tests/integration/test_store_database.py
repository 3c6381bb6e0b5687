"""Transactions, deadlines, and a database that goes away and comes back."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.errors import StoreError
from eas_station.store.alerts import alert_queries
from eas_station.store.database.alert_tables import numbers
from eas_station.store.database.database import Database
from eas_station.store.database.record_tables import meta
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool
from eas_station.store.upkeep import migrate

FOR_EVER = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}
A_MOMENT = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 900000)"
    " SELECT max(i), :secret FROM n",
    "postgresql": "SELECT pg_sleep(0.1), CAST(:secret AS text)",
}


def test_a_write_is_committed_whole_or_not_at_all(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(meta), [{"name": "a", "value": "1"}])
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(insert(meta), [{"name": "b", "value": "1"}])
        raise ZeroDivisionError
    with database.read() as connection:
        names = set(connection.execute(select(meta.c.name)).scalars())
    assert {"a", "b"} & names == {"a"}


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.read() as reading:
        assert alert_queries.last_change_id(reading) == 0
        with database.write() as writing:
            writing.execute(update(numbers).values(last=7))
        assert alert_queries.last_change_id(reading) == 0
    with database.read() as reading:
        assert alert_queries.last_change_id(reading) == 7


def test_there_is_one_writer_at_a_time(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(2)]

    def count_up(database: Database) -> None:
        for _ in range(40):
            with database.write() as connection:
                last = alert_queries.last_change_id(connection)
                connection.execute(update(numbers).values(last=last + 1))

    threads = [threading.Thread(target=count_up, args=(d,)) for d in databases for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with databases[0].read() as connection:
        assert alert_queries.last_change_id(connection) == 160
    for database in databases:
        database.close()


def test_a_writer_that_waits_too_long_fails(database_url: str) -> None:
    holder = Database(database_url)
    waiter = Database(database_url, statement_timeout_s=0.2)
    with holder.write(), pytest.raises(StoreError, match="retrying"), waiter.write():
        pytest.fail("two writers at once")
    with waiter.write() as connection:
        assert alert_queries.last_change_id(connection) == 0
    holder.close()
    waiter.close()


def test_a_statement_has_a_deadline(database_url: str) -> None:
    database = Database(database_url, statement_timeout_s=0.2)
    with pytest.raises(StoreError, match="too long"), database.read() as connection:
        connection.execute(text(FOR_EVER[database.dialect])).all()
    with database.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


def test_one_transaction_can_be_given_less_time_than_the_others(database_url: str) -> None:
    database = Database(database_url, statement_timeout_s=30.0, pool_size=1)
    for transaction in (database.read, database.write):
        with pytest.raises(StoreError, match="too long"), transaction(0.2) as connection:
            connection.execute(text(FOR_EVER[database.dialect])).all()
        with transaction() as connection:  # the same connection, with all its time again
            connection.execute(text(A_MOMENT[database.dialect]), {"secret": "x"}).all()
        if database.dialect == "postgresql":
            with transaction() as connection:
                shown = connection.execute(text("SHOW statement_timeout")).scalar()
            assert shown == "30s"
    database.close()


def test_a_slow_statement_is_logged_without_its_values(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(database_url, slow_query_s=0.02)
    with caplog.at_level(logging.WARNING), database.read() as connection:
        connection.execute(text("SELECT 1")).all()
        connection.execute(text(A_MOMENT[database.dialect]), {"secret": "hunter2"}).all()
    (record,) = [r for r in caplog.records if "slow query" in r.getMessage()]
    assert "SELECT" in record.getMessage()
    assert "hunter2" not in record.getMessage()
    database.close()


def test_a_missing_schema_is_a_sentence_that_helps(postgresql_url: str, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for url in (postgresql_url, f"sqlite:///{tmp_path / 'empty.db'}"):
        database = Database(url)
        with pytest.raises(StoreError, match="eas-ctl db upgrade"), database.read() as connection:
            alert_queries.active(connection, None)
        database.close()


def test_a_file_that_is_no_database_is_a_sentence_that_helps(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"garbage" * 1000)
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StoreError, match="backup"), database.read() as connection:
        alert_queries.active(connection, None)


def test_a_wrong_query_is_a_bug_not_an_outage(database: Database) -> None:
    with pytest.raises(Exception, match=r"UNIQUE|unique") as raised, database.write() as connection:
        connection.execute(insert(meta), [{"name": "database_id", "value": "again"}])
    assert not isinstance(raised.value, StoreError)


@pytest.mark.postgresql
def test_a_reader_cannot_write_to_postgresql(migrated_postgresql_url: str) -> None:
    database = Database(migrated_postgresql_url)
    with pytest.raises(StoreError, match="read-only"), database.read() as connection:
        connection.execute(update(numbers).values(last=9))
    with database.write() as connection:
        connection.execute(update(numbers).values(last=8))
    database.close()


@pytest.mark.postgresql
def test_times_are_utc_whatever_the_server_thinks(migrated_postgresql_url: str) -> None:
    database = Database(migrated_postgresql_url)
    with database.read() as connection:
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
    database.close()


def test_more_threads_than_connections_wait_their_turn(database_url: str) -> None:
    database = Database(database_url, pool_size=2)
    seen: list[int] = []

    def ask() -> None:
        with database.read() as connection:
            seen.append(alert_queries.last_change_id(connection))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0] * 12
    database.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_goes_away_loses_nothing_and_doubles_nothing(
    own_cluster: Any, admission: Admission, heard: Any, spool: Spool, mode: str
) -> None:
    url = own_cluster.url()
    migrate.upgrade(url)
    database = Database(url)
    told: list[int] = []
    flusher = Flusher(
        spool, database, admission, admission.now, lambda change: told.append(change.change_id)
    )
    announced: list[str] = []
    intake = Intake(spool, lambda reception, _: announced.append(reception.reception_id))

    intake.take_all([heard.by_cap(f"before {n}") for n in range(5)])
    assert flusher.run_once() == 5
    own_cluster.stop(mode)
    for n in range(200):
        intake.take(heard.by_cap(f"during {n}"))
        if n % 50 == 0:
            with pytest.raises(StoreError, match="database"):
                flusher.run_once()
    assert len(announced) == 205
    assert spool.depth() == 200
    own_cluster.start()
    while flusher.run_once():
        pass

    with database.read() as connection:
        page = alert_queries.page(connection, "all", 500)
        changes = alert_queries.changes_after(connection, 0, 1000)
    headlines = [alert.headline for alert in reversed(page.alerts)]
    assert headlines == [
        *(f"Flood Warning before {n}" for n in range(5)),
        *(f"Flood Warning during {n}" for n in range(200)),
    ]
    assert [change.change_id for change in changes] == told == list(range(1, 206))
    database.close()
