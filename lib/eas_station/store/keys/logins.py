"""The logins of operators, in the keyring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import Connection


@dataclass(frozen=True, slots=True)
class OperatorLogin:
    """One operator with a password."""

    name: str
    changed_at: datetime


def set_hash(connection: Connection, name: str, password_hash: str, at: datetime) -> None:
    """Set the password of an operator; their sessions end."""
    connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
    connection.execute(
        "INSERT OR REPLACE INTO logins (name, hash, changed_s) VALUES (?, ?, ?)",
        (name, password_hash, at.timestamp()),
    )


def remove(connection: Connection, name: str) -> bool:
    """Remove an operator; their sessions end. False: there is no such operator."""
    connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
    return connection.execute("DELETE FROM logins WHERE name = ?", (name,)).rowcount > 0


def hash_of(connection: Connection, name: str) -> str | None:
    """The hash of the password; None: there is no such operator."""
    found = connection.execute("SELECT hash FROM logins WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def every(connection: Connection) -> tuple[OperatorLogin, ...]:
    """All operators, by name."""
    rows = connection.execute("SELECT name, changed_s FROM logins ORDER BY name")
    return tuple(OperatorLogin(name, datetime.fromtimestamp(at_s, UTC)) for name, at_s in rows)


def any_set(connection: Connection) -> bool:
    """Whether there is any password."""
    return connection.execute("SELECT 1 FROM logins LIMIT 1").fetchone() is not None
