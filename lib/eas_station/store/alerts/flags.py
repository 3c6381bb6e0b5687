"""The operators' flags of an alert: acknowledged, kept, a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from eas_station.store.database.alert_tables import alert_flags, alerts
from eas_station.store.database.statements import upsert


@dataclass(frozen=True, slots=True)
class AlertFlags:
    """The flags of one alert."""

    alert_id: str
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    keep: bool = False  # never removed by the retention
    note: str | None = None
    hidden_at: datetime | None = None  # hidden from the page until it is renewed
    hidden_by: str | None = None


def acknowledge(connection: Connection, alert_id: str, at: datetime, by: str) -> bool:
    """Acknowledge it; the first acknowledgement stays. False: there is no such alert."""
    before = of(connection, (alert_id,)).get(alert_id)
    if before is not None and before.acknowledged_at is not None:
        return True
    return _set(connection, alert_id, {"acknowledged_at": at, "acknowledged_by": by})


def set_keep(connection: Connection, alert_id: str, keep: bool) -> bool:
    """Keep it for ever, or no longer. False: there is no such alert."""
    return _set(connection, alert_id, {"keep": keep})


def set_note(connection: Connection, alert_id: str, note: str | None) -> bool:
    """Set its note, or remove it. False: there is no such alert."""
    return _set(connection, alert_id, {"note": note})


def hide(connection: Connection, alert_id: str, at: datetime, by: str) -> bool:
    """Hide it from the page until a message renews it. False: there is no such alert."""
    return _set(connection, alert_id, {"hidden_at": at, "hidden_by": by})


def hidden(connection: Connection) -> dict[str, datetime]:
    """When the alerts were hidden that are not over."""
    wanted = (
        select(alert_flags.c.alert_id, alert_flags.c.hidden_at)
        .join_from(alert_flags, alerts)
        .where(alert_flags.c.hidden_at.is_not(None), alerts.c.ended_at.is_(None))
    )
    return {row.alert_id: row.hidden_at for row in connection.execute(wanted)}


def join(connection: Connection, younger: str, elder: str) -> None:
    """What operators have said about an alert that became part of another is said of that too."""
    found = of(connection, (younger, elder))
    if younger not in found:
        return
    both = [found[name] for name in (elder, younger) if name in found]
    seen = min((one for one in both if one.acknowledged_at), key=_acknowledged_at, default=None)
    values = {
        "acknowledged_at": None if seen is None else seen.acknowledged_at,
        "acknowledged_by": None if seen is None else seen.acknowledged_by,
        "keep": any(one.keep for one in both),
        "note": "\n".join(one.note for one in both if one.note) or None,
    }
    _set(connection, elder, values)


def _acknowledged_at(one: AlertFlags) -> datetime:
    return one.acknowledged_at or datetime.max.replace(tzinfo=UTC)


def of(connection: Connection, alert_ids: Sequence[str]) -> dict[str, AlertFlags]:
    """The flags of these alerts, of those that have any."""
    wanted = select(alert_flags).where(alert_flags.c.alert_id.in_(alert_ids))
    rows = connection.execute(wanted).mappings()
    return {row["alert_id"]: AlertFlags(**row) for row in rows}


def _set(connection: Connection, alert_id: str, values: dict[str, Any]) -> bool:
    there = select(alerts.c.alert_id).where(alerts.c.alert_id == alert_id)
    if connection.execute(there).first() is None:
        return False
    upsert(connection, alert_flags, [{"alert_id": alert_id, **values}], key=("alert_id",))
    return True
