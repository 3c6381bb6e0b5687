"""What is in force where, and until when: a pure function of what was received.

Every message holds places or ends them. Messages are taken in the order in which they were said,
not heard (`message_order`), and each once; so a late or stale copy changes nothing, and a Cancel
that comes before its Alert still ends it (`holds`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eas_station.alerts.identity import identity
from eas_station.alerts.identity.air_match import subject_of
from eas_station.alerts.lifecycle.holds import Hold, Token, apply, end_of_all, name_of
from eas_station.alerts.model import Alert, EndKind, EventRef, Reception, State, Statement
from eas_station.alerts.vtec import vtec_events
from eas_station.alerts.vtec.ends import DEFAULT_LIFETIME
from eas_station.alerts.vtec.message_order import order


@dataclass(frozen=True, slots=True)
class Course:
    """The life of one alert as far as it was heard."""

    ends_at: datetime | None  # active at T: it is None, or T is before it
    end_reason: str | None  # "cancelled", "replaced" by a message; None: by time
    end_kind: EndKind
    holds: tuple[Hold, ...]
    statements: tuple[Statement, ...]  # each message once, newest first
    by_cap: bool  # nothing of it was heard off the air alone
    events: Mapping[str, str]  # the keys of its VTEC events, by their names without the year

    def holding(self, at: datetime | None) -> tuple[Hold, ...]:
        """What is in force; of an alert that is over, what it held last."""
        now = tuple([hold for hold in self.holds if hold.in_force(at)])
        return now or tuple([hold for hold in self.holds if hold.until == self.ends_at])

    def next_end(self, at: datetime | None) -> datetime | None:
        """When the next of several places is released by time; None: all end together."""
        if at is None:
            return None
        ends = {hold.until for hold in self.holds if hold.in_force(at)}
        later = [until for until in ends if until is not None and until != self.ends_at]
        return min(later, default=None)

    def holders(self, at: datetime | None) -> tuple[Statement, ...]:
        """The messages that hold something, newest first; of an alert that is over, held last."""
        if len(self.statements) == 1:
            return self.statements if self.holds else ()
        holding = {id(hold.by) for hold in self.holding(at)}
        return tuple(said for said in self.statements if id(said) in holding)

    def newest(self, at: datetime | None) -> Statement:
        """The message that speaks for the alert: the newest that holds a place."""
        return next(iter(self.holders(at)), self.statements[0])


def fold(receptions: Iterable[Reception], lifetime: timedelta = DEFAULT_LIFETIME) -> Course:
    """The course of one alert, from all its receptions in any order (at least one).

    Args:
        lifetime: of a CAP message that gives no end.
    """
    heard = tuple(receptions)
    statements = [heard[0].statement]
    if len(heard) > 1:
        statements = sorted(_each_once(heard), key=order)
    events = vtec_events.own_keys(statements)
    holds: dict[Token, Hold] = {}
    for statement in statements:
        apply(statement, holds, events, lifetime)
    by_cap = all(heard_of.via == "cap" for heard_of in heard)
    return _course(holds, tuple(reversed(statements)), by_cap, events)


def extended(
    course: Course, heard: Reception, lifetime: timedelta = DEFAULT_LIFETIME
) -> Course | None:
    """The course with one more reception: quickly, if it is the newest message of a chain of CAP.

    None: it has to be folded anew.
    """
    said = heard.statement
    if said.message is None or not course.by_cap or not _follows(said, course):
        return None
    if any(not _is_known(event, said, course.events) for event in said.events):
        return None
    holds = {(hold.event, hold.place): hold for hold in course.holds}
    apply(said, holds, course.events, lifetime)
    return _course(holds, (said, *course.statements), True, course.events)


def _follows(said: Statement, course: Course) -> bool:
    """Is it said after all others, or with the last of them and is none of those again."""
    own, newest = order(said), order(course.statements[0])
    if own != newest:
        return own > newest
    name = name_of(said)
    return all(name_of(other) != name for other in course.statements)


def _is_known(event: EventRef, said: Statement, events: Mapping[str, str]) -> bool:
    """Is it an event of the course, in a year that the message does not contradict."""
    known = events.get(vtec_events.name_of(event))
    year = vtec_events.fixed_year(event, said.issued_at)
    return known is not None and (year is None or known.endswith(f".{year:04d}"))


def _course(
    holds: Mapping[Token, Hold],
    statements: tuple[Statement, ...],
    by_cap: bool,
    events: Mapping[str, str],
) -> Course:
    held = tuple(holds.values())
    ends_at, end_reason, end_kind = end_of_all(held, statements[0])
    return Course(ends_at, end_reason, end_kind, held, statements, by_cap, events)


def state(alert: Alert, now: datetime, clock_trusted: bool) -> State:
    """Is an alert active. While the clock is not trusted nothing ends by time, only by word."""
    if not clock_trusted:
        return "active" if alert.end_reason is None and alert.ended_at is None else "ended"
    over = [moment for moment in (alert.ends_at, alert.ended_at) if moment is not None]
    return "ended" if over and min(over) <= now else "active"


def _each_once(receptions: Sequence[Reception]) -> list[Statement]:
    """Each message once, as first heard. What was heard off the air and came by CAP is CAP's."""
    firsts: dict[object, Statement] = {}
    for reception in sorted(receptions, key=lambda reception: reception.received_at):
        statement = reception.statement
        name: object = reception.raw
        if statement.message is not None:
            name = identity.message_name(statement.message)
        elif reception.via == "same":
            name = identity.same_key(statement) or reception.raw
        firsts.setdefault(name, statement)
    if all(said.message is not None for said in firsts.values()):
        return list(firsts.values())
    by_cap = {subject_of(said) for said in firsts.values() if said.message is not None}
    return [
        said
        for said in firsts.values()
        if said.message is not None or subject_of(said) not in by_cap - {None}
    ]
