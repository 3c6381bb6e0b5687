"""The margins of a channel over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from eas_station.audiod.hearing.margins import MIN_USUAL, MarginLog, Margins
from eas_station.store.records.health_history import HealthSample

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def test_a_usual_margin_needs_twelve_probes() -> None:
    margins = Margins()
    proofs = [margins.add(22.0, NOON + n * QUARTER) for n in range(MIN_USUAL + 3)]
    assert [proof.usual_db for proof in proofs] == [None] * (MIN_USUAL + 2) + [22.0]
    assert [proof.recent_db for proof in proofs[:3]] == [None, None, 22.0]


def test_a_usual_margin_includes_earlier_processes() -> None:
    margins = Margins()
    first = margins.add(12.0, NOON)
    assert first.usual_db is None
    margins.load([22.0] * 50)
    margins.add(13.0, NOON + QUARTER)
    proof = margins.add(12.5, NOON + 2 * QUARTER)
    assert (proof.margin_db, proof.recent_db, proof.usual_db) == (12.5, 12.5, 22.0)


def test_consecutive_failures_count_from_the_first_until_a_success() -> None:
    margins = Margins()
    assert margins.add(None, NOON).failing_since_at == NOON
    assert margins.add(None, NOON + QUARTER).failing_since_at == NOON
    assert margins.add(10.0, NOON + 2 * QUARTER).failing_since_at is None
    again = margins.add(None, NOON + 3 * QUARTER)
    assert again.failing_since_at == NOON + 3 * QUARTER
    assert again.margin_db is None


def test_only_a_week_of_margins_is_kept() -> None:
    margins = Margins()
    margins.load([30.0] * 10_000)
    for n in range(672):
        proof = margins.add(20.0, NOON + n * QUARTER)
    assert proof.usual_db == 20.0


def test_ten_minutes_of_probes_are_one_sample_that_is_given_once() -> None:
    log = MarginLog("wx")
    for second, margin_db in ((0, 20.0), (300, 23.0), (599, 20.0)):
        log.add("162.550", margin_db, NOON + timedelta(seconds=second))
    assert log.ended(NOON + timedelta(seconds=599)) == ()
    log.add("162.550", 18.0, NOON + timedelta(seconds=600))
    (sample,) = log.ended(NOON + timedelta(seconds=601))
    assert sample == HealthSample("wx", "162.550", "margin_db", NOON, 20.0, 21.0, 23.0, 3)
    assert log.ended(NOON + timedelta(seconds=602)) == ()
    (rest,) = log.rest()
    assert (rest.began_at, rest.lowest, rest.samples) == (NOON + timedelta(minutes=10), 18.0, 1)
    assert log.rest() == ()
