"""The record, as the commands that read or write it open it."""

from __future__ import annotations

from eas_station.config.model import Config
from eas_station.config.units import CTL
from eas_station.store.database.database import Database


def open_record(config: Config) -> Database:
    """The configured database, by one connection at most."""
    return Database(
        config.database.url,
        statement_timeout_s=config.database.statement_timeout_s,
        slow_query_s=config.database.slow_query_s,
        pool_size=1,
        application_name=CTL,
    )
