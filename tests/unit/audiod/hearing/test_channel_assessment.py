"""The assessment of a channel from what is known about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eas_station.audiod.hearing.channel_assessment import (
    Assessment,
    ChannelFacts,
    ProbeResults,
    SourceFacts,
    assess,
    clock,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUNNING = SourceFacts("receiver", "running", "listening", NOON)
MINUTE = timedelta(minutes=1)


def proved(margin_db: float | None, recent_db: float | None, usual_db: float | None) -> Assessment:
    facts = ChannelFacts("162.550", probes=ProbeResults(NOON, margin_db, recent_db, usual_db))
    return assess(facts, RUNNING, NOON)


def test_a_good_margin_is_not_a_problem() -> None:
    found = proved(21.5, 20.0, 22.0)
    assert (found.state, found.problem) == ("hearing", False)
    assert found.sentence == "heard with a margin of 21.5 dB"


def test_a_margin_below_the_usual_one_is_a_problem() -> None:
    found = proved(15.0, 15.5, 22.0)
    assert (found.state, found.problem) == ("hearing", True)
    assert "margin of 15 dB, usually 22 dB: check antenna" in found.sentence


def test_a_single_low_probe_is_not_a_problem() -> None:
    assert not proved(9.0, 21.0, 22.0).problem


def test_a_small_margin_is_a_problem_even_where_it_is_usual() -> None:
    found = proved(4.0, 4.5, 5.0)
    assert found.problem
    assert "which is low" in found.sentence


def test_failed_probes_mean_deaf_since_the_first_failure() -> None:
    facts = ChannelFacts(
        "162.550", probes=ProbeResults(NOON, None, failing_since_at=NOON - 3 * MINUTE)
    )
    found = assess(facts, RUNNING, NOON)
    assert (found.state, found.problem) == ("deaf", True)
    assert found.deaf_since_at == NOON - 3 * MINUTE
    assert "could not be decoded since 11:57 UTC: noise" in found.sentence


@pytest.mark.parametrize(
    ("kind", "carrier", "why"),
    [
        ("receiver", True, "the transmitter sends no audio"),
        ("soundcard", None, "muted, unplugged or turned down"),
        ("stream", None, "carries no audio"),
        ("pipe", None, "squelched"),
    ],
)
def test_silence_of_five_minutes_is_a_problem_with_its_likely_reason(
    kind: str, carrier: bool | None, why: str
) -> None:
    facts = ChannelFacts("mono")
    source = SourceFacts(kind, "running", "listening", NOON)
    for minute in range(5):
        facts.note_level(True, carrier, NOON + minute * MINUTE)
    early = assess(facts, source, NOON + 4.9 * MINUTE)
    assert (early.state, early.problem, early.deaf_since_at) == ("silent", False, None)
    late = assess(facts, source, NOON + 5 * MINUTE)
    assert (late.state, late.problem, late.deaf_since_at) == ("silent", True, NOON)
    assert why in late.sentence
    facts.note_level(False, carrier, NOON + 6 * MINUTE)
    assert assess(facts, source, NOON + 6 * MINUTE) == Assessment("unproved", "audio received")


def test_a_lost_carrier_is_a_problem_but_an_empty_channel_is_not() -> None:
    facts = ChannelFacts("162.550")
    facts.note_level(False, False, NOON)
    late = NOON + 10 * MINUTE
    assert assess(facts, RUNNING, late) == Assessment("silent", "no carrier")
    facts.note_level(False, True, late)
    facts.note_level(False, False, late)
    found = assess(facts, RUNNING, late + 5 * MINUTE)
    assert (found.state, found.problem, found.deaf_since_at) == ("silent", True, late)
    assert found.sentence.startswith("no carrier since 12:10 UTC: ")


def test_a_source_that_is_away_is_a_problem_after_a_minute() -> None:
    away = SourceFacts("receiver", "reconnecting", "no audio from receiver wx1", NOON)
    assert assess(ChannelFacts("162.550"), away, NOON + 0.9 * MINUTE) == Assessment(
        "deaf", away.sentence
    )
    assert assess(ChannelFacts("162.550"), away, NOON + MINUTE).problem


def test_a_time_of_another_day_has_its_date() -> None:
    assert clock(NOON, NOON + timedelta(days=1)) == "2026-11-22 12:00 UTC"
