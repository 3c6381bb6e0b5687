"""Which places the messages of an alert hold, and until when.

Sources: CAP 1.2, 3.2.1 (msgType, references); NWSI 10-1703 (VTEC).

A place is held per VTEC event: the newest message that names it decides. Only CAN and UPG end at
once: a place of an EXP stays until the earlier of what it held and the event's own end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from eas_station.alerts.identity import identity
from eas_station.alerts.model import EndKind, EventRef, Statement
from eas_station.alerts.vtec import vtec_events
from eas_station.alerts.vtec.ends import end_of, expiry_of

EVERYWHERE = "*"  # the place of a message that names none
_REASONS = {"CAN": "cancelled", "UPG": "replaced"}

MessageName = tuple[str, str, datetime]
Token = tuple[str | None, str]  # event and place


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


def apply(
    statement: Statement, holds: dict[Token, Hold], events: Mapping[str, str], lifetime: timedelta
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
    holds: dict[Token, Hold],
    lifetime: timedelta,
) -> None:
    """Take the places of a message; an Update also releases the rest of what it refers to."""
    replaced: dict[Token, Hold] = {}
    if statement.kind == "update" and holds:
        referred = {identity.message_name(reference) for reference in statement.references}
        replaced = {
            key: hold
            for key, hold in holds.items()
            if hold.over is None and name_of(hold.by) in referred
        }
    places = _places(statement)
    if places == {EVERYWHERE} and replaced:  # an Update that names no place keeps them
        places = {place for _, place in replaced}
    taken: dict[Token, Hold] = {}
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


def _let_expire(statement: Statement, key: str, event: EventRef, holds: dict[Token, Hold]) -> None:
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
    statement: Statement, event: str | None, reason: str, holds: dict[Token, Hold]
) -> None:
    """End what a message names: in its own area only, of this event only; None: of all."""
    for token in _named(statement, event, holds):
        holds[token] = _ended(holds[token], statement, reason)


def _named(statement: Statement, event: str | None, holds: Mapping[Token, Hold]) -> Sequence[Token]:
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


def _refers_to(referred: set[MessageName], statement: Statement) -> bool:
    """Is a message among those referred to, or one that has replaced any of them."""
    return name_of(statement) in referred or any(
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


def name_of(statement: Statement) -> MessageName | None:
    return None if statement.message is None else identity.message_name(statement.message)


def _cancel_reason(events: Sequence[EventRef]) -> str | None:
    """Why an alert is over of which only the end was heard."""
    reasons = {_REASONS.get(event.action, "cancelled") for event in events}
    return reasons.pop() if len(reasons) == 1 else "cancelled"


def end_of_all(
    holds: Sequence[Hold], last: Statement
) -> tuple[datetime | None, str | None, EndKind]:
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
