"""Queries about receptions: what came in, when, from where, and how well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from eas_station.alerts.model import Evidence, MessageId, Reception, Via
from eas_station.store.alerts.rows import RECEPTION_COLUMNS, hash_of, reception_of
from eas_station.store.database import cursors
from eas_station.store.database.alert_tables import alert_receptions, receptions
from eas_station.wire import from_plain, time_to_text


@dataclass(frozen=True, slots=True)
class ReceptionRow:
    """A reception without its texts: origin, time and quality. For lists."""

    reception_id: str
    via: Via
    origin: str
    channel: str | None
    received_at: datetime
    evidence: Evidence | None
    signature: str | None
    repeats: int  # how often the same feed repeated the CAP message


def receptions_of(
    connection: Connection, alert_ids: Sequence[str]
) -> dict[str, tuple[Reception, ...]]:
    """The receptions of these alerts, oldest first; every id has an entry."""
    found: dict[str, list[Reception]] = {alert_id: [] for alert_id in alert_ids}
    wanted = _of_alerts(select(alert_receptions.c.alert_id, *RECEPTION_COLUMNS), alert_ids)
    for row in connection.execute(wanted).mappings():
        found[row["alert_id"]].append(reception_of(dict(row)))
    return {alert_id: tuple(heard) for alert_id, heard in found.items()}


def reception_rows_of(
    connection: Connection, alert_ids: Sequence[str]
) -> dict[str, tuple[ReceptionRow, ...]]:
    """The receptions of these alerts without their texts, oldest first; every id has an entry."""
    found: dict[str, list[ReceptionRow]] = {alert_id: [] for alert_id in alert_ids}
    columns = [receptions.c[name] for name in ReceptionRow.__slots__]
    wanted = _of_alerts(select(alert_receptions.c.alert_id, *columns), alert_ids)
    for row in connection.execute(wanted).mappings():
        values = dict(row)
        heard = found[values.pop("alert_id")]
        if values["evidence"] is not None:
            values["evidence"] = from_plain(Evidence, values["evidence"])
        heard.append(ReceptionRow(**values))
    return {alert_id: tuple(heard) for alert_id, heard in found.items()}


def page(
    connection: Connection, limit: int, cursor: str | None = None
) -> tuple[tuple[Reception, ...], str | None]:
    """Receptions in the order of recording, newest first, and the cursor after them.

    Raises FrameError if `cursor` is not one.
    """
    wanted = select(receptions.c.number, *RECEPTION_COLUMNS)
    if cursor is not None:
        wanted = wanted.where(receptions.c.number < cursors.from_text(cursor, int)[1])
    ordered = wanted.order_by(receptions.c.number.desc()).limit(limit + 1)
    rows = connection.execute(ordered).mappings().all()
    heard = tuple(reception_of(dict(row)) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = None if last is None else cursors.to_text(last["received_at"], last["number"])
    return heard, next_cursor


def alerts_of(connection: Connection, reception_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The ids of the alerts that these receptions belong to."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    wanted = select(alert_receptions.c.reception_id, alert_receptions.c.alert_id).where(
        alert_receptions.c.reception_id.in_(reception_ids)
    )
    for reception_id, alert_id in connection.execute(wanted):
        found[reception_id].append(alert_id)
    return {reception_id: tuple(sorted(ids)) for reception_id, ids in found.items()}


def known_messages(
    connection: Connection, origin: str, messages: Sequence[MessageId]
) -> frozenset[MessageId]:
    """Those of these CAP messages that this feed has given before."""
    hashes = {
        hash_of(origin, message.sender, message.identifier, time_to_text(message.sent_at)): message
        for message in messages
    }
    wanted = select(receptions.c.message_hash).where(receptions.c.message_hash.in_(list(hashes)))
    return frozenset(hashes[found] for found in connection.execute(wanted).scalars())


def _of_alerts(wanted: Select[Any], alert_ids: Sequence[str]) -> Select[Any]:
    return (
        wanted.join_from(alert_receptions, receptions)
        .where(alert_receptions.c.alert_id.in_(alert_ids))
        .order_by(receptions.c.received_at, receptions.c.number)
    )
