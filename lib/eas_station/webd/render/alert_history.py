"""The timeline of an alert: its messages, what each changed, and when each was received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from eas_station.alerts.identity.identity import message_name, same_key
from eas_station.alerts.lifecycle import lifecycle
from eas_station.alerts.lifecycle.holds import EVERYWHERE
from eas_station.alerts.lifecycle.lifecycle import Course
from eas_station.alerts.model import Change, EventRef, Reception, Statement
from eas_station.webd.render.cards import origin_name
from eas_station.webd.render.times import Moment, TimeFormat, duration

MOST_STEPS = 200  # of one alert; the longest real chain had 60 messages
WORDS = {"alert": "Issued", "update": "Updated", "cancel": "Cancelled"}
SIGNS = {"alert": "+", "update": "↻", "cancel": "✕"}
# NWSI 10-1703, 4.2
ACTIONS = {
    "NEW": "new",
    "CON": "continued",
    "EXT": "extended in time",
    "EXA": "extended in area",
    "EXB": "extended in time and area",
    "UPG": "upgraded",
    "CAN": "cancelled",
    "EXP": "expired or about to expire",
    "COR": "corrected",
    "ROU": "routine",
}

_Name = tuple[str, str, datetime]


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One message, reception or end."""

    at: Moment
    sign: str
    what: str  # "Updated", "Heard off the air"
    who: str  # "NWS Cleveland OH"
    notes: tuple[str, ...]
    anchor: str | None  # the reception on the same page, "r-…"


@dataclass(frozen=True, slots=True)
class _Message:
    """A message, and what is in force before and after it."""

    first: Reception  # the first to carry it
    before: Course | None
    after: Course


