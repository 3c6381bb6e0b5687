"""Which receptions are of one warning: a function of what was received, in any order.

Sources: CAP 1.2, 3.2.1 (references); NWSI 10-1703 (P-VTEC); 47 CFR 11.33(a)(10) (the header without
its call sign). Being close in time, or in a county, is never a reason to join: two real warnings
are.

A later reception may show that two alerts are one, or that a reception was taken for another's. So
nothing is decided once and for all: the groups are found anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eas_station.alerts.identity import air_match, identity
from eas_station.alerts.model import EventRef, Key, Reception, Statement
from eas_station.alerts.vtec import vtec_lives
from eas_station.alerts.vtec.message_order import order
from eas_station.alerts.vtec.vtec_events import lasting_events, name_of, primary_events
from eas_station.alerts.vtec.vtec_lives import EventLife

_Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """The receptions of each warning, by their numbers in the list that was grouped."""

    members: tuple[tuple[int, ...], ...]  # a reception can be of several: it ends what is not its
    home: tuple[int, ...]  # of each reception: the group it is of, before all others


def groups(heard: Sequence[Reception]) -> Groups:
    """Group receptions, dated by a trusted clock."""
    return _Grouping(heard).result()


class _Grouping:
    """Joins numbers of receptions; a number that is joined to nothing is a group of its own."""

    def __init__(self, heard: Sequence[Reception]) -> None:
        self._heard = heard
        self._realms = [identity.realm_of(reception) for reception in heard]
        self._subjects = [
            frozenset([name_of(event) for event in primary_events(reception.statement)])
            for reception in heard
        ]
        self._parents = list(range(len(heard)))
        self._guests: list[tuple[int, int]] = []  # a reception, and one of a group it is of too
        self._lives: dict[_Name, list[EventLife]] = {}
        ordered = sorted(range(len(heard)), key=self._order)
        by_cap = [number for number in ordered if heard[number].via == "cap"]
        off_air = [number for number in ordered if heard[number].via == "same"]
        self._join_messages(by_cap)
        for number in by_cap:
            self._follow_events(number)
        self._join_headers(off_air)
        self._join_air_to_cap(off_air, by_cap)

    def result(self) -> Groups:
        """The groups, each in the order of its first number."""
        roots: dict[int, int] = {}
        home = [roots.setdefault(self._root(n), len(roots)) for n in range(len(self._heard))]
        members: list[set[int]] = [set() for _ in roots]
        for number, group in enumerate(home):
            members[group].add(number)
        for guest, host in self._guests:
            members[home[host]].add(guest)
        return Groups(tuple(tuple(sorted(one)) for one in members), tuple(home))

    def _order(self, number: int) -> tuple[object, ...]:
        heard = self._heard[number]
        message = heard.statement.message
        name = () if message is None else (message.sender, message.identifier)
        return (order(heard.statement), name, heard.received_at, heard.reception_id)

    def _root(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number

    def _join(self, one: int, other: int) -> None:
        self._parents[self._root(other)] = self._root(one)

    def _join_messages(self, by_cap: Sequence[int]) -> None:
        """Copies of one message, and what refers to it; but an event is no other event."""
        named: dict[tuple[str, object], int] = {}
        for number in by_cap:
            message = self._heard[number].statement.message
            if message is not None:
                name = (self._realms[number], identity.message_name(message))
                self._join(named.setdefault(name, number), number)
        for number in by_cap:
            for reference in self._heard[number].statement.references:
                name = (self._realms[number], identity.message_name(reference))
                referred = named.setdefault(name, number)  # not heard: known by the first mention
                if referred != number and self._may_be_one(number, referred):
                    self._join(referred, number)

    def _may_be_one(self, one: int, other: int) -> bool:
        subjects = self._subjects[one], self._subjects[other]
        return not all(subjects) or not subjects[0].isdisjoint(subjects[1])

    def _follow_events(self, number: int) -> None:
        """Join a message to the events it holds; of those it ends it is a guest."""
        said = self._heard[number].statement
        lasting = lasting_events(said)
        for event in lasting:
            life = self._life_of(number, event) or self._begin(number, event)
            self._join(life.member, number)
            life.take(event, said, _places(said))
        ending = [event for event in said.events if event not in lasting]
        known = [(event, self._life_of(number, event)) for event in ending]
        is_home = bool(lasting)
        for event, found in known:
            if found is None:
                continue
            if is_home:
                self._guests.append((number, found.member))
            else:
                self._join(found.member, number)
            is_home = True
            found.take(event, said, _places(said))
        if not is_home:
            for event in ending:
                self._begin(number, event).take(event, said, _places(said))

    def _life_of(self, number: int, event: EventRef) -> EventLife | None:
        """The event that a message speaks of; None: it is the first word of it."""
        said, root = self._heard[number].statement, self._root(number)
        lives = self._lives.get((self._realms[number], name_of(event)), [])
        fitting = [life for life in lives if life.may_be(event, said)]

        def unlikeness(life: EventLife) -> tuple[object, ...]:
            is_referred_to = self._root(life.member) == root
            return (not is_referred_to, *life.unlikeness(event, said, _places(said)))

        return min(fitting, key=unlikeness, default=None)

    def _begin(self, number: int, event: EventRef) -> EventLife:
        life = vtec_lives.begun(number, event, self._heard[number].statement)
        self._lives.setdefault((self._realms[number], name_of(event)), []).append(life)
        return life

    def _join_headers(self, off_air: Sequence[int]) -> None:
        """One header by several transmitters, or again, while it is valid if it has no date."""
        firsts: dict[Key, int] = {}
        for number in sorted(off_air, key=lambda n: self._heard[n].received_at):
            key = identity.same_key(self._heard[number].statement)
            if key is None:
                continue
            first = firsts.setdefault(key, number)
            if _is_another_day(self._heard[first], self._heard[number]):
                firsts[key] = first = number
            self._join(first, number)

    def _join_air_to_cap(self, off_air: Sequence[int], by_cap: Sequence[int]) -> None:
        air: dict[int, Reception] = {}
        for number in off_air:
            if self._realms[number] == "":
                air.setdefault(self._root(number), self._heard[number])
        if not air:
            return
        messages: dict[int, list[Reception]] = {}
        for number in by_cap:
            if self._realms[number] == "":
                messages.setdefault(self._root(number), []).append(self._heard[number])
        for header, message in air_match.matches(air, messages).items():
            self._join(message, header)


def _places(said: Statement) -> set[str]:
    return set(said.ugc_codes or said.same_codes)


def _is_another_day(first: Reception, later: Reception) -> bool:
    """Was a header without a credible date heard again after it was over."""
    over_at = first.statement.expires_at
    return (
        first.statement.doubt is not None and over_at is not None and over_at <= later.received_at
    )
