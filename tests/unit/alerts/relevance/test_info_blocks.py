"""Which info block of a CAP message speaks, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from eas_station.alerts.model import InfoBlock, Ring, Statement
from eas_station.alerts.relevance import info_blocks
from eas_station.alerts.relevance.relevance import Area
from eas_station.tables import Tables

SIX = datetime.fromisoformat("2026-08-11T06:00Z")
HERE: Ring = ((45.9, 14.0), (45.9, 15.0), (46.2, 15.0), (46.2, 14.0), (45.9, 14.0))
THERE: Ring = ((41.0, 14.0), (41.0, 15.0), (42.0, 15.0), (42.0, 14.0), (41.0, 14.0))
LJUBLJANA = Area(point=(46.05, 14.5))


def block(
    name: str, severity: str, begins_h: float, over_h: float | None, ring: Ring = HERE
) -> InfoBlock:
    return InfoBlock(
        *(name, None, severity, "Expected", "Likely", name, None, None, "Osrednja"),
        onset_at=SIX + timedelta(hours=begins_h),
        over_at=None if over_h is None else SIX + timedelta(hours=over_h),
        polygons=(ring,),
    )


def message(*blocks: InfoBlock) -> Statement:
    first = blocks[0]
    return Statement(
        *("alert", "actual", first.event_name, SIX),
        severity=first.severity,
        polygons=tuple(dict.fromkeys(ring for one in blocks for ring in one.polygons)),
        blocks=blocks,
    )


SLOTS = message(
    block("Green", "Minor", 0, 7),
    block("Yellow thunderstorm", "Moderate", 7, 13),
    block("Orange thunderstorm", "Severe", 13, 25),
)


@pytest.mark.parametrize(
    ("hours", "spoken"),
    [(0, "Green"), (6.99, "Green"), (7, "Yellow thunderstorm"), (13, "Orange thunderstorm")],
)
def test_the_block_that_has_begun_speaks(hours: float, spoken: str, all_tables: Tables) -> None:
    at = SIX + timedelta(hours=hours)
    said = info_blocks.speaking(SLOTS, LJUBLJANA, all_tables, at)
    assert (said.event_name, said.headline) == (spoken, spoken)


def test_a_block_below_the_least_severity_does_not_stand_before_one_to_come(
    all_tables: Tables,
) -> None:
    picky = replace(LJUBLJANA, least_severity="Moderate")
    said = info_blocks.speaking(SLOTS, picky, all_tables, SIX)
    assert (said.event_name, said.severity) == ("Orange thunderstorm", "Severe")
    assert said.onset_at == SIX + timedelta(hours=13)


def test_the_gravest_of_several_that_concern_us_speaks(all_tables: Tables) -> None:
    said = message(
        block("Yellow wind", "Moderate", 0, 10),
        block("Red rain", "Extreme", 0, 10),
        block("Orange wind", "Severe", 0, 10),
    )
    assert info_blocks.speaking(said, LJUBLJANA, all_tables, SIX).event_name == "Red rain"


def test_a_graver_block_for_other_places_does_not_speak_for_us(all_tables: Tables) -> None:
    said = message(
        block("Red rain", "Extreme", 0, 10, THERE), block("Yellow rain", "Moderate", 0, 10)
    )
    spoken = info_blocks.speaking(said, LJUBLJANA, all_tables, SIX)
    assert (spoken.event_name, spoken.severity, spoken.polygons) == (
        *("Yellow rain", "Moderate"),
        (HERE,),
    )


def test_where_none_concerns_us_the_gravest_speaks(all_tables: Tables) -> None:
    said = message(
        block("Yellow rain", "Moderate", 0, 10, THERE), block("Red rain", "Extreme", 0, 10, THERE)
    )
    assert info_blocks.speaking(said, LJUBLJANA, all_tables, SIX).event_name == "Red rain"


def test_blocks_of_one_event_and_severity_speak_for_all_their_places(all_tables: Tables) -> None:
    said = message(
        block("Orange rain", "Severe", 0, 10), block("Orange rain", "Severe", 0, 10, THERE)
    )
    assert info_blocks.speaking(said, LJUBLJANA, all_tables, SIX).polygons == (HERE, THERE)


def test_what_is_over_leaves_the_word_to_the_rest(all_tables: Tables) -> None:
    said = message(block("Red rain", "Extreme", 0, 1), block("Yellow rain", "Moderate", 0, None))
    at = SIX + timedelta(hours=1)
    assert info_blocks.speaking(said, LJUBLJANA, all_tables, at).event_name == "Yellow rain"


def test_without_a_trusted_clock_no_block_is_over(all_tables: Tables) -> None:
    said = message(block("Red rain", "Extreme", 0, 1), block("Yellow rain", "Moderate", 0, None))
    assert info_blocks.speaking(said, LJUBLJANA, all_tables, None).event_name == "Red rain"


def test_the_next_change_is_the_next_begin_or_end() -> None:
    assert info_blocks.next_change(SLOTS, SIX) == SIX + timedelta(hours=7)
    assert info_blocks.next_change(SLOTS, SIX + timedelta(hours=13)) == SIX + timedelta(hours=25)
    assert info_blocks.next_change(SLOTS, SIX + timedelta(hours=25)) is None
