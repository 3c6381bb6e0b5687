"""Would a channel hear a warning now: what follows from what is known of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eas_station.audiod.hearing.channel_assessment import (
    Assessment,
    ChannelFacts,
    ProbeResults,
    SourceFacts,
    clock,
    judge,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUNNING = SourceFacts("receiver", "running", "listening", NOON)
MINUTE = timedelta(minutes=1)


def proved(margin_db: float | None, lately_db: float | None, usual_db: float | None) -> Assessment:
    facts = ChannelFacts("162.550", proof=ProbeResults(NOON, margin_db, lately_db, usual_db))
    return judge(facts, RUNNING, NOON)


def test_a_good_margin_is_no_problem() -> None:
    found = proved(21.5, 20.0, 22.0)
    assert (found.state, found.problem) == ("hearing", False)
    assert found.sentence == "heard, with a margin of 21.5 dB"


def test_a_margin_that_has_fallen_is_a_problem_before_anything_is_missed() -> None:
    found = proved(15.0, 15.5, 22.0)
    assert (found.state, found.problem) == ("hearing", True)
    assert "margin of 15 dB, usually 22 dB: look at antenna" in found.sentence


def test_one_probe_that_met_a_loud_word_is_no_problem() -> None:
    assert not proved(9.0, 21.0, 22.0).problem


def test_a_small_margin_is_a_problem_even_where_it_is_usual() -> None:
    found = proved(4.0, 4.5, 5.0)
    assert found.problem
    assert "which is little" in found.sentence


def test_a_failed_probe_is_deafness_since_the_first_of_the_failures() -> None:
    facts = ChannelFacts(
        "162.550", proof=ProbeResults(NOON, None, failing_since_at=NOON - 3 * MINUTE)
    )
    found = judge(facts, RUNNING, NOON)
    assert (found.state, found.problem) == ("deaf", True)
    assert found.deaf_since_at == NOON - 3 * MINUTE
    assert "could not be read since 11:57 UTC: noise" in found.sentence


@pytest.mark.parametrize(
    ("kind", "carrier", "why"),
    [
        ("receiver", True, "the transmitter sends no sound"),
        ("soundcard", None, "muted, unplugged or turned down"),
        ("stream", None, "carries no sound"),
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
    early = judge(facts, source, NOON + 4.9 * MINUTE)
    assert (early.state, early.problem, early.deaf_since_at) == ("silent", False, None)
    late = judge(facts, source, NOON + 5 * MINUTE)
    assert (late.state, late.problem, late.deaf_since_at) == ("silent", True, NOON)
    assert why in late.sentence
    facts.note_level(False, carrier, NOON + 6 * MINUTE)
    assert judge(facts, source, NOON + 6 * MINUTE) == Assessment("unproved", "heard")


def test_a_lost_carrier_is_a_problem_and_one_that_never_was_is_none() -> None:
    facts = ChannelFacts("162.550")
    facts.note_level(False, False, NOON)
    late = NOON + 10 * MINUTE
    assert judge(facts, RUNNING, late) == Assessment("silent", "no carrier")
    facts.note_level(False, True, late)
    facts.note_level(False, False, late)
    found = judge(facts, RUNNING, late + 5 * MINUTE)
    assert (found.state, found.problem, found.deaf_since_at) == ("silent", True, late)
    assert found.sentence.startswith("no carrier since 12:10 UTC: ")


def test_a_source_that_is_away_is_a_problem_after_a_minute() -> None:
    away = SourceFacts("receiver", "reconnecting", "no audio from receiver wx1", NOON)
    assert judge(ChannelFacts("162.550"), away, NOON + 0.9 * MINUTE) == Assessment(
        "deaf", away.sentence
    )
    assert judge(ChannelFacts("162.550"), away, NOON + MINUTE).problem


def test_a_time_of_another_day_has_its_date() -> None:
    assert clock(NOON, NOON + timedelta(days=1)) == "2026-11-22 12:00 UTC"
