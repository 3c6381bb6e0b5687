"""The desired states of sources, receivers and feeds, as set by operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from eas_station.store.database.record_tables import desired_states
from eas_station.store.database.statements import upsert

Desired = Literal["running", "stopped"]
Kind = Literal["source", "receiver", "feed"]
KINDS: tuple[Kind, ...] = ("source", "receiver", "feed")


@dataclass(frozen=True, slots=True)
class DesiredState:
    """One desired state, since when and by whom it was set."""

    kind: Kind
    name: str
    desired: Desired
    set_at: datetime
    set_by: str


def desired(connection: Connection, kind: Kind, name: str) -> Desired:
    """The desired state of one; "running" unless it was stopped."""
    wanted = select(desired_states.c.desired).where(
        desired_states.c.kind == kind, desired_states.c.name == name
    )
    return "stopped" if connection.execute(wanted).scalar() == "stopped" else "running"


def stopped(connection: Connection, kind: Kind) -> frozenset[str]:
    """The names of all that were stopped."""
    wanted = select(desired_states.c.name).where(
        desired_states.c.kind == kind, desired_states.c.desired == "stopped"
    )
    return frozenset(connection.execute(wanted).scalars())


def set_desired(
    connection: Connection, kind: Kind, name: str, desired: Desired, at: datetime, by: str
) -> None:
    """Set a desired state; it survives restarts."""
    row = {"kind": kind, "name": name, "desired": desired, "set_at": at, "set_by": by}
    upsert(connection, desired_states, [row], key=("kind", "name"))


def all_desired(connection: Connection) -> tuple[DesiredState, ...]:
    """All desired states that were ever set, by kind and name."""
    ordered = select(desired_states).order_by(desired_states.c.kind, desired_states.c.name)
    return tuple(DesiredState(**row) for row in connection.execute(ordered).mappings())
