"""Queries about alerts and their changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from eas_station.alerts.model import Alert, Change, Via
from eas_station.store.alerts.receptions import reception_rows_of as reception_rows_of
from eas_station.store.alerts.receptions import receptions_of as receptions_of
from eas_station.store.alerts.rows import ALERT_COLUMNS, alert_of
from eas_station.store.alerts.search_words import Wanted, for_postgresql, for_sqlite
from eas_station.store.database import cursors
from eas_station.store.database.alert_tables import (
    alert_receptions,
    alert_words,
    alerts,
    changes,
    joined_alerts,
    numbers,
    receptions,
)

PageState = Literal["active", "ended", "all"]
MOST_PER_PAGE = 500


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Conditions of a page of the log; None: any."""

    event_code: str | None = None
    relevant: bool | None = None  # it concerns the station, or has concerned it
    is_test: bool | None = None
    since_at: datetime | None = None  # first received at or after
    until_at: datetime | None = None  # first received before
    via: Via | None = None  # received this way, perhaps the other way too
    severity: str | None = None  # as in CAP: "Extreme"
    words: tuple[Wanted, ...] = ()  # all of them


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page of the log, newest first."""

    alerts: tuple[Alert, ...]
    next_cursor: str | None  # None: there are no more


EVERYTHING = AlertFilter()


def active(
    connection: Connection,
    now: datetime | None,
    limit: int = MOST_PER_PAGE,
    relevant: bool | None = None,
) -> tuple[Alert, ...]:
    """The alerts in force: our own area first, then by severity, then by end.

    Args:
        now: None while the clock is not trusted: then nothing has ended by time.
        relevant: only those that concern the station (True) or do not (False).
    """
    wanted = select(*ALERT_COLUMNS).where(in_force(now))
    if relevant is not None:
        wanted = wanted.where(alerts.c.relevant == relevant)
    wanted = wanted.order_by(
        alerts.c.relevant.desc(),
        alerts.c.severity_rank,
        alerts.c.ends_at.is_(None),
        alerts.c.ends_at,
        alerts.c.number,
    )
    return _alerts(connection, wanted.limit(limit))


def page(
    connection: Connection,
    state: PageState,
    limit: int,
    cursor: str | None = None,
    *,
    now: datetime | None = None,
    where: AlertFilter = EVERYTHING,
) -> LogPage:
    """One page of the log, by the time of the first reception, newest first.

    With `words` it is the order of recording, in which the index of words is read. New alerts do
    not shift the pages: they come before the first.

    Args:
        limit: 1 to 500 alerts.
        cursor: `next_cursor` of the page before; None: the first page.
        now: as in `active`; separates "active" from "ended".
    Raises:
        FrameError: not a cursor.
    """
    limit = max(1, min(limit, MOST_PER_PAGE))
    # First the numbers, from an index alone; then the rows.
    wanted = select(alerts.c.number).where(*_conditions(state, now, where))
    if cursor is not None:
        wanted = _after(wanted, *cursors.from_text(cursor, int), bool(where.words))
    if where.words:
        wanted = _with_words(wanted, where.words, connection.dialect.name)
    else:
        wanted = wanted.order_by(alerts.c.first_received_at.desc(), alerts.c.number.desc())
    found = connection.execute(wanted.limit(limit + 1)).scalars().all()
    rows = _whole(connection, found)
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = cursors.to_text(last["first_received_at"], last["number"])
    return LogPage(tuple(alert_of(dict(row)) for row in rows[:limit]), next_cursor)


def count(
    connection: Connection, state: PageState, where: AlertFilter, now: datetime | None, most: int
) -> int:
    """How many alerts the log has under these conditions; counts up to `most`."""
    wanted = select(alerts.c.number).where(*_conditions(state, now, where))
    if where.words:
        wanted = _with_words(wanted, where.words, connection.dialect.name)
    found = wanted.limit(most).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one()


def by_id(connection: Connection, alert_id: str) -> Alert | None:
    """One alert, or the one that it has become part of; None: there is none."""
    found = by_ids(connection, (alert_id,)).get(alert_id)
    if found is not None:
        return found
    joined_id = current_id(connection, alert_id)
    return by_ids(connection, (joined_id,)).get(joined_id)


def current_id(connection: Connection, alert_id: str) -> str:
    """The id by which an alert is known, which may have become part of another."""
    wanted = select(joined_alerts.c.joined_id).where(joined_alerts.c.alert_id == alert_id)
    return connection.execute(wanted).scalar() or alert_id


def by_ids(connection: Connection, alert_ids: Sequence[str]) -> dict[str, Alert]:
    """Those of these alerts that exist."""
    wanted = select(*ALERT_COLUMNS).where(alerts.c.alert_id.in_(alert_ids))
    return {alert.alert_id: alert for alert in _alerts(connection, wanted)}


def overdue(connection: Connection, now: datetime, limit: int) -> tuple[Alert, ...]:
    """Alerts whose time has passed and whose end is not recorded, first ended first."""
    wanted = select(*ALERT_COLUMNS).where(alerts.c.ended_at.is_(None), alerts.c.ends_at <= now)
    return _alerts(connection, wanted.order_by(alerts.c.ends_at, alerts.c.number).limit(limit))


def partly_overdue(connection: Connection, now: datetime, limit: int) -> tuple[str, ...]:
    """The ids of alerts in force of which a part has begun or ended, in the order of time."""
    wanted = select(alerts.c.alert_id).where(in_force(now), alerts.c.next_change_at <= now)
    ordered = wanted.order_by(alerts.c.next_change_at, alerts.c.number).limit(limit)
    return tuple(connection.execute(ordered).scalars())


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether there is an alert that has changed by time, without a record of it."""
    for due in (alerts.c.ends_at <= now, alerts.c.next_change_at <= now):
        wanted = select(alerts.c.number).where(alerts.c.ended_at.is_(None), due).limit(1)
        if connection.execute(wanted).first() is not None:
            return True
    return False


