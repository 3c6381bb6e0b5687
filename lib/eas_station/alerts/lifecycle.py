"""What is in force where, and until when: a pure function of what was received.

Sources: CAP 1.2, 3.2.1 (msgType, references); NWS Directive 10-1703 (VTEC); RULES 5.4 and 5.5.

Every message holds places or ends them. Messages are taken in the order in which they were said,
not heard, and each once; so a late or stale copy changes nothing, and a Cancel that comes before
its Alert still ends it. A place is held per VTEC event: the newest message that names it decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from eas_station.alerts import identity
from eas_station.alerts.model import Alert, EventRef, Reception, State, Statement

EVERYWHERE = "*"  # the place of a message that names none
_RANKS = {"alert": 0, "update": 1, "cancel": 2}  # of messages said in the same second
_REASONS = {"CAN": "cancelled", "EXP": "expired", "UPG": "replaced"}


_MessageName = tuple[str, str, datetime]


class Hold(NamedTuple):
    """One place that a message holds in force, or held until another ended it.

    A tuple, since a message holds dozens of places and every reception makes them anew.
    """

    event: str | None  # VTEC key
    place: str  # UGC; where the message has none, PSSCCC; else EVERYWHERE
    by: Statement
    until: datetime | None  # None: not known
    over: str | None = None  # ended by a message: "cancelled", "expired", "replaced"
    over_by: Statement | None = None

    def in_force(self, at: datetime | None) -> bool:
        """Is it in force; at None: whatever the time is, if no message has ended it."""
        return self.over is None and (at is None or self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Course:
    """The life of one alert as far as it was heard."""

    ends_at: datetime | None  # active at T: it is None, or T is before it
    end_reason: str | None  # "cancelled", "expired", "replaced" by a message; None: by time
    holds: tuple[Hold, ...]
    statements: tuple[Statement, ...]  # each message once, newest first
    by_cap: bool  # nothing of it was heard off the air alone

    def holding(self, at: datetime | None) -> tuple[Hold, ...]:
        """What is in force; of an alert that is over, what it held last."""
        now = tuple([hold for hold in self.holds if hold.in_force(at)])
        return now or tuple([hold for hold in self.holds if hold.until == self.ends_at])

    def holders(self, at: datetime | None) -> tuple[Statement, ...]:
        """The messages that hold something, newest first; of an alert that is over, held last."""
        if len(self.statements) == 1:
            return self.statements if self.holds else ()
        holding = {id(hold.by) for hold in self.holding(at)}
        return tuple(said for said in self.statements if id(said) in holding)

    def newest(self, at: datetime | None) -> Statement:
        """The message that speaks for the alert: the newest that holds a place."""
        return next(iter(self.holders(at)), self.statements[0])


def fold(receptions: Iterable[Reception]) -> Course:
    """The course of one alert, from all its receptions in any order (at least one)."""
    heard = tuple(receptions)
    statements = [heard[0].statement]
    if len(heard) > 1:
        statements = sorted(_each_once(heard), key=_order)
    holds: dict[tuple[str | None, str], Hold] = {}
    for statement in statements:
        _apply(statement, holds)
    held = tuple(holds.values())
    ends_at, end_reason = _end(held, statements[-1])
    by_cap = all(heard_of.via == "cap" for heard_of in heard)
    return Course(ends_at, end_reason, held, tuple(reversed(statements)), by_cap)


def extended(course: Course, heard: Reception) -> Course | None:
    """The course with one more reception: quickly, if it is the newest message of a chain of CAP.

    None: it has to be folded anew.
    """
    said, newest = heard.statement, course.statements[0]
    if said.message is None or not course.by_cap or _order(said) <= _order(newest):
        return None
    holds = {(hold.event, hold.place): hold for hold in course.holds}
    _apply(said, holds)
    held = tuple(holds.values())
    ends_at, end_reason = _end(held, said)
    return Course(ends_at, end_reason, held, (said, *course.statements), by_cap=True)


def state(alert: Alert, now: datetime, clock_trusted: bool) -> State:
    """Is an alert active. While the clock is not trusted nothing ends by time, only by word."""
    if not clock_trusted:
        return "active" if alert.end_reason is None and alert.ended_at is None else "ended"
    over = [moment for moment in (alert.ends_at, alert.ended_at) if moment is not None]
    return "ended" if over and min(over) <= now else "active"


def _each_once(receptions: Sequence[Reception]) -> list[Statement]:
    """Each message once, as first heard. What was heard off the air and came by CAP is CAP's."""
    firsts: dict[object, Statement] = {}
    for reception in sorted(receptions, key=lambda r: (r.received_at, r.reception_id)):
        statement = reception.statement
        name: object = reception.raw
        if statement.message is not None:
            name = identity.message_name(statement.message)
        elif reception.via == "same":
            name = identity.same_key(statement) or reception.raw
        firsts.setdefault(name, statement)
    if all(said.message is not None for said in firsts.values()):
        return list(firsts.values())
    by_cap = {identity.fold_key(said) for said in firsts.values() if said.message is not None}
    return [
        said
        for said in firsts.values()
        if said.message is not None or identity.fold_key(said) not in by_cap - {None}
    ]


