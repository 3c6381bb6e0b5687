"""Which CAP alert was heard off the air: the same warning, named by fewer places.

Sources: NWS Directive 10-1712 (a transmitter codes only the counties it serves, and may name a part
of one by the P digit); 47 CFR 11.31(c). The same originator, event, minute of issue and office, and
no place but those of the CAP message: then, if only one alert fits, it is that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from eas_station.alerts.model import Reception, Statement
from eas_station.alerts.vtec.message_order import order

MOST_PLACES = 40  # of a CAP message that is found by its places; of one with more by its states
_OFFICE = re.compile(r"\b[KPTX][A-Z]{3}\b")  # ICAO locations of the NWS
_OFFICE_CALLSIGN = re.compile(r"([A-Z]{4})/NWS")

Subject = tuple[str, str, str]  # ORG, EEE, minute of issue


def subject_of(said: Statement) -> Subject | None:
    """What is the same in a CAP message and in its SAME header; None: it is not on the air."""
    if said.kind == "cancel" or said.doubt is not None or not places_of(said):
        return None
    originator, event_code = said.originator, said.event_code
    if said.same_header is not None:
        _, originator, event_code = (*said.same_header.split("-"), "", "")[:3]
    if not originator or not event_code:
        return None
    return originator, event_code, f"{said.issued_at.astimezone(UTC):%Y-%jT%H:%M}"


def places_of(said: Statement) -> frozenset[str]:
    """The places without P, the part of a county."""
    places = said.same_codes
    if said.same_header is not None:  # as translated it may have fewer, but no others
        places += tuple(said.same_header.partition("+")[0].split("-")[3:])
    return frozenset([code[1:] for code in places if code])


def offices_of(said: Statement) -> frozenset[str]:
    """The NWS offices that a message can be of; none: it does not say."""
    if said.message is None:
        found = _OFFICE_CALLSIGN.fullmatch(said.callsign or "")
        return frozenset(found.groups() if found is not None else ())
    if said.events:
        return frozenset([event.key.partition(".")[0] for event in said.events])
    return frozenset(_OFFICE.findall(f"{said.sender_name or ''} {said.message.sender}"))


def names_of_air(said: Statement) -> Iterator[tuple[str, ...]]:
    """What a header is found by: its places, and their states."""
    subject = subject_of(said)
    if subject is not None:
        places = places_of(said)
        for name in sorted(places | {place[:2] for place in places}):
            yield (*subject, name)


def sought_off_air(said: Statement) -> Iterator[tuple[str, ...]]:
    """By what a header looks for its alert: one place is enough, for that must have them all."""
    subject = subject_of(said)
    if subject is not None:
        first = min(places_of(said))
        yield (*subject, first)
        yield (*subject, first[:2])


def names_of_cap(said: Statement) -> Iterator[tuple[str, ...]]:
    """What a CAP message is found by, and looks for a header by."""
    subject = subject_of(said)
    if subject is not None:
        places = places_of(said)
        if len(places) > MOST_PLACES:
            places = frozenset([place[:2] for place in places])
        for place in sorted(places):
            yield (*subject, place)


@dataclass(slots=True)
class CapGroup:
    """The CAP messages of one alert that are of one subject."""

    first: Reception  # in the order of issue
    places: set[str] = field(default_factory=set)
    offices: set[str] = field(default_factory=set)
    purges: set[str] = field(default_factory=set)

    def take(self, said: Statement) -> None:
        """One more message of it."""
        self.places |= places_of(said)
        self.offices |= offices_of(said)
        self.purges.add(purge_of(said))


def purge_of(said: Statement) -> str:
    """TTTT of the header, "" without one."""
    return (said.same_header or "").partition("+")[2][:4]


def matches(
    air: Mapping[int, Reception], groups: Mapping[int, Sequence[Reception]]
) -> dict[int, int]:
    """Which group of CAP messages each header belongs to, by their numbers.

    Args:
        air: one hearing of each header.
        groups: the messages of each alert, in the order of issue.
    """
    subjects: dict[Subject, dict[int, CapGroup]] = {}
    for number, messages in groups.items():
        for message in messages:
            subject = subject_of(message.statement)
            if subject is not None:
                found = subjects.setdefault(subject, {})
                found.setdefault(number, CapGroup(message)).take(message.statement)
    claims: dict[tuple[int, frozenset[str]], list[tuple[int, str, int]]] = {}
    for number, heard in air.items():
        said = heard.statement
        subject = subject_of(said)
        rivals = subjects.get(subject, {}) if subject is not None else {}
        match = _best(said, rivals)
        if match is not None:
            claim = (match[0], said.same_header or "", number)
            claims.setdefault((match[1], places_of(said)), []).append(claim)
    # Two headers that differ in their purge time alone are two warnings: one is the CAP message's.
    return {min(claiming)[2]: group for (group, _), claiming in claims.items()}


def _best(said: Statement, rivals: Mapping[int, CapGroup]) -> tuple[int, int] | None:
    """How well the one group fits that a header can be of, and its number; None: none does.

    Groups of exactly the header's places are alike to whoever only heard it: the first is taken.
    """
    places, offices = places_of(said), offices_of(said)
    fitting = [
        (_rank(said, places, group), number, group)
        for number, group in rivals.items()
        if places <= group.places and (offices & group.offices or not (offices and group.offices))
    ]
    if not fitting:
        return None
    rank = min(rank for rank, _, _ in fitting)
    best = [(number, group) for one, number, group in fitting if one == rank]
    if len(best) > 1 and rank == _PART:
        return None
    return rank, min(best, key=lambda found: _sort_key(found[1].first))[0]


_SAME, _SAME_PLACES, _PART = range(3)


def _rank(said: Statement, places: frozenset[str], group: CapGroup) -> int:
    if places != group.places:
        return _PART
    return _SAME if purge_of(said) in group.purges else _SAME_PLACES


def _sort_key(reception: Reception) -> tuple[object, ...]:
    message = reception.statement.message
    name = () if message is None else (message.sender, message.identifier)
    return (order(reception.statement), name)
