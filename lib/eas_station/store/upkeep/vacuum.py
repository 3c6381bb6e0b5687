"""What a database likes to have done daily, after many rows were deleted."""

from __future__ import annotations

from sqlalchemy import Connection

from eas_station.store.database.database import Database
from eas_station.store.upkeep.transfer import TABLES

WORTH_IT = 0.2  # SQLite rewrites its whole file: only if this share of it is free


def tidy(database: Database) -> str:
    """Give room back and renew the planner's knowledge; says what was done. Raises StoreError."""
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
    if free > WORTH_IT * pages:
        connection.exec_driver_sql("VACUUM")
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return f"{free} of {pages} pages were free"
