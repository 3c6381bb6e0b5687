"""Which places each VTEC event holds, read from NWS text products. Shares no code with the station.

Sources: NWSI 10-1703 (VTEC), NWSI 10-1702 (UGC), NWSI 10-1701 (headings, segments).
*In force* means announced and not over; a watch for tomorrow is in force today. A place is over at
its end, not after it. Where the directives can be read in two ways, this is the reading taken:

* EXP ends nothing early: the earlier of what was held and the VTEC end. CAN and UPG end the named
  places when they are received, even if an upgrade begins later.
* A message speaks for the places that it names. A place left out keeps what it held, because the
  directive ends a place with CAN, UPG, EXP or its time, and a segment may be lost.
* The latest message decides the times of a place, also CON: its EXT may not have been heard.
* COR decides the times, as CON does, but not the state: of a place that CAN or UPG ended it
  corrects the cancellation. Only NEW, CON, EXT, EXA and EXB put that place in force again.
* The end 000000T0000Z is "until further notice": 24 h past the expiry of the product text (UGC),
  not past its issue, because the text itself may be good for longer than a day. The begin
  000000T0000Z is "already begun". A date before 1990 (some software's null) is read like zeros.
* AWIPS numbers events by the UTC year of issue, so two events of one number can be alive in
  January. NEW, unless it corrects, is therefore an event of the year in which it was issued (or
  began, if earlier). Any other action belongs to an event alive; of two, to the one with these
  times, then to the one that holds the places; if none is alive, to one that gave a named place
  exactly the stated end; only then to the year of the begin, at most that of the message.
* Messages count in the order of issue (WMO heading, to the minute), corrections last, then NEW,
  then CON and EXT, EXA, EXB, then EXP, CAN, UPG. A late copy does not undo a newer message.
* Product classes O, E and X are alerts; T is a test and kept apart. ROU is no action.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

UNTIL_FURTHER_NOTICE = timedelta(hours=24)
RANK = dict(NEW=0, CON=1, EXT=1, EXA=1, EXB=1, EXP=2, CAN=3, UPG=3, COR=4, ROU=5)
HEADING = re.compile(r"[A-Z]{4}[0-9]{2} +[A-Z0-9]{4} +([0-9]{6})(?: +([A-Z]{3}))?")
VTEC = re.compile(
    r"/([OTEX])\.(NEW|CON|EXT|EXA|EXB|UPG|CAN|EXP|COR|ROU)\."
    r"([A-Z0-9]{4}\.[A-Z]{2}\.[A-Z]\.[0-9]{4})\.([0-9]{6}T[0-9]{4}Z)-([0-9]{6}T[0-9]{4}Z)"
)
LIKE_VTEC = re.compile(r"/[A-Z]\.[A-Z]{3}\.")
PLACE = r"(?:[A-Z]{2}[CZ]-?)?(?:[0-9]{3}|ALL)(?:>(?:[A-Z]{2}[CZ])?[0-9]{3})?"
UGC_FIRST = re.compile(rf"(?=[A-Z]{{2}}[CZ]){PLACE}(?:-{PLACE})*(?:-[0-9]{{6}})?-?")
UGC_NEXT = re.compile(rf"(?:{PLACE}-)*(?:{PLACE}|[0-9]{{6}})-?")
TIME = re.compile(r"(?:^|-)([0-9]{6})-?$")
TOKEN = re.compile(r"([A-Z]{2}[CZ])?([0-9]{3}|ALL)?(?:>(?:[A-Z]{2}[CZ])?([0-9]{3}))?")


@dataclass(frozen=True, slots=True)
class Line:
    """One P-VTEC string."""

    test: bool
    action: str
    event: str  # office, phenomenon, significance and number: "KOUN.WS.W.0001"
    begins_at: datetime | None  # None: already begun
    ends_at: datetime | None  # None: until further notice


@dataclass(slots=True)
class Segment:
    """The places between a UGC line and $$, and the VTEC lines that hold for all of them."""

    places: tuple[str, ...]  # "OKZ025"; "TXZ000" and "TXZALL" are whole states
    text_expires_at: datetime | None
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Product:
    """One text product. `faults` says in words what was mended or dropped."""

    issued_at: datetime
    correction: str = ""  # BBB: "CCA", "RRA"; most products have none
    awips_id: str | None = None
    segments: list[Segment] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hold:
    """What an event holds of one place."""

    begins_at: datetime
    ends_at: datetime  # the first moment that is over
    vtec_ends_at: datetime | None  # as last stated; None: until further notice, 24 h at most
    text_expires_at: datetime | None = None
    ended_by: str | None = None  # "CAN" or "UPG"


@dataclass(slots=True)
class Event:
    """One VTEC event and all places that it ever named."""

    test: bool
    number: str  # `event` of its lines, "KOUN.WS.W.0001"
    year: int
    places: dict[str, Hold] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The name of the event with its year, "KOUN.WS.W.0001.2014"."""
        return f"{self.number}.{self.year}"

    def match(self, line: Line, places: Sequence[str], at: datetime) -> tuple[bool, ...]:
        """How well the line fits: an event alive, same end, same begin, holds a named place."""
        named = [self.places[place] for place in places if place in self.places]
        alive = any(h.ended_by is None and h.ends_at > at for h in self.places.values())
        same_end = line.ends_at in [h.vtec_ends_at for h in named]
        same_begin = line.begins_at in [h.begins_at for h in named]
        return (alive, same_end, same_begin, any(h.ends_at > at for h in named))


