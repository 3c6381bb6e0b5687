"""The expected tests of a source, and the missed ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eas_station import wire
from eas_station.audiod.hearing.channel_assessment import Assessment
from eas_station.audiod.hearing.expected_tests import (
    UNKNOWN,
    ExpectedTests,
    Overdue,
    configured_tests,
    hidden_window,
    likely_reason,
)
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import ExpectedTest

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HEARD = Assessment("hearing", "heard with a margin of 21 dB")


class Spool:
    """Keeps rows; refuses them while `full`."""

    def __init__(self) -> None:
        self.full = False
        self.rows: list[ExpectedTest] = []

    def __call__(self, kind: str, json: str) -> bool:
        assert kind == "expected_test"
        if not self.full:
            self.rows.append(wire.from_json(ExpectedTest, json))
        return not self.full


@pytest.fixture
def spool() -> Spool:
    return Spool()


@pytest.fixture
def learnt(spool: Spool) -> ExpectedTests:
    """A source without configured tests and with an empty database."""
    tests = ExpectedTests("wx", None, spool)
    assert tests.load([]) == ()
    return tests


def overdue(tests: ExpectedTests, at: datetime) -> list[tuple[str, str]]:
    return [(one.channel, one.event_code) for one in tests.overdue(at)]


def test_a_received_weekly_test_is_expected_again_within_8_days(
    learnt: ExpectedTests, spool: Spool
) -> None:
    learnt.heard("162.550", "RWT", "r1", at_s=100.0)
    learnt.heard("162.550", "TOR", "r2", at_s=100.0)
    learnt.settle(NOON, now_s=160.0)
    assert spool.rows == [
        ExpectedTest(
            *("wx", "162.550", "RWT", True, NOON - timedelta(seconds=60), "r1"),
            since_at=NOON - timedelta(seconds=60),
        )
    ]
    assert overdue(learnt, NOON + 7.9 * DAY) == []
    (late,) = learnt.overdue(NOON + 8 * DAY)
    assert (late.channel, late.event_code) == ("162.550", "RWT")
    said = late.sentence(NOON + 12 * DAY, "no reason")
    assert said == "last weekly test (RWT) 2026-11-22 11:59 UTC, 12 days ago: no reason"
    learnt.heard("162.550", "RWT", "r3", at_s=200.0)
    learnt.settle(NOON + 9 * DAY, now_s=200.0)
    assert overdue(learnt, NOON + 9 * DAY) == []


def test_a_monthly_test_replaces_the_weekly_one_and_has_35_days(learnt: ExpectedTests) -> None:
    learnt.heard("162.550", "RWT", "r1", at_s=0.0)
    learnt.heard("162.550", "RMT", "r2", at_s=7 * 86400.0)
    learnt.settle(NOON + 7 * DAY, now_s=7 * 86400.0)
    assert overdue(learnt, NOON + 14.9 * DAY) == []
    assert overdue(learnt, NOON + 15.1 * DAY) == [("162.550", "RWT")]
    both = [("162.550", "RMT"), ("162.550", "RWT")]
    assert overdue(learnt, NOON + 42.1 * DAY) == both


def test_expected_tests_survive_a_restart(spool: Spool) -> None:
    tests = ExpectedTests("wx", None, spool)
    row = ExpectedTest("wx", "162.550", "RWT", True, NOON - 9 * DAY, "r1", NOON - 90 * DAY)
    assert overdue(tests, NOON) == [], "the record has not been asked"
    tests.load([row])
    assert overdue(tests, NOON) == [("162.550", "RWT")]


def test_tests_received_before_the_database_answered_count(spool: Spool) -> None:
    tests = ExpectedTests("wx", None, spool)
    tests.heard("162.550", "RWT", "r2", at_s=5.0)
    tests.settle(NOON, now_s=5.0)
    tests.load([ExpectedTest("wx", "162.550", "RWT", True, NOON - 9 * DAY, "r1")])
    assert overdue(tests, NOON) == []


def test_configured_tests_are_expected_from_the_first_day(spool: Spool) -> None:
    tests = ExpectedTests("wx", configured_tests(["162.550 RWT"], ("162.400", "162.550")), spool)
    tests.load([])
    tests.settle(NOON, now_s=0.0)
    assert spool.rows == [ExpectedTest("wx", "162.550", "RWT", learnt=False, since_at=NOON)]
    assert overdue(tests, NOON + 8 * DAY) == []
    (late,) = tests.overdue(NOON + 8.5 * DAY)
    said = late.sentence(NOON + 8.5 * DAY, "no reason")
    assert said == ("no weekly test (RWT) in the 8 days it has been expected: no reason")
    tests.heard("162.550", "RMT", "r1", at_s=0.0)
    tests.heard("162.400", "RWT", "r2", at_s=0.0)
    tests.settle(NOON + 8.5 * DAY, now_s=0.0)
    assert overdue(tests, NOON + 9 * DAY) == []
    assert [(row.channel, row.event_code) for row in spool.rows[1:]] == [("162.550", "RWT")]


def test_tests_no_longer_configured_are_dropped(spool: Spool) -> None:
    tests = ExpectedTests("wx", configured_tests([], ("162.550",)), spool)
    row = ExpectedTest("wx", "162.550", "RWT", True, NOON - 90 * DAY, "r1")
    assert tests.load([row]) == (row,)
    tests.heard("162.550", "RWT", "r2", at_s=0.0)
    tests.settle(NOON, now_s=0.0)
    assert tests.overdue(NOON + 90 * DAY) == ()
    assert spool.rows == []


def test_rows_refused_by_the_spool_are_retried(learnt: ExpectedTests, spool: Spool) -> None:
    spool.full = True
    learnt.heard("162.550", "RWT", "r1", at_s=0.0)
    learnt.settle(NOON, now_s=0.0)
    spool.full = False
    learnt.settle(NOON + DAY, now_s=86400.0)
    assert [row.last_heard_at for row in spool.rows] == [NOON]


def test_an_entry_without_a_channel_means_every_channel() -> None:
    assert configured_tests(["RMT", "b RWT"], ("a", "b")) == {
        ("a", "RMT"),
        ("b", "RMT"),
        ("b", "RWT"),
    }
    assert configured_tests(None, ("a",)) is None


# The reason

LATE = Overdue("162.550", "RWT", NOON - 9 * DAY, NOON - 9 * DAY, NOON - 2 * DAY)


def deaf(began_at: datetime, ended_at: datetime | None, why: str) -> DeafInterval:
    return DeafInterval(why, "wx", "162.550", began_at, ended_at, why)


def test_a_missed_test_points_at_the_deafness_at_its_usual_time() -> None:
    minute = timedelta(minutes=1)
    short = deaf(LATE.due_at - 9 * minute, LATE.due_at - 8 * minute, "samples were lost")
    long = deaf(LATE.due_at - 5 * minute, LATE.due_at + 15 * minute, "eas-audiod was killed")
    said = likely_reason(LATE, HEARD, [short, long], NOON)
    assert said == (
        "162.550 was deaf around that time, 2026-11-20 11:55:00 to 12:15:00 UTC:"
        " eas-audiod was killed"
    )


def test_deafness_that_began_long_before_and_continues_counts() -> None:
    said = likely_reason(LATE, HEARD, [deaf(NOON - 20 * DAY, None, "no carrier")], NOON)
    assert said.endswith("since 2026-11-02 12:00:00 UTC: no carrier")


def test_deafness_of_less_than_two_seconds_hides_no_test() -> None:
    blink = deaf(LATE.due_at, LATE.due_at + timedelta(seconds=0.5), "samples were lost")
    assert likely_reason(LATE, HEARD, [blink], NOON) == UNKNOWN


def test_the_present_state_of_the_channel_is_the_second_choice_of_reason() -> None:
    assert "is silent now (no carrier)" in likely_reason(
        LATE, Assessment("silent", "no carrier"), [], NOON
    )
    weak = Assessment("hearing", "heard with a margin of 3 dB", problem=True)
    assert "received poorly (heard with a margin of 3 dB)" in likely_reason(LATE, weak, [], NOON)
    assert likely_reason(LATE, HEARD, [], NOON) == UNKNOWN


def test_a_monthly_test_may_have_been_hidden_at_any_time() -> None:
    monthly = Overdue("162.550", "RMT", NOON - 36 * DAY, NOON - 36 * DAY, NOON - 8 * DAY)
    assert hidden_window(monthly, NOON) == (NOON - 36 * DAY, NOON)
    assert hidden_window(LATE, NOON) == (
        LATE.due_at - timedelta(hours=3),
        LATE.due_at + timedelta(hours=3),
    )
