"""API tokens for scripts, in the keyring. A token itself is shown once, when it is created."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Literal

from eas_station.errors import InputError
from eas_station.store.keys.keyring import hash_of

Scope = Literal["read", "write"]
PREFIX = "eas_"  # lets secret scanners recognize one
SECRET_BYTES = 32
TOUCH_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Token:
    """One token, without its secret."""

    name: str
    scope: Scope
    made_at: datetime
    used_at: datetime | None = None  # to the minute


def add(connection: Connection, name: str, scope: Scope, at: datetime) -> str:
    """Create a token; return its text. Raises InputError if the name exists."""
    if connection.execute("SELECT 1 FROM tokens WHERE name = ?", (name,)).fetchone():
        raise InputError(f"there is a token {name} already; revoke it first", name)
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    connection.execute(
        "INSERT INTO tokens (name, hash, scope, made_s) VALUES (?, ?, ?, ?)",
        (name, hash_of(secret), scope, at.timestamp()),
    )
    return secret


def revoke(connection: Connection, name: str) -> bool:
    """Revoke a token. False: there is no such token."""
    return connection.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount > 0


def every(connection: Connection) -> tuple[Token, ...]:
    """All tokens, by name."""
    rows = connection.execute("SELECT name, scope, made_s, used_s FROM tokens ORDER BY name")
    return tuple(_token(row) for row in rows)


def find(connection: Connection, secret: str, now: datetime) -> Token | None:
    """The token of this text; it counts as used now."""
    token_hash, now_s = hash_of(secret), now.timestamp()
    wanted = "SELECT name, scope, made_s, used_s FROM tokens WHERE hash = ?"
    row = connection.execute(wanted, (token_hash,)).fetchone()
    if row is None:
        return None
    if row[3] is None or abs(now_s - row[3]) >= TOUCH_EVERY_S:
        connection.execute("UPDATE tokens SET used_s = ? WHERE hash = ?", (now_s, token_hash))
    return _token(row)


def _token(row: tuple[str, Scope, float, float | None]) -> Token:
    name, scope, made_s, used_s = row
    used_at = None if used_s is None else datetime.fromtimestamp(used_s, UTC)
    return Token(name, scope, datetime.fromtimestamp(made_s, UTC), used_at)
