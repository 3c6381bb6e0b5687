"""When what a message says is over, and how to say it.

Sources: CAP 1.2, 3.2.2 (expires: "if this item is not provided, each recipient is free to set its
own policy"); NWSI 10-1703 (P-VTEC end 000000T0000Z: until further notice).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from eas_station.alerts.model import Alert, EndKind, EventRef, Statement

FIRST_TIME = datetime(1990, 1, 1, tzinfo=UTC)  # what is dated before has no date: 1970 and the like
DEFAULT_LIFETIME = timedelta(hours=24)  # of a message that says nothing of its end
UNRENEWED = timedelta(hours=24)  # how long an event outlives its last text, until further notice


class End(NamedTuple):
    """When a message's places are released, unless another message says otherwise."""

    until: datetime | None  # None: not known
    kind: EndKind


def end_of(
    said: Statement,
    event: EventRef | None,
    *,
    alone: bool = True,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> End:
    """When one event of a message ends; None: a message without VTEC.

    Args:
        alone: it is the only event of the message. Then what the message says of all comes first.
        lifetime: of a CAP message that gives no end.
    """
    if event is None:
        return _end_without_event(said, lifetime)
    ends = (stated(said.ends_at), stated(event.ends_at))
    until = (ends[0] or ends[1]) if alone else (ends[1] or ends[0])
    if until is not None:
        return End(until, "time")
    renew_by = max(said.issued_at, said.expires_at or said.issued_at) + UNRENEWED
    return End(renew_by, "until_further_notice")


def expiry_of(said: Statement, event: EventRef) -> datetime | None:
    """When an event ends that a message lets expire (VTEC EXP); None: it does not say."""
    return stated(event.ends_at) or stated(said.ends_at) or said.expires_at


def stated(moment: datetime | None) -> datetime | None:
    """A time that a message states; None: it states none, or one that means none."""
    return None if moment is None or moment < FIRST_TIME else moment


def end_text(alert: Alert, now: datetime, time_text: Callable[[datetime], str]) -> str:
    """How an alert ends, in a sentence; "" if it ends at a stated time, which says it all.

    Args:
        time_text: writes a time as the reader wants it.
    """
    if alert.end_reason is not None:
        return alert.end_reason
    if alert.end_kind == "until_further_notice":
        overdue = alert.expires_at is not None and alert.expires_at <= now
        since = f"; no renewal since {time_text(alert.issued_at)}" if overdue else ""
        return f"until further notice{since}"
    if alert.end_kind == "no_end_given":
        until = "" if alert.ends_at is None else f"; shown until {time_text(alert.ends_at)}"
        return f"no end given{until}"
    return "" if alert.ends_at is not None else "end not known"


def is_hidden(alert: Alert, hidden_at: datetime | None) -> bool:
    """Did an operator hide an alert, and has no message renewed it since."""
    return hidden_at is not None and alert.issued_at <= hidden_at


def _end_without_event(said: Statement, lifetime: timedelta) -> End:
    until = stated(said.ends_at) or stated(said.expires_at)
    if until is not None:
        return End(until, "time")
    if said.message is None:  # off the air, while the clock is not trusted
        return End(None, "unknown")
    return End(said.issued_at + lifetime, "no_end_given")