def undated(connection: Connection) -> tuple[str, ...]:
    """The ids of alerts without an end that were received while the clock was not trusted."""
    undated_reception = (
        select(1)
        .select_from(alert_receptions.join(receptions))
        .where(alert_receptions.c.alert_id == alerts.c.alert_id)
        .where(receptions.c.clock_trusted.is_(False))
        .exists()
    )
    wanted = select(alerts.c.alert_id).where(
        alerts.c.ended_at.is_(None), alerts.c.ends_at.is_(None), undated_reception
    )
    return tuple(connection.execute(wanted.order_by(alerts.c.number)).scalars())


def changes_after(connection: Connection, change_id: int, limit: int) -> tuple[Change, ...]:
    """The changes after this one, oldest first; a subscriber reconciles with them."""
    later = changes.c.change_id > change_id
    return _changes(connection, select(changes).where(later), limit)


def changes_of(connection: Connection, alert_id: str, limit: int = 1000) -> tuple[Change, ...]:
    """The history of one alert, oldest first."""
    of_alert = changes.c.alert_id == current_id(connection, alert_id)
    return _changes(connection, select(changes).where(of_alert), limit)


def last_change_id(connection: Connection) -> int:
    """The number of the last committed change; 0: none yet."""
    wanted = select(numbers.c.last).where(numbers.c.name == "change")
    return connection.execute(wanted).scalar() or 0


def count_in_force(connection: Connection, now: datetime | None) -> int:
    """The number of alerts in force, ours and others. `now` as in `active`."""
    wanted = select(func.count()).select_from(alerts).where(in_force(now))
    return connection.execute(wanted).scalar_one()


def in_force(now: datetime | None) -> ColumnElement[bool]:
    """The condition of being active."""
    not_ended = alerts.c.ended_at.is_(None)
    if now is None:
        return not_ended
    return and_(not_ended, or_(alerts.c.ends_at.is_(None), alerts.c.ends_at > now))


def _conditions(
    state: PageState, now: datetime | None, where: AlertFilter
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if state != "all":
        conditions.append(in_force(now) if state == "active" else ~in_force(now))
    if where.event_code is not None:
        conditions.append(alerts.c.event_code == where.event_code)
    if where.relevant is not None:
        conditions.append(alerts.c.ever_relevant == where.relevant)
    if where.is_test is not None:
        conditions.append(alerts.c.is_test == where.is_test)
    if where.since_at is not None:
        conditions.append(alerts.c.first_received_at >= where.since_at)
    if where.until_at is not None:
        conditions.append(alerts.c.first_received_at < where.until_at)
    if where.via is not None:
        conditions.append(alerts.c.via.in_((where.via, "both")))
    if where.severity is not None:
        conditions.append(alerts.c.severity == where.severity)
    return conditions


def _after(
    wanted: Select[tuple[int]], at: datetime, number: int | str, by_number: bool
) -> Select[tuple[int]]:
    """Only alerts after this position of the log."""
    if by_number:
        return wanted.where(alerts.c.number < number)
    same_time = and_(alerts.c.first_received_at == at, alerts.c.number < number)
    return wanted.where(
        alerts.c.first_received_at <= at,  # lets the index be used
        or_(alerts.c.first_received_at < at, same_time),
    )


def _with_words(
    wanted: Select[tuple[int]], words: tuple[Wanted, ...], dialect: str
) -> Select[tuple[int]]:
    """Only alerts with all these words, in the order of recording."""
    if dialect == "postgresql":
        query = cast(literal(for_postgresql(words)), TSQUERY)
        has = alerts.c.words.op("@@", is_comparison=True)(query)
        return wanted.where(has).order_by(alerts.c.number.desc())
    has = alert_words.c.alert_words.op("MATCH", is_comparison=True)(literal(for_sqlite(words)))
    # Read the index of words in order and each alert by its number: nothing is sorted.
    joined = wanted.join_from(alert_words, alerts, alerts.c.number == alert_words.c.rowid)
    return joined.where(has).order_by(alert_words.c.rowid.desc())


def _whole(connection: Connection, found: Sequence[int]) -> list[RowMapping]:
    """The alerts of these numbers, in this order."""
    wanted = select(alerts.c.number, *ALERT_COLUMNS).where(alerts.c.number.in_(found))
    rows = {row["number"]: row for row in connection.execute(wanted).mappings()}
    return [rows[number] for number in found]


def _alerts(connection: Connection, wanted: Select[tuple[object, ...]]) -> tuple[Alert, ...]:
    rows = connection.execute(wanted).mappings()
    return tuple(alert_of(dict(row)) for row in rows)


def _changes(
    connection: Connection, wanted: Select[tuple[object, ...]], limit: int
) -> tuple[Change, ...]:
    rows = connection.execute(wanted.order_by(changes.c.change_id).limit(limit)).mappings()
    return tuple(Change(**row) for row in rows)
