"""Where an alert is in force now: what is left of the places that its messages named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from eas_station.alerts.lifecycle.holds import Hold
from eas_station.alerts.lifecycle.lifecycle import Course
from eas_station.alerts.model import Circle, Ring, Statement

T = TypeVar("T")
Zones = Mapping[str, tuple[str, ...]]  # UGC → SAME codes


@dataclass(frozen=True, slots=True)
class Extent:
    """The places of an alert, newest message first. Of one that is over: what it held last."""

    same_codes: tuple[str, ...]
    ugc_codes: tuple[str, ...]
    polygons: tuple[Ring, ...]
    circles: tuple[Circle, ...]
    is_partial: bool = False  # places have been released that the polygons and circles still show
    canada_codes: tuple[str, ...] = ()
    geocodes: tuple[str, ...] = ()

    def within(self, said: Statement) -> Extent:
        """What of it a message names: of several info blocks one speaks."""
        return replace(
            self,
            same_codes=tuple(code for code in self.same_codes if code in said.same_codes),
            ugc_codes=tuple(code for code in self.ugc_codes if code in said.ugc_codes),
            polygons=tuple(ring for ring in self.polygons if ring in said.polygons),
            circles=tuple(circle for circle in self.circles if circle in said.circles),
            canada_codes=said.canada_codes,
            geocodes=said.geocodes,
        )

    def undrawn(self) -> Extent:
        """The same without what is drawn."""
        return replace(self, polygons=(), circles=())


def extent(course: Course, at: datetime | None, zones: Zones) -> Extent:
    """Where a course is in force at a time; at None: where no message has ended it.

    A county stays while a zone that touches it does, and while nobody can tell.
    """
    if _holds_all(course):
        return _named(course.statements[0])
    holding = course.holding(at)
    holders = course.holders(at) or course.statements[:1]
    held = {id(said): {hold.place for hold in holding if hold.by is said} for said in holders}
    return Extent(
        same_codes=_each_once(
            code for said in holders for code in _counties(course, said, held[id(said)], zones)
        ),
        ugc_codes=_each_once(code for said in holders for code in _ugcs(said, held[id(said)])),
        polygons=_each_once(ring for said in holders for ring in said.polygons),
        circles=_each_once(circle for said in holders for circle in said.circles),
        is_partial=any(
            not held[id(said)].issuperset(said.ugc_codes or said.same_codes) for said in holders
        ),
        canada_codes=_each_once(code for said in holders for code in said.canada_codes),
        geocodes=_each_once(code for said in holders for code in said.geocodes),
    )


def _holds_all(course: Course) -> bool:
    """Is there one message alone, which holds what it names for one time or held it."""
    return len(course.statements) == 1 and len({hold[3:] for hold in course.holds}) < 2


def _named(said: Statement) -> Extent:
    return Extent(
        same_codes=_each_once(said.same_codes),
        ugc_codes=_each_once(said.ugc_codes),
        polygons=_each_once(said.polygons),
        circles=_each_once(said.circles),
        canada_codes=_each_once(said.canada_codes),
        geocodes=_each_once(said.geocodes),
    )


def _ugcs(said: Statement, held: set[str]) -> tuple[str, ...]:
    """Of the UGCs that a message named, or took over unnamed, those it still holds."""
    if not said.ugc_codes and not said.same_codes:
        return tuple(sorted(place for place in held if place[:1].isalpha()))
    return tuple(code for code in said.ugc_codes if code in held or not held)


def _counties(course: Course, said: Statement, held: set[str], zones: Zones) -> tuple[str, ...]:
    """Of the SAME codes that a message named, or took over unnamed, those it still holds."""
    kept = {code for ugc in held for code in zones.get(ugc, ())}
    if not said.ugc_codes and not said.same_codes:
        return tuple(sorted(kept | {place for place in held if place[:1].isdigit()}))
    if not held or held.issuperset(said.ugc_codes or said.same_codes):
        return said.same_codes
    if not said.ugc_codes:
        return tuple(code for code in said.same_codes if code in held)
    mapped = {code for ugc in said.ugc_codes for code in zones.get(ugc, ())}
    lost = _named_by_others(course.holds, said, held)
    return tuple(code for code in said.same_codes if code in kept or code not in mapped | lost)


def _named_by_others(holds: Iterable[Hold], said: Statement, held: set[str]) -> set[str]:
    """SAME codes of the messages that ended or took places of this one."""
    gone = set(said.ugc_codes) - held
    others = (hold.over_by or hold.by for hold in holds if hold.place in gone)
    return {code for other in others if other is not said for code in other.same_codes}


def _each_once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values)) if values else ()
