"""Sessions, in the keyring: they survive a restart, and a logout ends them at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection

from eas_station.store.keys.keyring import hash_of

SECRET_BYTES = 32
TOUCH_EVERY_S = 60.0  # reading the page must not write to the disk each time
CLOCK_SLACK_S = 600.0  # a session from the future: the clock was wrong, then or now
MOST_OF_ONE = 20  # sessions of one operator; the least recently used one is removed


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lasts."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """One login."""

    hash: str
    name: str  # of the operator


def begin(connection: Connection, name: str, address: str, at: datetime) -> str:
    """Start a session; return the secret for its cookie."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    at_s = at.timestamp()
    connection.execute(
        "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE name = ?"
        " ORDER BY used_s DESC LIMIT -1 OFFSET ?)",
        (name, MOST_OF_ONE - 1),
    )
    connection.execute(
        "INSERT INTO sessions (hash, name, address, began_s, used_s) VALUES (?, ?, ?, ?, ?)",
        (hash_of(secret), name, address, at_s, at_s),
    )
    return secret


def find(
    connection: Connection, secret: str, lifetimes: Lifetimes, now: datetime
) -> Session | None:
    """The session of this secret, unless it has ended; it counts as used now."""
    session_hash, now_s = hash_of(secret), now.timestamp()
    found = connection.execute(
        "SELECT name, began_s, used_s FROM sessions WHERE hash = ?", (session_hash,)
    ).fetchone()
    if found is None:
        return None
    name, began_s, used_s = found
    ages_s = (now_s - used_s, now_s - began_s)
    limits_s = (lifetimes.idle.total_seconds(), lifetimes.longest.total_seconds())
    if any(not -CLOCK_SLACK_S <= a <= b for a, b in zip(ages_s, limits_s, strict=True)):
        end(connection, session_hash)
        return None
    if abs(ages_s[0]) >= TOUCH_EVERY_S:
        connection.execute("UPDATE sessions SET used_s = ? WHERE hash = ?", (now_s, session_hash))
    return Session(session_hash, name)


def end(connection: Connection, session_hash: str) -> None:
    """End a session."""
    connection.execute("DELETE FROM sessions WHERE hash = ?", (session_hash,))


def forget_ended(connection: Connection, lifetimes: Lifetimes, now: datetime) -> int:
    """Remove expired sessions; return how many."""
    now_s = now.timestamp()
    idle_s = now_s - lifetimes.idle.total_seconds()
    longest_s = now_s - lifetimes.longest.total_seconds()
    removed = connection.execute(
        "DELETE FROM sessions WHERE used_s < ? OR began_s < ?", (idle_s, longest_s)
    )
    return removed.rowcount
