"""What is in force where, and until when: a pure function of what was received.

Sources: CAP 1.2, 3.2.1 (msgType, references); NWSI 10-1703 (VTEC).

Every message holds places or ends them. Messages are taken in the order in which they were said,
not heard (`message_order`), and each once; so a late or stale copy changes nothing, and a Cancel
that comes before its Alert still ends it. A place is held per VTEC event: the newest message that
names it decides. Only CAN and UPG end at once: a place of an EXP stays until the earlier of what it
held and the event's own end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from eas_station.alerts.identity import identity
from eas_station.alerts.identity.air_match import subject_of
from eas_station.alerts.model import Alert, EndKind, EventRef, Reception, State, Statement
from eas_station.alerts.vtec import vtec_events
from eas_station.alerts.vtec.ends import DEFAULT_LIFETIME, end_of, expiry_of
from eas_station.alerts.vtec.message_order import order

EVERYWHERE = "*"  # the place of a message that names none
_REASONS = {"CAN": "cancelled", "UPG": "replaced"}


_MessageName = tuple[str, str, datetime]
_Token = tuple[str | None, str]  # event and place


class Hold(NamedTuple):
    """One place that a message holds in force, or held until another ended it.

    A tuple, since a message holds dozens of places and every reception makes them anew.
    """

    event: str | None  # VTEC key
    place: str  # UGC; where the message has none, PSSCCC; else EVERYWHERE
    by: Statement
    until: datetime | None  # None: not known
    kind: EndKind = "time"
    over: str | None = None  # ended by a message: "cancelled", "replaced"
    over_by: Statement | None = None

    def in_force(self, at: datetime | None) -> bool:
        """Is it in force; at None: whatever the time is, if no message has ended it."""
        return self.over is None and (at is None or self.until is None or at < self.until)


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
    holds: dict[_Token, Hold] = {}
    for statement in statements:
        _apply(statement, holds, events, lifetime)
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
    _apply(said, holds, course.events, lifetime)
    return _course(holds, (said, *course.statements), True, course.events)


def _follows(said: Statement, course: Course) -> bool:
    """Is it said after all others, or with the last of them and is none of those again."""
    own, newest = order(said), order(course.statements[0])
    if own != newest:
        return own > newest
    name = _name(said)
    return all(_name(other) != name for other in course.statements)


def _is_known(event: EventRef, said: Statement, events: Mapping[str, str]) -> bool:
    """Is it an event of the course, in a year that the message does not contradict."""
    known = events.get(vtec_events.name_of(event))
    year = vtec_events.fixed_year(event, said.issued_at)
    return known is not None and (year is None or known.endswith(f".{year:04d}"))


def _course(
    holds: Mapping[_Token, Hold],
    statements: tuple[Statement, ...],
    by_cap: bool,
    events: Mapping[str, str],
) -> Course:
    held = tuple(holds.values())
    ends_at, end_reason, end_kind = _end(held, statements[0])
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


def _apply(
    statement: Statement, holds: dict[_Token, Hold], events: Mapping[str, str], lifetime: timedelta
) -> None:
    """Let one message hold and end places."""
    said = [(events.get(vtec_events.name_of(event)), event) for event in statement.events]
    own = [(key, event) for key, event in said if key is not None]
    if statement.kind == "cancel" and not statement.events:
        _end_places(statement, None, "cancelled", holds)
        return
    is_cancel = statement.kind == "cancel"
    for key, event in own:
        if event.action == vtec_events.EXPIRES:
            _let_expire(statement, key, event, holds)
        elif is_cancel or event.action in vtec_events.AT_ONCE:
            _end_places(statement, key, _REASONS.get(event.action, "cancelled"), holds)
    lasting = [(key, event) for key, event in own if event.action not in vtec_events.OVER]
    if not is_cancel and (lasting or not statement.events):
        _hold_places(statement, lasting, holds, lifetime)


def _hold_places(
    statement: Statement,
    events: Sequence[tuple[str, EventRef]],
    holds: dict[_Token, Hold],
    lifetime: timedelta,
) -> None:
    """Take the places of a message; an Update also releases the rest of what it refers to."""
    replaced: dict[_Token, Hold] = {}
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
    taken: dict[_Token, Hold] = {}
    named: Sequence[tuple[str | None, EventRef | None]] = events or [(None, None)]
    for key, event in named:
        until, kind = end_of(statement, event, alone=len(named) == 1, lifetime=lifetime)
        for place in places:
            if not _corrects_its_end(event, holds.get((key, place))):
                taken[key, place] = Hold(key, place, statement, until, kind)
    for token, hold in replaced.items():
        if token not in taken:
            holds[token] = _ended(hold, statement, "replaced")
    holds.update(taken)


def _corrects_its_end(event: EventRef | None, held: Hold | None) -> bool:
    """Does a correction name a place that a message has ended: then it corrects that, no more.

    Only NEW, CON, EXT, EXA and EXB put such a place in force again (NWSI 10-1703).
    """
    return event is not None and event.action == "COR" and held is not None and bool(held.over)


def _let_expire(statement: Statement, key: str, event: EventRef, holds: dict[_Token, Hold]) -> None:
    """Let places end when the event ends, if they are to be held for longer.

    Of a place that was not heard of before, this is the first word: it is held until then.
    """
    until = expiry_of(statement, event)
    known = {hold.place for hold in holds.values() if hold.event == key}
    if not known or (statement.ugc_codes and EVERYWHERE not in known):
        for place in _places(statement) - known:
            holds[key, place] = Hold(key, place, statement, until)
    for token in _named(statement, key, holds):
        held = holds[token]
        if until is not None and (held.until is None or until < held.until):
            holds[token] = held._replace(until=until, kind="time")


def _end_places(
    statement: Statement, event: str | None, reason: str, holds: dict[_Token, Hold]
) -> None:
    """End what a message names: in its own area only, of this event only; None: of all."""
    for token in _named(statement, event, holds):
        holds[token] = _ended(holds[token], statement, reason)


def _named(
    statement: Statement, event: str | None, holds: Mapping[_Token, Hold]
) -> Sequence[_Token]:
    """The places held of an event that a message speaks of.

    Without an area of its own it speaks of what it refers to, and what has replaced that since.
    """
    referred = {identity.message_name(reference) for reference in statement.references}
    names_places = _places(statement) != {EVERYWHERE}
    found = []
    for token, hold in holds.items():
        if hold.over is not None or (event and hold.event not in (None, event)):
            continue
        if names_places and hold.place != EVERYWHERE:
            named = _covers(statement, hold)
        else:
            named = not referred or _refers_to(referred, hold.by)
        if named:
            found.append(token)
    return found


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


def _cancel_reason(events: Sequence[EventRef]) -> str | None:
    """Why an alert is over of which only the end was heard."""
    reasons = {_REASONS.get(event.action, "cancelled") for event in events}
    return reasons.pop() if len(reasons) == 1 else "cancelled"


def _end(holds: Sequence[Hold], last: Statement) -> tuple[datetime | None, str | None, EndKind]:
    """When the last place is released, and how; `last` is the newest message."""
    if not holds:  # only its end was heard
        return last.issued_at, _cancel_reason(last.events), "time"
    open_ended = [hold for hold in holds if hold.until is None]
    if open_ended:
        return None, None, open_ended[0].kind
    ends_at = max(hold.until for hold in holds if hold.until is not None)
    last_held = [hold for hold in holds if hold.until == ends_at]
    by_time = [hold for hold in last_held if hold.over is None]
    if by_time:
        return ends_at, None, by_time[-1].kind
    reasons = {hold.over for hold in last_held}
    return ends_at, "cancelled" if "cancelled" in reasons else "replaced", "time"
