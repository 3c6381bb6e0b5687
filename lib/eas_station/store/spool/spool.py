"""The spool: the outbox of one process on disk. What is committed to it is acknowledged.

SQLite in WAL mode with synchronous=FULL: neither kill -9 nor a power cut loses a committed row.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from eas_station.errors import SpoolError, StoreError
from eas_station.store.spool import salvage
from eas_station.store.spool.texts import clean

log = logging.getLogger(__name__)

T = TypeVar("T")

BUSY_S = 5.0  # one process uses a spool; a backup may lock it for a moment
MOST_HELD = 2000  # rows kept in memory while the disk fails
FREE_PAGES = 256  # 1 MiB; more free pages are returned to the file system
SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE TABLE IF NOT EXISTS quarantine (
    row_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    added_at TEXT NOT NULL,
    quarantined_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    traceback TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """One row waiting for the database."""

    row_id: int  # rises in the order of appending; negative: only in memory
    kind: str
    body: str  # JSON


class Spool:
    """The outbox of one process; safe for several threads. The file is opened on first use."""

    def __init__(self, path: Path) -> None:
        """Prepare; the folder is created if it is missing."""
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._held: dict[int, SpoolRow] = {}
        self._last_held = 0
        self._moved: set[int] = set()  # stored in the database, but not removed from the disk yet

    def append(self, kind: str, body: str) -> int:
        """Commit one row to the disk. Raises StoreError; then the row is not in the spool."""
        return self.append_all(kind, (body,))[0]

    def append_all(self, kind: str, bodies: Sequence[str]) -> tuple[int, ...]:
        """Commit rows in this order, all or none, in one transaction. Raises StoreError."""
        rows = [(kind, clean(body)) for body in bodies]
        with self._lock:
            self._retry_held()
            return self._transact(lambda connection: _insert(connection, rows))

    def hold(self, kind: str, bodies: Sequence[str]) -> bool:
        """Keep rows in memory after the disk failed; False: there are too many.

        `oldest` returns them after the others; they are written to the disk as soon as it works.
        """
        with self._lock:
            if len(self._held) + len(bodies) > MOST_HELD:
                return False
            for body in bodies:
                self._hold(kind, clean(body))
            return True

    def oldest(self, count: int) -> tuple[SpoolRow, ...]:
        """The next rows to move, oldest first. Raises StoreError."""
        wanted = "SELECT row_id, kind, body FROM outbox ORDER BY row_id LIMIT ?"
        with self._lock:
            self._retry_held()
            held = list(self._held.values())
            limit = count + len(self._moved)
            try:
                found = self._transact(lambda c: c.execute(wanted, (limit,)).fetchall())
            except StoreError:
                if not held:
                    raise
                found = []
            waiting = [SpoolRow(*row) for row in found if row[0] not in self._moved]
        return tuple([*waiting, *held][:count])

    def remove(self, row_ids: Iterable[int]) -> None:
        """Remove rows that are stored in the database.

        Raises StoreError if the disk fails; then this process skips them all the same.
        """
        with self._lock:
            self._moved |= {row_id for row_id in row_ids if self._held.pop(row_id, None) is None}
            if self._moved:
                on_disk = [(row_id,) for row_id in sorted(self._moved)]
                self._transact(lambda connection: _delete(connection, on_disk))
                self._moved.clear()
                self._shrink()

    def depth(self) -> int:
        """The number of waiting rows. Raises StoreError."""
        count = "SELECT count(*) FROM outbox"
        with self._lock:
            on_disk: int = self._transact(lambda c: c.execute(count).fetchone()[0])
            return on_disk - len(self._moved) + len(self._held)

    def quarantine(self, row_id: int, traceback: str) -> None:
        """Move a row that hit a bug to the quarantine, with the traceback. Raises StoreError."""
        with self._lock:
            self._retry_held()
            if self._held.pop(row_id, None) is None:
                self._transact(lambda connection: _move(connection, row_id, clean(traceback)))

    def quarantine_depth(self) -> int:
        """The number of rows in quarantine, earlier processes included. Raises StoreError."""
        count = "SELECT count(*) FROM quarantine"
        with self._lock:
            return int(self._transact(lambda c: c.execute(count).fetchone()[0]))

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _hold(self, kind: str, body: str) -> None:
        self._last_held -= 1
        self._held[self._last_held] = SpoolRow(self._last_held, kind, body)

    def _retry_held(self) -> None:
        """Write the rows kept in memory to the disk, if it works again."""
        if self._held:
            with suppress(OSError, sqlite3.Error):
                self._write_held()

    def _write_held(self) -> None:
        rows = [(row.kind, row.body) for row in self._held.values()]
        if rows:
            self._attempt(lambda connection: _insert(connection, rows))
            log.info("%s rows kept in memory are now in the spool", len(rows))
            self._held.clear()

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in one transaction; in a new file if this one is damaged."""
        try:
            return self._attempt(work)
        except (OSError, sqlite3.Error) as error:
            if not salvage.is_full(error):  # on a full disk it could not be opened again
                self.close()
            if not salvage.is_damage(error):
                raise self._as_spool_error(error) from error
        try:
            self._replace_file()
            self._write_held()
            return self._attempt(work)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise self._as_spool_error(error) from error

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        if connection is None:
            connection = self._connection = _open(self.path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _replace_file(self) -> None:
        damaged = salvage.rename_damaged(self.path)
        self._moved.clear()  # the numbers of the new file start again
        rows = salvage.rows_of(damaged)
        for kind, body in rows:
            self._hold(kind, body)
        log.error(
            "the spool %s was damaged and is renamed to %s; %s of its rows were recovered;"
            " check the disk, and keep the file",
            *(self.path, damaged, len(rows)),
        )

    def _shrink(self) -> None:
        connection = self._connection
        if connection is None:
            return
        with suppress(sqlite3.Error):  # the rows are removed in any case
            if connection.execute("PRAGMA freelist_count").fetchone()[0] > FREE_PAGES:
                connection.executescript("PRAGMA incremental_vacuum")  # runs all its steps

    def _as_spool_error(self, error: Exception) -> SpoolError:
        if salvage.is_full(error):
            return SpoolError(f"the disk of the spool {self.path} is full: free space on it")
        return SpoolError(f"cannot use the spool {self.path}: {error}")


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    # A text with flipped bits must not stop the rows behind it: its reader rejects it.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has an effect in a new file only
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 1048576")
        salvage.demand_sound(connection)
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[str, str]]) -> tuple[int, ...]:
    insert = "INSERT INTO outbox (kind, body) VALUES (?, ?)"
    return tuple(connection.execute(insert, row).lastrowid or 0 for row in rows)


def _delete(connection: sqlite3.Connection, row_ids: Sequence[tuple[int]]) -> None:
    connection.executemany("DELETE FROM outbox WHERE row_id = ?", row_ids)


def _move(connection: sqlite3.Connection, row_id: int, traceback: str) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO quarantine (row_id, kind, body, added_at, traceback)"
        " SELECT row_id, kind, body, added_at, ? FROM outbox WHERE row_id = ?",
        (traceback, row_id),
    )
    connection.execute("DELETE FROM outbox WHERE row_id = ?", (row_id,))
