"""The record in a few numbers, for the status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from eas_station.store.alerts.alert_queries import count_active, last_change_id
from eas_station.store.database.schema import meta, numbers, receptions


@dataclass(frozen=True, slots=True)
class Overview:
    """How much there is. Cheap however much that is."""

    active: int  # alerts in force, tests too
    active_relevant: int  # those that concern the station
    alerts: int  # ever recorded
    receptions: int  # ever recorded
    last_change_id: int
    last_received_at: datetime | None  # of the reception recorded last
    database_id: str  # another one: numbers begin anew


def overview(connection: Connection, now: datetime | None) -> Overview:
    """The record as it stands; `now` is None while the clock is not trusted."""
    last = {row.name: row.last for row in connection.execute(select(numbers))}
    newest = receptions.c.number == last.get("reception", 0)
    received_at = connection.execute(select(receptions.c.received_at).where(newest)).scalar()
    database_id = select(meta.c.value).where(meta.c.name == "database_id")
    return Overview(
        active=count_active(connection, now),
        active_relevant=count_active(connection, now, relevant=True),
        alerts=last.get("alert", 0),
        receptions=last.get("reception", 0),
        last_change_id=last_change_id(connection),
        last_received_at=received_at,
        database_id=connection.execute(database_id).scalar_one(),
    )
