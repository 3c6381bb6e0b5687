"""The keyring of the page: passwords, API tokens and sessions, in a file that only eas-webd reads.

A small SQLite file, not tables of the database: all daemons read the database and backups contain
it, and logins must work while it does not respond, or does not exist yet. Of tokens and sessions it
keeps a hash only, so its content gives no access.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from eas_station.errors import StoreError

FOLDER, FILE = "webd", "keys.sqlite"  # below the state folder
BUSY_S = 5.0  # eas-ctl may be writing
SCHEMA = """
CREATE TABLE IF NOT EXISTS logins (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    changed_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    made_s REAL NOT NULL,
    used_s REAL
);
CREATE TABLE IF NOT EXISTS sessions (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    began_s REAL NOT NULL,
    used_s REAL NOT NULL
);
"""


def path_in(state_dir: Path) -> Path:
    """The path of the file."""
    return state_dir / FOLDER / FILE


def hash_of(secret: str) -> str:
    """The hash of a token or a session; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Keyring:
    """The file, as one process uses it; safe for several threads. Opened on first use."""

    def __init__(self, path: Path) -> None:
        """Prepare; a missing folder and file are created, for this user only."""
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed at the end. Raises StoreError."""
        with self._lock:
            try:
                connection = self._opened()
                with connection:
                    yield connection
            except (sqlite3.Error, OSError) as error:
                self._close()
                raise StoreError(f"cannot use {self._path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite creates files by the umask, and its journal like the file.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(self._path, timeout=BUSY_S, check_same_thread=False)
            self._connection.executescript(SCHEMA)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None
