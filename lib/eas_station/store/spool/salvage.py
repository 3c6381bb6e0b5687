"""A damaged spool: detect it, rename it, and read what is left."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: Exception) -> bool:
    """Whether the file is damaged."""
    return _code(error) in DAMAGE


def is_full(error: Exception) -> bool:
    """Whether the disk is full."""
    return _code(error) == sqlite3.SQLITE_FULL


def demand_sound(connection: sqlite3.Connection) -> None:
    """Read every page once. Raises sqlite3.DatabaseError if one is damaged."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def rename_damaged(path: Path) -> Path:
    """Rename the file together with its write-ahead log; return the new path."""
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    damaged = next(name for name in names if not name.exists())
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(damaged.with_name(damaged.name + suffix))
    path.rename(damaged)
    return damaged


def rows_of(path: Path) -> list[tuple[str, str]]:
    """Kind and body of every waiting row that can still be read, oldest first."""
    found: dict[int, tuple[str, str]] = {}
    for direction in ("ASC", "DESC"):  # from both ends up to the damage
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
            connection.text_factory = bytes
            rows = connection.execute(
                f"SELECT row_id, kind, body FROM outbox ORDER BY row_id {direction}"  # noqa: S608
            )
            for row_id, kind, body in rows:
                with suppress(UnicodeDecodeError, AttributeError):
                    found[row_id] = (kind.decode(), body.decode())
    return [found[row_id] for row_id in sorted(found)]


def _code(error: Exception) -> int | None:
    """SQLite's primary result code."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
