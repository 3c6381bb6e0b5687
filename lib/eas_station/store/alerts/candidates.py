"""The stored alerts that a batch of receptions can belong to: those that share a key with it.

Thousands of CAP messages may translate to one SAME header and still be as many alerts. A header
only joins receptions off the air (`model.Key`). So of alerts that came by CAP alone nothing is read
for CAP, and for receptions off the air only the oldest: each joins at most one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, case, func, or_, select

from eas_station.alerts.model import Key
from eas_station.store.alerts.rows import RECEPTION_COLUMNS, key_hash
from eas_station.store.database.schema import alert_keys, alert_receptions, alerts, receptions

MOST_IN_STATEMENT = 5_000  # SQLite takes 32,766 values in one statement


def alerts_sharing(connection: Connection, keys: Iterable[Key], off_air: int) -> list[str]:
    """The ids of all alerts that can share these keys, in order.

    Args:
        keys: of the receptions of one batch.
        off_air: how many of those were received off the air.
    """
    unique = set(keys)
    strong = [key_hash(key) for key in unique if key.strength == "strong"]
    weak = [key_hash(key) for key in unique if key.strength != "strong"]
    return sorted({*_by_strong(connection, strong), *_by_header(connection, weak, off_air)})


def history(alert_ids: Sequence[str]) -> Select[Any]:
    """The receptions of alerts; of those of one header the first, as in `BatchEntry`."""
    links, heard = alert_receptions.c, receptions.c
    said = case((heard.via == "same", heard.raw), else_=heard.reception_id)
    nth = func.row_number().over(
        partition_by=(links.alert_id, said, heard.clock_trusted),
        order_by=(heard.received_at, heard.number),
    )
    hearings = (
        select(links.alert_id, links.reception_id, nth.label("nth"))
        .join_from(alert_receptions, receptions)
        .where(links.alert_id.in_(alert_ids))
        .subquery()
    )
    return (
        select(hearings.c.alert_id, heard.number, *RECEPTION_COLUMNS)
        .join_from(hearings, receptions, hearings.c.reception_id == heard.reception_id)
        .where(hearings.c.nth == 1)
    )


def parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The names in parts that fit into one statement."""
    for at in range(0, len(names), MOST_IN_STATEMENT):
        yield names[at : at + MOST_IN_STATEMENT]


def _by_strong(connection: Connection, hashes: Sequence[str]) -> Iterator[str]:
    for asked in parts(hashes):
        wanted = select(alert_keys.c.alert_id).where(alert_keys.c.key_hash.in_(asked))
        yield from connection.execute(wanted).scalars()


def _by_header(connection: Connection, hashes: Sequence[str], off_air: int) -> Iterator[str]:
    nth = func.row_number().over(
        partition_by=(alert_keys.c.key_hash, alerts.c.via), order_by=alerts.c.number
    )
    for asked in parts(hashes):
        found = (
            select(alerts.c.alert_id, alerts.c.via, nth.label("nth"))
            .join_from(alert_keys, alerts)
            .where(alert_keys.c.key_hash.in_(asked))
            .subquery()
        )
        heard = found.c.via.is_distinct_from("cap")
        wanted = select(found.c.alert_id).where(or_(heard, found.c.nth <= off_air))
        yield from connection.execute(wanted).scalars()
