"""Which stored alerts can a batch of receptions belong to: those that have a name it looks for.

Thousands of CAP messages may be of one minute and event. Each is found by its places, so that a
header off the air reads only those that name one of its own, and a CAP message reads none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from eas_station.alerts.model import Key
from eas_station.store.alerts.rows import RECEPTION_COLUMNS, key_hash
from eas_station.store.database.alert_tables import alert_keys, alert_receptions, alerts, receptions

MOST_IN_STATEMENT = 5_000  # SQLite takes 32,766 values in one statement
MOST_RIVALS = 50  # alerts by CAP of one event, minute and place: no header could tell them apart


def alerts_sharing(connection: Connection, keys: Iterable[Key]) -> list[str]:
    """The ids of all alerts that these keys lead to, in order."""
    each = set(keys)
    few = [key_hash(key) for key in each if key.strength != "cap"]
    many = [key_hash(key) for key in each if key.strength == "cap"]
    return sorted({*_holders(connection, few), *_some_holders(connection, many)})


def history(alert_ids: Sequence[str]) -> Select[Any]:
    """What was heard of alerts; of the hearings of one header the first, count and last time."""
    links, heard = alert_receptions.c, receptions.c
    text = case((heard.via == "same", heard.raw), else_=heard.reception_id)
    alike = (links.alert_id, text, heard.clock_trusted)
    nth = func.row_number().over(partition_by=alike, order_by=(heard.received_at, heard.number))
    hearings = (
        select(
            links.alert_id,
            links.reception_id,
            nth.label("nth"),
            func.count().over(partition_by=alike).label("count"),
            func.max(heard.received_at).over(partition_by=alike).label("last_at"),
        )
        .join_from(alert_receptions, receptions)
        .where(links.alert_id.in_(alert_ids))
        .subquery()
    )
    found = hearings.c
    return (
        select(found.alert_id, found.count, found.last_at, heard.number, *RECEPTION_COLUMNS)
        .join_from(hearings, receptions, found.reception_id == heard.reception_id)
        .where(found.nth == 1)
        .order_by(heard.received_at, heard.number)
    )


def parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The same in parts that one statement can ask for."""
    for at in range(0, len(names), MOST_IN_STATEMENT):
        yield names[at : at + MOST_IN_STATEMENT]


def _holders(connection: Connection, hashes: Sequence[str]) -> Iterator[str]:
    for asked in parts(hashes):
        wanted = select(alert_keys.c.alert_id).where(alert_keys.c.key_hash.in_(asked))
        yield from connection.execute(wanted).scalars()


def _some_holders(connection: Connection, hashes: Sequence[str]) -> Iterator[str]:
    nth = func.row_number().over(partition_by=alert_keys.c.key_hash, order_by=alerts.c.number)
    for asked in parts(hashes):
        found = (
            select(alert_keys.c.alert_id, nth.label("nth"))
            .join_from(alert_keys, alerts)
            .where(alert_keys.c.key_hash.in_(asked))
            .subquery()
        )
        wanted = select(found.c.alert_id).where(found.c.nth <= MOST_RIVALS)
        yield from connection.execute(wanted).scalars()