def _order(statement: Statement) -> tuple[datetime, int, tuple[str, str]]:
    """When it was said: after everything it refers to, whatever the sender's clock says."""
    name = (statement.same_header or "", "")
    if statement.message is not None:
        name = identity.message_name(statement.message)[:2]
    return _said_at(statement), _RANKS[statement.kind], name


def _said_at(statement: Statement) -> datetime:
    return max([statement.issued_at, *(reference.sent_at for reference in statement.references)])


def _apply(statement: Statement, holds: dict[tuple[str | None, str], Hold]) -> None:
    """Let one message hold and end places."""
    if statement.kind == "cancel":
        events = {event.key for event in statement.events}
        _end_places(statement, events, _cancel_reason(statement.events), holds)
        return
    for event in statement.events:
        if event.action in identity.OVER:
            _end_places(statement, {event.key}, _REASONS[event.action], holds)
    lasting = [event for event in statement.events if event.action not in identity.OVER]
    if lasting or not statement.events:
        _hold_places(statement, lasting, holds)


def _hold_places(
    statement: Statement, events: Sequence[EventRef], holds: dict[tuple[str | None, str], Hold]
) -> None:
    """Take the places of a message; an Update also releases the rest of what it refers to."""
    replaced: dict[tuple[str | None, str], Hold] = {}
    if statement.kind == "update" and holds:
        referred = {identity.message_name(reference) for reference in statement.references}
        replaced = {
            key: hold
            for key, hold in holds.items()
            if hold.over is None and _name(hold.by) in referred
        }
    places = _places(statement)
    if places == {EVERYWHERE} and replaced:  # an Update that names no place keeps them
        places = {place for _, place in replaced}
    taken: dict[tuple[str | None, str], Hold] = {}
    for key, until in _ends(statement, events):
        for place in places:
            taken[key, place] = Hold(key, place, statement, until)
    for token, hold in replaced.items():
        if token not in taken:
            holds[token] = _ended(hold, statement, "replaced")
    holds.update(taken)


def _end_places(
    statement: Statement, events: set[str], reason: str, holds: dict[tuple[str | None, str], Hold]
) -> None:
    """End what a message names: in its own area only, of its own events only.

    A Cancel without an area ends what it refers to, and what has replaced that since.
    """
    referred = {identity.message_name(reference) for reference in statement.references}
    names_places = _places(statement) != {EVERYWHERE}
    for token, hold in holds.items():
        if hold.over is not None:
            continue
        if events and hold.event is not None and hold.event not in events:
            continue
        if names_places and hold.place != EVERYWHERE:
            named = _covers(statement, hold)
        else:
            named = not referred or _refers_to(referred, hold.by)
        if named:
            holds[token] = _ended(hold, statement, reason)


def _refers_to(referred: set[_MessageName], statement: Statement) -> bool:
    """Is a message among those referred to, or one that has replaced any of them."""
    return _name(statement) in referred or any(
        identity.message_name(reference) in referred for reference in statement.references
    )


def _covers(statement: Statement, hold: Hold) -> bool:
    """Is a held place one that the message names."""
    if hold.place in statement.ugc_codes or hold.place in statement.same_codes:
        return True
    if statement.ugc_codes or not statement.same_codes or not hold.by.same_codes:
        return False
    return set(hold.by.same_codes) <= set(statement.same_codes)  # all counties of its zones


def _ended(hold: Hold, by: Statement, reason: str) -> Hold:
    """A hold that a message ended, unless its time had run out before."""
    ended_at = by.issued_at
    if hold.until is not None and hold.until <= ended_at:
        return hold
    return hold._replace(until=ended_at, over=reason, over_by=by)


def _places(statement: Statement) -> set[str]:
    return set(statement.ugc_codes or statement.same_codes or (EVERYWHERE,))


def _name(statement: Statement) -> _MessageName | None:
    return None if statement.message is None else identity.message_name(statement.message)


def _ends(
    statement: Statement, events: Sequence[EventRef]
) -> list[tuple[str | None, datetime | None]]:
    """Each event of a message and when it ends; else when the text runs out and news is due.

    What the message says of all comes first, but for a message with several events.
    """
    said = statement.ends_at
    if not events:
        return [(None, said or statement.expires_at)]
    if len(events) == 1:
        return [(events[0].key, said or events[0].ends_at or statement.expires_at)]
    return [(event.key, event.ends_at or said or statement.expires_at) for event in events]


def _cancel_reason(events: Sequence[EventRef]) -> str:
    reasons = {_REASONS.get(event.action, "cancelled") for event in events}
    return reasons.pop() if len(reasons) == 1 else "cancelled"


def _end(holds: Sequence[Hold], last: Statement) -> tuple[datetime | None, str | None]:
    """When the last place is released, and how; `last` is the newest message."""
    if not holds:  # only its end was heard
        return last.issued_at, _cancel_reason(last.events)
    untils = {hold.until for hold in holds}
    known = [until for until in untils if until is not None]
    if len(known) < len(untils):
        return None, None
    ends_at = max(known)
    reasons = {hold.over for hold in holds if hold.until == ends_at}
    if None in reasons:
        return ends_at, None
    return ends_at, "cancelled" if "cancelled" in reasons else min(r for r in reasons if r)
