"""Failures of the database, each as one sentence with what to do."""

from __future__ import annotations

import sqlite3

from sqlalchemy import exc

from eas_station.errors import StoreError

# SQLSTATE → the sentence (PostgreSQL, appendix A); the longest prefix decides.
BY_SQLSTATE = {
    "08": "lost the connection to the database; retrying",
    "25006": "the database is read-only: point [database] url at the primary server",
    "28": "the database refuses this user: create its role, or correct [database] url",
    "3D000": "there is no such database: create it, or correct [database] url",
    "42P01": "the database has no schema yet: run 'eas-ctl db upgrade'",
    "42P07": "the database contains other tables: use one for the station alone",
    "42703": "the database has the schema of another version: run 'eas-ctl db upgrade'",
    "42501": "this user may not use the tables: grant its role the privileges",
    "53100": "the disk of the database is full: free space on it",
    "53300": "the database has no free connection: raise max_connections",
    "55P03": "another process has locked the database; retrying",
    "57014": "the database took too long; retrying",
    "57P": "the database is starting or stopping; retrying",
    "40": "the transaction conflicted with another; retrying",
}
# Texts of SQLite → the sentence.
BY_WORDS = {
    "unable to open": "cannot open the database file: run 'eas-ctl db upgrade'",
    "no such table": "the database has no schema yet: run 'eas-ctl db upgrade'",
    "already exists": "the database contains other tables: use one for the station alone",
    "no such column": "the database has the schema of another version: run 'eas-ctl db upgrade'",
    "has no column": "the database has the schema of another version: run 'eas-ctl db upgrade'",
    "readonly": "this user may not write the database file: correct its owner and mode",
    "is full": "the disk of the database is full: free space on it",
    "locked": "another process has locked the database; retrying",
    "interrupted": "the database took too long; retrying",
    "malformed": "the database file is damaged: restore it from a backup",
    "not a database": "the database file is damaged: restore it from a backup",
    "disk i/o": "the disk of the database has errors: see dmesg",
}
DATA_SQLSTATES = ("22", "23", "54")  # caused by the row, so it would fail again


def is_operational(error: exc.SQLAlchemyError) -> bool:
    """Whether the database failed, so that the same row may succeed later.

    A row that violates a constraint, a type or a limit is a bug: not operational.
    """
    if isinstance(error, exc.TimeoutError):
        return True  # no free connection in the pool
    if not isinstance(error, exc.DBAPIError):
        return False
    if isinstance(error, (exc.IntegrityError, exc.DataError)):
        return False
    if isinstance(error.orig, sqlite3.ProgrammingError):
        return False
    return not sqlstate(error).startswith(DATA_SQLSTATES)


def as_store_error(error: exc.SQLAlchemyError) -> StoreError:
    """The failure as one sentence."""
    if isinstance(error, exc.TimeoutError):
        return StoreError("all connections to the database are busy; retrying")
    cause = getattr(error, "orig", None) or error
    text = " ".join(str(cause).split())[:300]
    return StoreError(f"{_meaning(sqlstate(error), text)} ({text})")


def sqlstate(error: exc.SQLAlchemyError) -> str:
    """PostgreSQL's five-character code; "" without one, as without a connection."""
    code = getattr(getattr(error, "orig", None), "pgcode", None)
    return code if isinstance(code, str) else ""


def _meaning(code: str, text: str) -> str:
    for prefix in sorted(BY_SQLSTATE, key=len, reverse=True):
        if code and code.startswith(prefix):
            return BY_SQLSTATE[prefix]
    lowered = text.lower()
    for words, meaning in BY_WORDS.items():
        if words in lowered:
            return meaning
    if "role " in lowered or "authentication failed" in lowered:
        return BY_SQLSTATE["28"]
    if 'database "' in lowered and "does not exist" in lowered:
        return BY_SQLSTATE["3D000"]
    return "the database does not respond: check that its server is running"
