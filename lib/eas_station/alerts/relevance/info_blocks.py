"""Which info block of a CAP message speaks: each has its own places, times and severity.

CAP 1.2, 3.2.2: several info blocks describe one event in other languages, or its parts. Some
services write one for each time slot or level. Of those that concern us the one that has begun
speaks, the gravest of several; one that the station's `least_severity` leaves out does not stand
before one that is still to come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from eas_station.alerts.model import InfoBlock, Statement
from eas_station.alerts.relevance import relevance, severity
from eas_station.alerts.relevance.places import Gazetteer, office_of
from eas_station.alerts.relevance.relevance import Area

# What a block says in place of its message.
SPOKEN = (
    *("event_name", "event_code", "severity", "urgency", "certainty", "headline"),
    *("description", "instruction", "area_text", "onset_at"),
)


PLACES = ("same_codes", "ugc_codes", "polygons", "circles", "canada_codes", "geocodes")


class CodeTables(Gazetteer, severity.EventTable, Protocol):
    """What is known of event codes and places; `tables.Tables` is one."""

    def is_test_code(self, code: str) -> bool: ...


def speaking(said: Statement, area: Area, known: CodeTables, at: datetime | None) -> Statement:
    """A message in the words of the block that speaks at a time, with the places of its like.

    Args:
        at: None while the clock is not trusted: then no block has begun or is over by time.
    """
    if not said.blocks:
        return said
    office = office_of(said)

    def is_ours(block: InfoBlock) -> bool:
        return relevance.concern(block, area, known, block.event_code, office) is not None

    def grade(block: InfoBlock) -> int:
        return severity.rank(block.event_code, block.event_name, block.severity, False, known)

    left = _those(said.blocks, lambda block: not _is_over(block, at))
    ours = _those(left, is_ours)
    wanted = _those(ours, lambda block: not relevance.is_below(block.severity, area))
    begun = _those(wanted, lambda block: _has_begun(block, at))
    block = min(begun, key=grade)
    alike = [
        other
        for other in _those(left, lambda other: _has_begun(other, at) == _has_begun(block, at))
        if (other.event_name, other.severity) == (block.event_name, block.severity)
    ]
    words: dict[str, Any] = {name: getattr(block, name) for name in SPOKEN}
    places: dict[str, Any] = {
        name: tuple(dict.fromkeys(place for one in alike for place in getattr(one, name)))
        for name in PLACES
    }
    return replace(said, **words, **places)


def next_change(said: Statement, at: datetime) -> datetime | None:
    """When another block may speak; None: never."""
    times = [time for block in said.blocks for time in (block.onset_at, block.over_at)]
    return min((time for time in times if time is not None and time > at), default=None)


def _those(blocks: Sequence[InfoBlock], fit: Callable[[InfoBlock], bool]) -> Sequence[InfoBlock]:
    """The blocks that fit; all of them if none does."""
    return [block for block in blocks if fit(block)] or blocks


def _is_over(block: InfoBlock, at: datetime | None) -> bool:
    return at is not None and block.over_at is not None and block.over_at <= at


def _has_begun(block: InfoBlock, at: datetime | None) -> bool:
    return at is None or block.onset_at is None or block.onset_at <= at
