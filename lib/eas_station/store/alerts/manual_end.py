"""An operator ends an alert by hand. A message that renews it brings it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, update

from eas_station.alerts.model import ENDED_BY_OPERATOR, Change
from eas_station.store.alerts.alert_queries import by_id
from eas_station.store.database.alert_tables import alerts, changes
from eas_station.store.database.counters import NumberAllocator


def end_by_operator(
    connection: Connection, alert_id: str, at: datetime, who: str, why: str | None
) -> bool:
    """End an alert now, if it is in force. False: there is no such alert.

    Args:
        connection: of a write transaction.
    """
    alert = by_id(connection, alert_id)
    if alert is None:
        return False
    over_at = alert.ended_at or alert.ends_at
    if alert.ended_at is not None or (over_at is not None and over_at <= at):
        return True
    ending = update(alerts).where(alerts.c.alert_id == alert.alert_id)
    values = {"ends_at": at, "ended_at": at, "end_reason": ENDED_BY_OPERATOR}
    connection.execute(ending.values(**values, end_kind="time", next_change_at=None))
    reason = f"ended by {who}" + (f": {why}" if why else "")
    numbers = NumberAllocator(connection)
    change = Change(numbers.next("change"), alert.alert_id, "ended", at, reason, alert.event_code)
    row = {name: getattr(change, name) for name in Change.__slots__}
    connection.execute(insert(changes).values(**row))
    numbers.write()
    return True
