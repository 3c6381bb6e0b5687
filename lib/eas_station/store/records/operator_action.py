"""An action of an operator, as it passes the spool: done and audited once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from eas_station.store.alerts import alert_queries, flags, manual_end
from eas_station.store.database.record_tables import audit as audit_table
from eas_station.store.records import audit, clips, desired_states, settings
from eas_station.store.records.audit import AuditEntry

ActionKind = Literal[
    "acknowledge",
    "end_alert",
    "hide_alert",
    "keep_alert",
    "note_alert",
    "keep_clip",
    "set_desired",
    "change_setting",
]


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an operator."""

    action_id: str  # UUID; becomes the id of the audit entry
    at: datetime
    who: str
    kind: ActionKind
    subject: str  # an alert's or a clip's id; set_desired: "source wx"; a setting
    value: str | None = None  # keep_*: "yes" or "no"; note_alert; set_desired: "stopped"; setting
    address: str | None = None


def record(connection: Connection, action: Action) -> None:
    """Do it and audit it; the same action again changes nothing."""
    perform(connection, action)


def perform(connection: Connection, action: Action) -> bool:
    """As `record`; False: its subject does not exist."""
    known = select(audit_table.c.outcome).where(audit_table.c.audit_id == action.action_id)
    before = connection.execute(known).scalar()
    if before is not None:
        return bool(before == "done")
    done = _do(connection, action)
    entry = AuditEntry(
        audit_id=action.action_id,
        at=action.at,
        who=action.who,
        action=action.kind,
        outcome="done" if done else "failed",
        subject=action.subject,
        address=action.address,
        detail=action.value,
    )
    audit.record(connection, entry)
    return done


def _do(connection: Connection, action: Action) -> bool:
    match action.kind:
        case "acknowledge":
            return flags.acknowledge(connection, _alert(connection, action), action.at, action.who)
        case "end_alert":
            alert_id = _alert(connection, action)
            return manual_end.end_by_operator(
                connection, alert_id, action.at, action.who, action.value
            )
        case "hide_alert":
            return flags.hide(connection, _alert(connection, action), action.at, action.who)
        case "keep_alert":
            return flags.set_keep(connection, _alert(connection, action), action.value == "yes")
        case "note_alert":
            return flags.set_note(connection, _alert(connection, action), action.value)
        case "keep_clip":
            return clips.set_keep(connection, action.subject, action.value == "yes")
        case "set_desired":
            return _set_desired(connection, action)
        case "change_setting":
            value = action.value or ""
            return settings.write(connection, action.subject, value, action.at, action.who)


def _alert(connection: Connection, action: Action) -> str:
    """The alert of an action; it may have become part of another."""
    return alert_queries.current_id(connection, action.subject)


def _set_desired(connection: Connection, action: Action) -> bool:
    desired: desired_states.Desired = "stopped" if action.value == "stopped" else "running"
    for kind in desired_states.KINDS:
        name = action.subject.removeprefix(f"{kind} ")
        if name != action.subject:
            desired_states.set_desired(connection, kind, name, desired, action.at, action.who)
            return True
    return False
