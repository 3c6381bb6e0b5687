"""The chain of an alert: which message replaced which, what each changed, who heard it when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from eas_station.alerts import lifecycle
from eas_station.alerts.identity import message_name, same_key
from eas_station.alerts.lifecycle import Course
from eas_station.alerts.model import Change, EventRef, Reception, Statement
from eas_station.webd.render.times import Clockface, Moment, lasted

MOST_LINKS = 200  # of one alert; the longest real chain had 60 messages
WORDS = {"alert": "Issued", "update": "Updated", "cancel": "Cancelled"}
SIGNS = {"alert": "+", "update": "↻", "cancel": "✕"}
# NWS Directive 10-1703, 4.2
ACTIONS = {
    "NEW": "new",
    "CON": "continues",
    "EXT": "lasts longer",
    "EXA": "reaches further",
    "EXB": "lasts longer and reaches further",
    "UPG": "is replaced by something graver",
    "CAN": "is cancelled",
    "EXP": "has expired or is about to",
    "COR": "is corrected",
    "ROU": "is repeated as a matter of routine",
}

_Name = tuple[str, str, datetime]


class PlaceNames(Protocol):
    """Names of places."""

    def of(self, places: Iterable[str]) -> str:
        """Those of UGCs and SAME codes, "Wood and Lucas, OH"."""


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One message, hearing or end, in the order of time."""

    at: Moment
    sign: str
    what: str  # "Updated", "Heard off the air"
    who: str  # "NWS Cleveland OH"
    notes: tuple[str, ...]
    anchor: str | None  # the reception on the same page, "r-…"


@dataclass(frozen=True, slots=True)
class _Step:
    """A message and how things stand after it."""

    first: Reception  # that brought it
    before: Course | None
    after: Course


