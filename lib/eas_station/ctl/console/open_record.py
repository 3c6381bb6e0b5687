"""Connections to the database, as the commands use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from eas_station.config.model import Config
from eas_station.config.units import CTL
from eas_station.store.database.database import Database

LONG_STATEMENT_S = 600.0


@contextmanager
def open_record(config: Config) -> Iterator[Database]:
    """The configured database, with one connection."""
    settings = config.database
    database = Database(
        settings.url,
        statement_timeout_s=settings.statement_timeout_s,
        slow_query_s=settings.slow_query_s,
        pool_size=1,
        application_name=CTL,
    )
    with closing(database):
        yield database


@contextmanager
def open_for_long_work(url: str, application_name: str) -> Iterator[Database]:
    """A database with one connection, whose statements may take ten minutes."""
    database = Database(
        url,
        statement_timeout_s=LONG_STATEMENT_S,
        slow_query_s=LONG_STATEMENT_S,
        pool_size=1,
        application_name=application_name,
    )
    with closing(database):
        yield database