def parse(raw: str, received_at: datetime) -> Product:
    """Read a text product as it went over the wire; blank and doubled lines mean nothing."""
    lines = [line.strip() for line in re.split(r"[\x00-\x1f]+", raw)]
    product, rest = _heading([line for line in lines if line], received_at)
    segment: Segment | None = None
    while rest:
        line = rest.pop(0)
        if UGC_FIRST.fullmatch(line):
            block = [line]
            while not TIME.search(block[-1]) and rest and UGC_NEXT.fullmatch(rest[0]):
                block.append(rest.pop(0))
            segment = _segment(block, product)
            product.segments.append(segment)
        elif line.startswith("$$"):
            segment = None
        elif LIKE_VTEC.match(line):
            if segment is None:
                segment = _segment([], product)
                product.segments.append(segment)
            segment.lines.extend(_vtec(line, product.faults))
    return product


def _heading(lines: list[str], received_at: datetime) -> tuple[Product, list[str]]:
    """The WMO heading among the first lines, and the lines after it and the AWIPS id."""
    for index, line in enumerate(lines[:6]):
        if found := HEADING.fullmatch(line):
            issued_at = _nearest(found[1], received_at)
            faults = [] if issued_at else [f"no such time: {line}"]
            product = Product(issued_at or received_at, found[2] or "", faults=faults)
            rest = lines[index + 1 :]
            if rest and re.fullmatch(r"[A-Z0-9]{4,6}", rest[0]):
                product.awips_id = rest.pop(0)
            return product, rest
    return Product(received_at.replace(second=0, microsecond=0), faults=["no WMO heading"]), lines


def _nearest(day_hour_minute: str, near: datetime) -> datetime | None:
    """A ddhhmm has no month: take the one that brings it nearest to `near`."""
    day, hour, minute = (int(day_hour_minute[index : index + 2]) for index in (0, 2, 4))
    candidates = []
    for month in range(near.year * 12 + near.month - 2, near.year * 12 + near.month + 1):
        with suppress(ValueError):
            first = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
            candidates.append(first.replace(day=day, hour=hour, minute=minute))
    return min(candidates, key=lambda moment: abs(moment - near), default=None)


def _segment(block: list[str], product: Product) -> Segment:
    """Expand a UGC: `SSF` holds for the numbers that follow, `>` is an inclusive range."""
    prefix, places, code = "", list[str](), "-".join(block)
    time = TIME.search(code)
    expires_at = _nearest(time[1], product.issued_at) if time else None
    for token in filter(None, TIME.sub("", code).split("-")):
        found = TOKEN.fullmatch(token)
        assert found is not None
        prefix, first, last = found[1] or prefix, found[2], found[3]
        if first is None:
            product.faults.append(f"UGC without its first number: {token}-")
        elif last is None:
            places.append(prefix + first)
        else:
            low, high = sorted((int(first), int(last)))
            places += [f"{prefix}{number:03}" for number in range(low, high + 1)]
    if expires_at is None:
        product.faults.append(f"UGC without a time: {code or None}")
    return Segment(tuple(dict.fromkeys(places)), expires_at)


def _vtec(line: str, faults: list[str]) -> list[Line]:
    with suppress(ValueError):
        if v := VTEC.match(line):
            return [Line(v[1] == "T", v[2], v[3], _time(v[4]), _time(v[5]))]
    faults.append(f"not a P-VTEC: {line}")
    return []