class AlertHistory:
    """Makes the chain of one alert as seen from `now`."""

    def __init__(self, places: PlaceNames, face: Clockface, now: datetime) -> None:
        self._places, self._face, self._now = places, face, now

    def of(
        self, receptions: Sequence[Reception], history: Iterable[Change]
    ) -> tuple[HistoryStep, ...]:
        """The links, oldest first.

        Args:
            receptions: all that heard it, oldest first.
            history: what the record says became of it.
        """
        if not receptions:
            return ()
        steps = {id(step.first): step for step in _steps(receptions)}
        copies = _copies(receptions)
        known = {message_name(one.statement.message) for one in receptions if one.statement.message}
        headers: set[object] = set()
        links: list[tuple[datetime, int, HistoryStep]] = []
        for reception in receptions:
            step = steps.get(id(reception))
            if reception.via == "same":
                links.append((reception.received_at, 1, self._hearing(reception, step, headers)))
            elif step is not None:
                link = self._message(step, copies[_name(reception.statement)], known)
                links.append((reception.statement.issued_at, 0, link))
        links += [(one.at, 2, self._end(one)) for one in history if one.kind == "ended"]
        return tuple(link for _, _, link in sorted(links, key=lambda one: one[:2]))[-MOST_LINKS:]

    def _hearing(
        self, reception: Reception, step: _Step | None, headers: set[object]
    ) -> HistoryStep:
        """One hearing off the air; `headers` are those heard before it."""
        header = same_key(reception.statement) or reception.raw
        channel = reception.channel
        where = (
            reception.origin if channel in (None, "mono") else f"{reception.origin}, {channel} MHz"
        )
        callsign = reception.statement.callsign
        said = [f"sent by {callsign}"] if callsign else []
        if step is not None:
            said += self._changes(step)
        else:
            said.append("the same again" if header in headers else "says what came by CAP")
        headers.add(header)
        return self._link(reception.received_at, "((", "Heard off the air", where, said, reception)

    def _message(self, step: _Step, copies: Sequence[Reception], known: set[_Name]) -> HistoryStep:
        statement = step.first.statement
        who = statement.sender_name or (statement.message.sender if statement.message else "")
        notes = [
            *self._references(statement, known),
            *self._changes(step),
            *(self._event(event) for event in statement.events),
            self._arrivals(statement, copies),
        ]
        if (step.first.signature or "").startswith(("invalid", "unchecked")):
            notes.append(f"signature {step.first.signature}")
        what = WORDS[statement.kind]
        return self._link(statement.issued_at, SIGNS[statement.kind], what, who, notes, step.first)

    def _references(self, statement: Statement, known: set[_Name]) -> list[str]:
        """What it replaces, by its time; what we never got is said by its name."""
        verb = {"update": "replaces", "cancel": "ends"}.get(statement.kind, "refers to")
        names = dict.fromkeys(map(message_name, statement.references))
        had = [self._time(sent_at) for name in names if name in known for sent_at in name[2:]]
        missing = sum(1 for name in names if name not in known)
        said = [f"{verb} the message of {', '.join(had)}"] if had else []
        if missing:
            what = "an earlier message" if missing == 1 else f"{missing} earlier messages"
            said.append(f"{verb} {what} that did not come here")
        return said

    def _changes(self, step: _Step) -> list[str]:
        """What is in force otherwise than before."""
        before, after = _held(step.before), _held(step.after)
        if step.before is None:
            said = [f"for {self._places.of(sorted(after))}"] if after else []
        else:
            said = [
                f"{word} {self._places.of(sorted(places))}"
                for word, places in (("added", after - before), ("released", before - after))
                if places
            ]
        return said + self._end_moved(step)

    def _end_moved(self, step: _Step) -> list[str]:
        until, reason = step.after.ends_at, step.after.end_reason
        was = None if step.before is None else step.before.ends_at
        if reason is not None:
            return [f"all of it is {reason}"]
        if step.before is None:
            return [f"until {self._time(until)}" if until else "until further notice"]
        if until == was:
            return []
        from_, to = (self._time(at) if at else "further notice" for at in (was, until))
        return [f"end moved from {from_} to {to}"]

    def _event(self, event: EventRef) -> str:
        until = f", until {self._time(event.ends_at)}" if event.ends_at else ""
        practice = ", a test" if event.product_class == "T" else ""
        action = ACTIONS.get(event.action, event.action)
        return f"event {event.key} ({event.action}) {action}{until}{practice}"

    def _arrivals(self, statement: Statement, copies: Sequence[Reception]) -> str:
        """By which feeds it came, and how long that took."""
        first: dict[str, datetime] = {}
        for copy in copies:
            first.setdefault(copy.origin, copy.received_at)
        came = (
            f"by {origin} after {lasted((at - statement.issued_at).total_seconds())}"
            for origin, at in first.items()
        )
        return f"came {' and '.join(came)}"

    def _end(self, change: Change) -> HistoryStep:
        return self._link(change.at, "■", "Over", "this station's record", [change.why], None)

    def _time(self, at: datetime) -> str:
        moment = self._face.moment(at, self._now)
        return f"{moment.local} ({moment.utc})" if moment.utc else moment.local

    def _link(
        self,
        at: datetime,
        sign: str,
        what: str,
        who: str,
        notes: Iterable[str],
        reception: Reception | None,
    ) -> HistoryStep:
        moment = self._face.moment(at, self._now, seconds=True)
        anchor = None if reception is None else f"r-{reception.reception_id}"
        return HistoryStep(moment, sign, what, who, tuple(note for note in notes if note), anchor)


def _steps(receptions: Sequence[Reception]) -> list[_Step]:
    """Every message that counts, in the order in which they were said, and what it changed."""
    bringers: dict[int, Reception] = {}
    for reception in receptions:
        bringers.setdefault(id(reception.statement), reception)
    course: Course | None = None
    steps: list[_Step] = []
    for statement in reversed(lifecycle.fold(receptions).statements):
        first = bringers[id(statement)]
        after = lifecycle.extended(course, first) if course is not None else None
        if after is None:
            after = lifecycle.fold([*(step.first for step in steps), first])
        steps.append(_Step(first, course, after))
        course = after
    return steps


def _copies(receptions: Iterable[Reception]) -> dict[_Name | None, list[Reception]]:
    found: defaultdict[_Name | None, list[Reception]] = defaultdict(list)
    for reception in receptions:
        found[_name(reception.statement)].append(reception)
    return found


def _name(statement: Statement) -> _Name | None:
    return None if statement.message is None else message_name(statement.message)


def _held(course: Course | None) -> set[str]:
    if course is None:
        return set()
    return {hold.place for hold in course.holds if hold.in_force(None)} - {lifecycle.EVERYWHERE}
