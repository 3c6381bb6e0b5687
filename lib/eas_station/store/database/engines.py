"""SQLAlchemy engines for the two databases, set up alike: UTC, deadlines, full durability."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from eas_station.errors import ConfigError, Fault

CONNECT_TIMEOUT_S = 5
IDLE_IN_TRANSACTION_S = 30  # a stopped process must not keep the write lock
DEADLINE_STEPS = 20_000  # instructions between two checks of the deadline in SQLite, < 1 ms
WRITING = "eas_writing"  # execution option: this transaction takes SQLite's write lock at once
LONGEST_S = "eas_longest_s"  # of a connection: the statement timeout of this transaction
LOOSE = "eas_loose"  # execution option: no transaction, for SQLite's VACUUM


def parse_url(url: str) -> URL:
    """The URL of a PostgreSQL or SQLite database. Raises ConfigError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _unusable(None, f"not a database URL: {error}") from error
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite" and not parsed.database:
        raise _unusable(shown, "must name a file, as sqlite:////var/lib/eas-station/station.db")
    if parsed.drivername not in ("postgresql+psycopg2", "sqlite", "sqlite+pysqlite"):
        raise _unusable(shown, "must begin with postgresql+psycopg2:// or sqlite://")
    return parsed


def make_engine(
    url: URL,
    statement_timeout_s: float,
    pool_size: int,
    application_name: str,
    create: bool = False,
    connect_timeout_s: int = CONNECT_TIMEOUT_S,
) -> Engine:
    """An engine, not yet connected.

    Args:
        create: create a missing SQLite file; otherwise it is an error, so that a reader never
            creates an empty file.
        connect_timeout_s: how long a server may take to accept a connection.
    """
    settings: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": statement_timeout_s,
        "pool_pre_ping": True,
        "json_serializer": _to_json,
    }
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url, statement_timeout_s, create, settings)
        return create_engine(
            url,
            executemany_mode="values_plus_batch",
            connect_args={
                **_postgresql_arguments(statement_timeout_s, application_name),
                "connect_timeout": connect_timeout_s,
            },
            **settings,
        )
    except NoSuchModuleError as error:
        raise _unusable(url.render_as_string(hide_password=True), str(error)) from error


def _postgresql_arguments(statement_timeout_s: float, application_name: str) -> dict[str, Any]:
    options = {
        "statement_timeout": round(statement_timeout_s * 1000),
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_S * 1000,
        "timezone": "UTC",
        "client_min_messages": "warning",
    }
    return {
        "application_name": application_name,
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


def _sqlite_engine(
    url: URL, statement_timeout_s: float, create: bool, settings: dict[str, Any]
) -> Engine:
    path = Path(url.database or "").absolute()
    address = f"file:{quote(str(path))}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=statement_timeout_s,
            isolation_level=None,  # `_begin` starts the transactions
            check_same_thread=False,  # the pool gives a connection to one thread at a time
        )
        connection.execute("PRAGMA foreign_keys = ON")
        # The spool removes a row once it is committed here: NORMAL could lose it in a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 4194304")
        connection.execute("PRAGMA cache_size = -8192")  # KiB: one batch stays in memory
        return connection

    engine = create_engine(url, creator=connect, **settings)
    event.listen(engine, "begin", _begin)
    SqliteTimeout(statement_timeout_s).attach(engine)
    return engine


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(LOOSE, False):
        return
    writing = options.get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


class SqliteTimeout:
    """A statement timeout for SQLite, by its progress handler."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def attach(self, engine: Engine) -> None:
        """Apply to every connection of the engine."""
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "before_cursor_execute", self._executing)
        event.listen(engine, "checkin", self._returned)

    def _connected(self, connection: sqlite3.Connection, record: Any) -> None:
        record.info["deadline_s"] = None
        info = record.info

        def too_late() -> bool:
            deadline_s = info["deadline_s"]
            return deadline_s is not None and time.monotonic() > deadline_s

        connection.set_progress_handler(too_late, DEADLINE_STEPS)

    def _executing(self, connection: Connection, *_rest: Any) -> None:
        longest_s = min(self._timeout_s, connection.info.get(LONGEST_S, self._timeout_s))
        connection.info["deadline_s"] = time.monotonic() + longest_s

    def _returned(self, _connection: sqlite3.Connection, record: Any) -> None:
        record.info.pop(LONGEST_S, None)


def _to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _unusable(value: str | None, message: str) -> ConfigError:
    return ConfigError((Fault("station.toml", None, "database.url", value, message),))
