"""The daily vacuum of the database."""

from __future__ import annotations

from sqlalchemy import Connection

from eas_station.store.database.database import Database
from eas_station.store.upkeep.transfer import TABLES

MIN_FREE = 0.2  # SQLite rewrites its whole file: only if this fraction of it is free


def tidy(database: Database) -> str:
    """Free space and update the planner's statistics; return a summary. Raises StoreError."""
    with database.outside_transactions() as connection:
        if database.dialect == "postgresql":
            for table in TABLES:
                connection.exec_driver_sql(f"VACUUM (ANALYZE) {table.name}")
            return f"{len(TABLES)} tables"
        return _tidy_sqlite(connection)


def _tidy_sqlite(connection: Connection) -> str:
    connection.exec_driver_sql("PRAGMA optimize")
    free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    if free > MIN_FREE * pages:
        connection.exec_driver_sql("VACUUM")
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return f"{free} of {pages} pages were free"
