"""Export and import of all tables, for backups and for moving to another database.

A row is a dict of plain JSON values, the same on PostgreSQL and SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from eas_station.errors import FrameError
from eas_station.store.database.alert_tables import alerts
from eas_station.store.database.columns import UtcTime
from eas_station.store.database.record_tables import meta
from eas_station.store.database.revision import alembic_version
from eas_station.store.database.schema import metadata

BATCH = 500  # rows per statement
TABLES: tuple[Table, ...] = tuple(metadata.sorted_tables)  # a row's parents come first
MOVED = "moved"  # a revision: no daemon writes to this database

Row = Mapping[str, Any]


def rows(connection: Connection, table: Table) -> Iterator[Row]:
    """Every row of a table, in the order of its key."""
    wanted = select(table).order_by(*table.primary_key.columns)
    found = connection.execute(wanted.execution_options(yield_per=BATCH))
    for row in found.mappings():
        yield {name: _to_plain(row[name]) for name in table.columns.keys()}


def count(connection: Connection, table: Table) -> int:
    """The number of rows of a table."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def alert_count(connection: Connection) -> int:
    """The number of alerts."""
    return count(connection, alerts)


def database_id(connection: Connection) -> str | None:
    """Identifies the database; a copy has the same id."""
    wanted = select(meta.c.value).where(meta.c.name == "database_id")
    return connection.execute(wanted).scalar()


def clear(connection: Connection) -> None:
    """Delete every row of every table."""
    for table in reversed(TABLES):
        connection.execute(delete(table))


def fill(connection: Connection, rows_of: Callable[[Table], Iterable[Row]]) -> dict[str, int]:
    """Insert all rows into empty tables; return how many, by table. Raises FrameError."""
    filled = {}
    for table in TABLES:
        readers = {c.name: _reader(c.type) for c in table.columns}
        source = iter(rows_of(table))
        filled[table.name] = 0
        while batch := [_from_plain(table, row, readers) for row in islice(source, BATCH)]:
            connection.execute(insert(table), batch)
            filled[table.name] += len(batch)
    return filled


def close_for_good(connection: Connection) -> None:
    """Stop all writing to this database: the daemons spool until they use the new one."""
    connection.execute(update(alembic_version).values(version_num=MOVED))


def _to_plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value


def _reader(kind: Any) -> Callable[[Any], Any]:
    return datetime.fromisoformat if isinstance(kind, UtcTime) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _from_plain(
    table: Table, row: Row, readers: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    if row.keys() != readers.keys():
        strange = sorted(row.keys() ^ readers.keys())
        raise FrameError(f"a row of {table.name} has other columns: {', '.join(strange)}")
    try:
        return {
            name: None if row[name] is None else read(row[name]) for name, read in readers.items()
        }
    except (TypeError, ValueError) as error:
        raise FrameError(f"a row of {table.name} is damaged: {error}") from error