def _time(text: str) -> datetime | None:
    """A time of a P-VTEC; None for the null time and for dates before 1990."""
    if text == "000000T0000Z":
        return None
    century = "20" if text < "7" else "19"
    moment = datetime.strptime(century + text, "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    return moment if moment.year >= 1990 else None


@dataclass(frozen=True, slots=True)
class _Message:
    """One VTEC line as received."""

    received_at: datetime
    product: Product
    segment: Segment
    line: Line

    @property
    def order(self) -> tuple[datetime, bool, str, int, datetime]:
        bbb, action = self.product.correction, self.line.action
        corrects = bbb.startswith("C") or action == "COR"
        return (self.product.issued_at, corrects, bbb, RANK[action], self.received_at)


class Timeline:
    """A sequence of receptions, to be asked for the state at any time."""

    def __init__(self, sequence: Sequence[tuple[datetime, str]]) -> None:
        self.products = [(received_at, parse(raw, received_at)) for received_at, raw in sequence]
        messages = [
            _Message(received_at, product, segment, line)
            for received_at, product in self.products
            for segment in product.segments
            for line in segment.lines
        ]
        self._messages = sorted(messages, key=lambda message: message.order)

    def events(self, at: datetime) -> list[Event]:
        """All events heard of until `at`, tests and those that are over too."""
        events: list[Event] = []
        for message in self._messages:
            if message.received_at <= at and message.line.action != "ROU":
                event = _event_of(events, message)
                for place in message.segment.places:
                    event.places[place] = _hold(event.places.get(place), message)
        return events

    def in_force(
        self, at: datetime, *, test: bool = False, begun_only: bool = False
    ) -> dict[str, dict[str, Hold]]:
        """The places in force at `at` by key of event; with `test`, the test products instead."""
        held = {
            event.key: {
                place: hold
                for place, hold in event.places.items()
                if at < hold.ends_at and (hold.begins_at <= at or not begun_only)
            }
            for event in self.events(at)
            if event.test == test
        }
        return {key: places for key, places in held.items() if places}


def interesting_times(sequence: Sequence[tuple[datetime, str]]) -> list[datetime]:
    """Each receipt, begin and end that ever held, and one minute before and after each."""
    timeline, moments = Timeline(sequence), {received_at for received_at, _ in sequence}
    for received_at in sorted(moments):
        for event in timeline.events(received_at):
            for hold in event.places.values():
                moments |= {hold.begins_at, hold.ends_at, hold.text_expires_at or received_at}
    minute = timedelta(minutes=1)
    return sorted({moment + step for moment in moments for step in (-minute, 0 * minute, minute)})


def _event_of(events: list[Event], message: _Message) -> Event:
    """The event that the message speaks of, made if there is none."""
    line, issued_at, places = message.line, message.product.issued_at, message.segment.places
    known = [event for event in events if (event.test, event.number) == (line.test, line.event)]
    year = min(line.begins_at or issued_at, issued_at).year
    if line.action != "NEW" or message.product.correction.startswith("C"):
        fits = [(event.match(line, places, issued_at), event.year, event) for event in known]
        fits = [fit for fit in fits if fit[0][0] or (fit[0][1] and line.ends_at is not None)]
        if fits:
            return max(fits, key=lambda fit: (fit[0][1:], fit[1]))[2]
    for event in known:
        if event.year == year:
            return event
    events.append(Event(line.test, line.event, year))
    return events[-1]


def _hold(held: Hold | None, message: _Message) -> Hold:
    """What the event holds of a place after the message has named it."""
    line, segment, issued_at = message.line, message.segment, message.product.issued_at
    begins_at = line.begins_at or (min(held.begins_at, issued_at) if held else issued_at)
    if line.action in ("CAN", "UPG"):
        if held and held.ends_at <= message.received_at:
            return held
        text_expires_at = segment.text_expires_at
        return Hold(begins_at, message.received_at, line.ends_at, text_expires_at, line.action)
    if held and line.action in ("COR", "EXP") and held.ended_by:
        return held
    if held and line.action == "EXP":
        stated = line.ends_at or held.ends_at
        ends_at = min(held.ends_at, stated) if held.vtec_ends_at else stated
        return replace(held, ends_at=ends_at, vtec_ends_at=line.ends_at or held.vtec_ends_at)
    ends_at = line.ends_at or (segment.text_expires_at or issued_at) + UNTIL_FURTHER_NOTICE
    return Hold(begins_at, ends_at, line.ends_at, segment.text_expires_at)
