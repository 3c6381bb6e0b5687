"""What a refusing database or spool means, in one sentence that says what to do."""

from __future__ import annotations

import sqlite3

from sqlalchemy import exc

from eas_station.errors import StoreError

# SQLSTATE → what is the matter (PostgreSQL, appendix A); the longest prefix decides.
BY_SQLSTATE = {
    "08": "the connection to the database broke; it is tried again",
    "25006": "the database is read-only: point [database] url at the primary server",
    "28": "the database refuses this user: create its role, or mend [database] url",
    "3D000": "there is no such database: create it, or mend [database] url",
    "42P01": "the database has no schema yet: run 'eas-ctl db upgrade'",
    "42P07": "the database holds other tables: give the station one of its own",
    "42703": "the database's schema is another version's: run 'eas-ctl db upgrade'",
    "42501": "this user may not use the tables: grant its role what it needs",
    "53100": "the database's disk is full: make room on it",
    "53300": "the database has no free connection: raise its max_connections",
    "55P03": "another process holds the database; it is tried again",
    "57014": "the database took too long; it is tried again",
    "57P": "the database is starting or stopping; it is tried again",
    "40": "another transaction was in the way; it is tried again",
}
# The same for SQLite, which says it in words only.
BY_WORDS = {
    "unable to open": "the database file cannot be opened: run 'eas-ctl db upgrade'",
    "no such table": "the database has no schema yet: run 'eas-ctl db upgrade'",
    "already exists": "the database holds other tables: give the station one of its own",
    "no such column": "the database's schema is another version's: run 'eas-ctl db upgrade'",
    "has no column": "the database's schema is another version's: run 'eas-ctl db upgrade'",
    "readonly": "this user may not write the database file: mend its owner and mode",
    "is full": "the database's disk is full: make room on it",
    "locked": "another process holds the database; it is tried again",
    "interrupted": "the database took too long; it is tried again",
    "malformed": "the database file is damaged: restore it from a backup",
    "not a database": "the database file is damaged: restore it from a backup",
    "disk i/o": "the database's disk fails: look at it with dmesg",
}
DATA_SQLSTATES = ("22", "23", "54")  # the row is at fault, and will be every time


def is_operational(error: exc.SQLAlchemyError) -> bool:
    """Is the database at fault, so that the same row may pass later?

    A row that breaks a constraint, a type or a limit is a bug of ours: not operational.
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
    """The same failure as one sentence."""
    if isinstance(error, exc.TimeoutError):
        return StoreError("every connection to the database is busy; it is tried again")
    cause = getattr(error, "orig", None) or error
    said = " ".join(str(cause).split())[:300]
    return StoreError(f"{_meaning(sqlstate(error), said)} ({said})")


def sqlstate(error: exc.SQLAlchemyError) -> str:
    """PostgreSQL's five-character code; "" if it gave none, as without a connection."""
    code = getattr(getattr(error, "orig", None), "pgcode", None)
    return code if isinstance(code, str) else ""


def _meaning(code: str, said: str) -> str:
    for prefix in sorted(BY_SQLSTATE, key=len, reverse=True):
        if code and code.startswith(prefix):
            return BY_SQLSTATE[prefix]
    lowered = said.lower()
    for words, meaning in BY_WORDS.items():
        if words in lowered:
            return meaning
    if "role " in lowered or "authentication failed" in lowered:
        return BY_SQLSTATE["28"]
    if 'database "' in lowered and "does not exist" in lowered:
        return BY_SQLSTATE["3D000"]
    return "the database does not answer: is its server running?"
