"""Transactions on PostgreSQL or SQLite, and the translation of their failures."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from eas_station.store.database.engines import (
    CONNECT_TIMEOUT_S,
    LONGEST_S,
    LOOSE,
    WRITING,
    make_engine,
    parse_url,
)
from eas_station.store.database.failures import as_store_error, is_operational

log = logging.getLogger(__name__)

LOCK_SPACE = 0x45415353  # "EASS": pg_advisory_xact_lock(space, which)
WRITE_LOCK = 1
SHOWN_STATEMENT = 500  # characters of a slow statement that are logged


class Database:
    """The database, as one process uses it. Connects on first use; safe for several threads."""

    def __init__(
        self,
        url: str,
        *,
        statement_timeout_s: float = 10.0,
        slow_query_s: float = 0.5,
        pool_size: int = 2,
        application_name: str = "eas-station",
        create: bool = False,
        connect_timeout_s: int = CONNECT_TIMEOUT_S,
    ) -> None:
        """Prepare, without connecting. Raises ConfigError on an unusable URL.

        Args:
            url: "postgresql+psycopg2://…" or "sqlite:////path".
            statement_timeout_s: a statement, or a wait for the write lock, that takes longer is
                a StoreError.
            slow_query_s: a statement that takes longer is logged, without its values.
            pool_size: most connections at a time; a further thread waits.
            application_name: seen in pg_stat_activity.
            create: create a missing SQLite file; used by the migration.
            connect_timeout_s: how long a server may take to accept a connection.
        """
        parsed = parse_url(url)
        self.dialect = parsed.get_backend_name()  # "postgresql" or "sqlite"
        self.shown_url = parsed.render_as_string(hide_password=True)
        self._slow_query_s, self._statement_timeout_s = slow_query_s, statement_timeout_s
        engine = make_engine(
            *(parsed, statement_timeout_s, pool_size, application_name, create, connect_timeout_s)
        )
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "after_cursor_execute", self._after_statement)
        self._engine = engine
        self._writer = engine.execution_options(**{WRITING: True})
        self._reader = engine
        if self.dialect == "postgresql":
            self._reader = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def read(self, longest_s: float | None = None) -> Iterator[Connection]:
        """One snapshot: every query in it sees the same moment. Raises StoreError.

        Args:
            longest_s: a statement may take no longer; None: the statement timeout.
        """
        with _translated(), self._reader.connect() as connection:
            self._shorten(connection, longest_s)
            yield connection

    @contextmanager
    def write(self, longest_s: float | None = None) -> Iterator[Connection]:
        """One transaction under the one write lock; committed at the end. Raises StoreError.

        The next writer sees all of it: there is one writer at a time, in all processes.

        Args:
            longest_s: a statement, the wait for the lock too, may take no longer; None: the
                statement timeout. SQLite waits for its lock as long as that in any case.
        """
        with _translated(), self._writer.begin() as connection:
            self._shorten(connection, longest_s)
            if self.dialect == "postgresql":
                lock(connection, WRITE_LOCK)
            yield connection

    @contextmanager
    def outside_transactions(self) -> Iterator[Connection]:
        """For the few statements that cannot run in a transaction. Raises StoreError."""
        server = self.dialect == "postgresql"
        options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if server else {LOOSE: True}
        engine = self._engine.execution_options(**options)
        with _translated(), engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _shorten(self, connection: Connection, longest_s: float | None) -> None:
        """Shorten the statement timeout for this transaction."""
        if longest_s is None:
            return
        if self.dialect == "sqlite":
            connection.info[LONGEST_S] = longest_s
        elif longest_s < self._statement_timeout_s:
            timeout = f"{max(1, round(longest_s * 1000))}ms"
            connection.execute(select(func.set_config("statement_timeout", timeout, True)))

    def _before_statement(self, connection: Connection, *_rest: Any) -> None:
        connection.info["began_s"] = time.monotonic()

    def _after_statement(
        self, connection: Connection, _cursor: Any, statement: str, *_rest: Any
    ) -> None:
        took_s = time.monotonic() - connection.info["began_s"]
        if took_s > self._slow_query_s:
            shown = " ".join(statement.split())[:SHOWN_STATEMENT]
            log.warning("slow query, %.2f s: %s", took_s, shown, extra={"EAS_QUERY_S": took_s})


def lock(connection: Connection, which: int) -> None:
    """Take one of the station's locks until the transaction ends. PostgreSQL only."""
    connection.execute(select(func.pg_advisory_xact_lock(LOCK_SPACE, which)))


@contextmanager
def _translated() -> Iterator[None]:
    """Raise failures of the database as StoreError; errors caused by a row stay as they are."""
    try:
        yield
    except SQLAlchemyError as error:
        if not is_operational(error):
            raise
        raise as_store_error(error) from error