class AlertHistory:
    """Makes the timeline of one alert as seen from `now`."""

    def __init__(
        self, place_names: Callable[[Iterable[str]], str], times: TimeFormat, now: datetime
    ) -> None:
        """`place_names` gives the names of UGCs and SAME codes, "Wood and Lucas, OH"."""
        self._place_names, self._times, self._now = place_names, times, now

    def of(
        self, receptions: Sequence[Reception], history: Iterable[Change]
    ) -> tuple[HistoryStep, ...]:
        """The steps, oldest first.

        Args:
            receptions: all of the alert, oldest first.
            history: the changes of the alert as recorded.
        """
        if not receptions:
            return ()
        messages = {id(one.first): one for one in _messages(receptions)}
        copies = _copies(receptions)
        known = {message_name(one.statement.message) for one in receptions if one.statement.message}
        headers: set[object] = set()
        steps: list[tuple[datetime, int, HistoryStep]] = []
        for reception in receptions:
            message = messages.get(id(reception))
            if reception.via == "same":
                step = self._off_air(reception, message, headers)
                steps.append((reception.received_at, 1, step))
            elif message is not None:
                step = self._message(message, copies[_name(reception.statement)], known)
                steps.append((reception.statement.issued_at, 0, step))
        steps += [(one.at, 2, self._end(one)) for one in history if one.kind == "ended"]
        return tuple(step for _, _, step in sorted(steps, key=lambda one: one[:2]))[-MOST_STEPS:]

    def _off_air(
        self, reception: Reception, message: _Message | None, headers: set[object]
    ) -> HistoryStep:
        """One reception off the air; `headers` are those received before it."""
        header = same_key(reception.statement) or reception.raw
        callsign = reception.statement.callsign
        notes = [f"sent by {callsign}"] if callsign else []
        if message is not None:
            notes += self._changes(message)
        else:
            notes.append("same header repeated" if header in headers else "matches the CAP message")
        headers.add(header)
        where, at = origin_name(reception), reception.received_at
        return self._step(at, "((", "Received off the air", where, notes, reception)

    def _message(
        self, message: _Message, copies: Sequence[Reception], known: set[_Name]
    ) -> HistoryStep:
        statement = message.first.statement
        who = statement.sender_name or (statement.message.sender if statement.message else "")
        notes = [
            *self._references(statement, known),
            *self._changes(message),
            *(self._event(event) for event in statement.events),
            self._arrivals(statement, copies),
        ]
        if (message.first.signature or "").startswith(("invalid", "unchecked")):
            notes.append(f"signature {message.first.signature}")
        what, sign = WORDS[statement.kind], SIGNS[statement.kind]
        return self._step(statement.issued_at, sign, what, who, notes, message.first)

    def _references(self, statement: Statement, known: set[_Name]) -> list[str]:
        """What it replaces, by time; messages that were not received are counted."""
        verb = {"update": "replaces", "cancel": "ends"}.get(statement.kind, "refers to")
        names = dict.fromkeys(map(message_name, statement.references))
        received = [self._time(sent_at) for name in names if name in known for sent_at in name[2:]]
        missing = sum(1 for name in names if name not in known)
        notes = [f"{verb} the message of {', '.join(received)}"] if received else []
        if missing:
            what = "an earlier message" if missing == 1 else f"{missing} earlier messages"
            notes.append(f"{verb} {what} not received here")
        return notes

    def _changes(self, message: _Message) -> list[str]:
        """How it changes what is in force."""
        before, after = _held(message.before), _held(message.after)
        if message.before is None:
            notes = [f"for {self._place_names(sorted(after))}"] if after else []
        else:
            notes = [
                f"{word} {self._place_names(sorted(places))}"
                for word, places in (("added", after - before), ("removed", before - after))
                if places
            ]
        return notes + self._end_moved(message)

    def _end_moved(self, message: _Message) -> list[str]:
        after, before = message.after, message.before
        if after.end_reason is not None:
            return [f"the whole alert is {after.end_reason}"]
        if before is None:
            return [f"until {self._until(after)}" if after.ends_at else self._until(after)]
        if (after.ends_at, after.end_kind) == (before.ends_at, before.end_kind):
            return []
        return [f"end moved from {self._until(before)} to {self._until(after)}"]

    def _until(self, course: Course) -> str:
        """The end in words, after "until"."""
        if course.end_kind == "until_further_notice":
            return "further notice"
        if course.ends_at is None:
            return "end not known"
        stated = "" if course.end_kind == "time" else " (no end given)"
        return f"{self._time(course.ends_at)}{stated}"

    def _event(self, event: EventRef) -> str:
        until = f", until {self._time(event.ends_at)}" if event.ends_at else ""
        is_test = ", a test" if event.product_class == "T" else ""
        action = ACTIONS.get(event.action, event.action)
        return f"event {event.key} ({event.action}) {action}{until}{is_test}"

    def _arrivals(self, statement: Statement, copies: Sequence[Reception]) -> str:
        """The feeds that carried it, and the delay of each."""
        first: dict[str, datetime] = {}
        for copy in copies:
            first.setdefault(copy.origin, copy.received_at)
        feeds = (
            f"from {origin} after {duration((at - statement.issued_at).total_seconds())}"
            for origin, at in first.items()
        )
        return f"received {' and '.join(feeds)}"

    def _end(self, change: Change) -> HistoryStep:
        return self._step(change.at, "■", "Ended", "this station", [change.why], None)

    def _time(self, at: datetime) -> str:
        moment = self._times.moment(at, self._now)
        return f"{moment.local} ({moment.utc})" if moment.utc else moment.local

    def _step(
        self,
        at: datetime,
        sign: str,
        what: str,
        who: str,
        notes: Iterable[str],
        reception: Reception | None,
    ) -> HistoryStep:
        moment = self._times.moment(at, self._now, seconds=True)
        anchor = None if reception is None else f"r-{reception.reception_id}"
        return HistoryStep(moment, sign, what, who, tuple(note for note in notes if note), anchor)


def _messages(receptions: Sequence[Reception]) -> list[_Message]:
    """Every message that counts, in the order issued, and what it changed."""
    firsts: dict[int, Reception] = {}
    for reception in receptions:
        firsts.setdefault(id(reception.statement), reception)
    course: Course | None = None
    messages: list[_Message] = []
    for statement in reversed(lifecycle.fold(receptions).statements):
        first = firsts[id(statement)]
        after = lifecycle.extended(course, first) if course is not None else None
        if after is None:
            after = lifecycle.fold([*(message.first for message in messages), first])
        messages.append(_Message(first, course, after))
        course = after
    return messages


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
    return {hold.place for hold in course.holds if hold.in_force(None)} - {EVERYWHERE}
