"""Statements of PostgreSQL and SQLite that SQLAlchemy offers per dialect only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, except those whose unique key exists already."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    key: Iterable[str],
    kept: Iterable[str] = (),
) -> None:
    """Insert the rows, or overwrite those with the same key except in the `kept` columns."""
    if not rows:
        return
    insert = _insert(connection, table)
    fixed = {*key, *kept}
    changed = {name: insert.excluded[name] for name in rows[0] if name not in fixed}
    connection.execute(
        insert.on_conflict_do_update(index_elements=list(key), set_=changed), list(rows)
    )


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
