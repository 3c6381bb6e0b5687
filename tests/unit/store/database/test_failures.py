"""A refusal says in one sentence what to do."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import exc

from eas_station.store.database.failures import as_store_error, is_operational


class Refused(Exception):
    """What psycopg2 raises."""

    def __init__(self, pgcode: str | None, text: str) -> None:
        super().__init__(text)
        self.pgcode = pgcode


@pytest.mark.parametrize(
    ("pgcode", "said", "advice"),
    [
        (
            None,
            'connection to server on socket "/run/x" failed: No such file',
            "check that its server",
        ),
        (None, 'FATAL:  role "eas-capd" does not exist', "create its role"),
        (None, 'FATAL:  database "eas_station" does not exist', "no such database"),
        (None, 'FATAL:  Peer authentication failed for user "x"', "create its role"),
        ("42P01", 'relation "alerts" does not exist', "eas-ctl db upgrade"),
        ("42703", 'column "x" does not exist', "another version"),
        ("42501", "permission denied for table alerts", "grant"),
        ("53100", "could not extend file", "free space"),
        ("57014", "canceling statement due to statement timeout", "too long"),
        ("57P01", "terminating connection", "starting or stopping"),
        ("57P03", "the database system is starting up", "starting or stopping"),
        ("53300", "too many clients", "max_connections"),
        ("25006", "cannot execute INSERT in a read-only transaction", "read-only"),
        ("08006", "server closed the connection", "lost the connection"),
        ("99999", "something new", "does not respond"),
    ],
)
def test_of_postgresql(pgcode: str | None, said: str, advice: str) -> None:
    error = exc.OperationalError("SELECT secret", {}, Refused(pgcode, said))
    assert is_operational(error)
    sentence = str(as_store_error(error))
    assert advice in sentence
    assert said.split()[-1] in sentence
    assert "SELECT" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("unable to open database file", "eas-ctl db upgrade"),
        ("no such table: alerts", "eas-ctl db upgrade"),
        ("table alerts has no column named x", "eas-ctl db upgrade"),
        ("attempt to write a readonly database", "owner and mode"),
        ("database or disk is full", "free space"),
        ("database is locked", "another process"),
        ("interrupted", "too long"),
        ("database disk image is malformed", "backup"),
        ("file is not a database", "backup"),
        ("disk I/O error", "dmesg"),
    ],
)
def test_of_sqlite(said: str, advice: str) -> None:
    error = exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))
    assert is_operational(error)
    assert advice in str(as_store_error(error))


def test_a_pool_without_a_free_connection_is_waited_for() -> None:
    assert is_operational(exc.TimeoutError("QueuePool limit"))
    assert "busy" in str(as_store_error(exc.TimeoutError("QueuePool limit")))


@pytest.mark.parametrize(
    "error",
    [
        exc.IntegrityError("INSERT", {}, Refused("23505", "duplicate key")),
        exc.DataError("INSERT", {}, Refused("22021", "invalid byte sequence")),
        exc.OperationalError("INSERT", {}, Refused("54000", "index row size exceeds maximum")),
        exc.InterfaceError("INSERT", {}, sqlite3.ProgrammingError("Error binding parameter")),
        exc.CompileError("no such dialect"),
    ],
)
def test_a_row_that_is_to_blame_is_not_the_databases_fault(error: exc.SQLAlchemyError) -> None:
    assert not is_operational(error)
