"""The audit log: one row for every action of an operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, and_, or_, select

from eas_station.store.database import cursors
from eas_station.store.database.record_tables import audit
from eas_station.store.database.statements import insert_new


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action, done or refused."""

    audit_id: str  # UUID
    at: datetime
    who: str  # the login, or "cli"
    action: str  # "stop source", "acknowledge"
    outcome: Literal["done", "refused", "failed"]
    subject: str | None = None  # "wx", the id of an alert
    address: str | None = None  # of the client
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the audit log, newest first."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


def record(connection: Connection, entry: AuditEntry) -> None:
    """Store an entry; the same entry again changes nothing."""
    row = {name: getattr(entry, name) for name in AuditEntry.__slots__}
    insert_new(connection, audit, [row])


def page(connection: Connection, limit: int, cursor: str | None = None) -> AuditPage:
    """One page, newest first. Raises FrameError if `cursor` is not one."""
    wanted = select(audit)
    if cursor is not None:
        at, audit_id = cursors.from_text(cursor, str)
        same_time = and_(audit.c.at == at, audit.c.audit_id < audit_id)
        wanted = wanted.where(audit.c.at <= at, or_(audit.c.at < at, same_time))
    newest_first = wanted.order_by(audit.c.at.desc(), audit.c.audit_id.desc()).limit(limit + 1)
    rows = connection.execute(newest_first).mappings().all()
    entries = tuple(AuditEntry(**row) for row in rows[:limit])
    more = len(rows) > limit
    return AuditPage(
        entries, cursors.to_text(entries[-1].at, entries[-1].audit_id) if more else None
    )
