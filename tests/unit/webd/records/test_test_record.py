"""Which tests came, which did not, and the deafness that explains it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.bus.messages import HearingProof
from eas_station.store.database.database import Database
from eas_station.store.records import deaf, expected_tests
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import ExpectedTest
from eas_station.webd.records import test_record
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.render.times import TimeFormat, zone_of
from eas_station.webd.state.snapshot import Snapshot

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def station(station_with: Any, new_database: Any, tmp_path: Path, clocks: Any) -> Any:
    database = Database(new_database(tmp_path / "station.sqlite"))
    made = station_with(RecordQueries(database, lambda: True, lambda: clocks.now), database)
    yield made
    database.close()


def read(station: Any, snapshot: Snapshot) -> test_record.TestRecord:
    return test_record.read(station.services.queries, TimeFormat(zone_of("UTC")), snapshot)


@pytest.fixture
def told(station: Any, make: Any) -> Any:
    """Puts tests and intervals into the record, and gives what the page shows of them."""

    def tell(expected: Any = (), intervals: Any = ()) -> test_record.TestRecord:
        with station.database.write() as connection:
            for one in expected:
                expected_tests.save(connection, one)
            for one in intervals:
                deaf.record(connection, one)
        return read(station, station.state.snapshot())

    return tell


def weekly(make: Any, age: timedelta | None, code: str = "RWT", **said: Any) -> ExpectedTest:
    at = None if age is None else make.now - age
    return ExpectedTest("wx", "162.550", code, True, at, "reception-1", **said)


def interval(make: Any, began: timedelta, lasts: timedelta | None, name: str = "one") -> Any:
    at = make.now - began
    ended_at = None if lasts is None else at + lasts
    return DeafInterval(name, "wx", "162.550", at, ended_at, "no carrier")


def test_a_test_that_came_is_on_time_and_due_a_week_later(told: Any, make: Any) -> None:
    (line,) = told([weekly(make, 2 * DAY)]).tests
    assert (line.word, line.sign, line.why) == ("on time", "●", "")
    assert (line.where, line.name) == ("wx 162.550 MHz", "Weekly test (RWT)")
    assert line.due.iso == "2025-11-27T08:12:00Z"
    assert line.address == "/alerts/reception-1"


def test_a_test_that_did_not_come_points_to_the_deafness_that_hid_it(told: Any, make: Any) -> None:
    hiding = interval(make, 2 * DAY + HOUR, 2 * HOUR, "hiding")
    others = [interval(make, 5 * DAY, HOUR, "other"), interval(make, 2 * DAY, HOUR / 4, "short")]
    said = told([weekly(make, 9 * DAY)], [hiding, *others])
    (line,) = said.tests
    assert (line.word, line.sign, line.hidden_by) == ("overdue", "✕", "deaf-hiding")
    assert line.why == "The channel was deaf when the test may have been sent: no carrier."
    explaining = {one.anchor: one.explains for one in said.deaf}
    assert explaining == {
        "deaf-short": "",
        "deaf-hiding": "wx 162.550 MHz RWT",
        "deaf-other": "",
    }


def test_without_a_reason_of_ours_it_was_perhaps_not_sent(told: Any, make: Any) -> None:
    (line,) = told([weekly(make, 9 * DAY)], [interval(make, 5 * DAY, HOUR)]).tests
    assert (line.word, line.why, line.hidden_by) == ("overdue", test_record.NOT_SENT, None)


def test_a_channel_that_is_deaf_now_is_a_reason(station: Any, told: Any, make: Any) -> None:
    hearing = HearingProof(
        "wx", "162.550", "deaf", "no carrier for 3 d", make.now, overdue=("RWT",)
    )
    station.state.take(make.message(hearing))
    (line,) = told([weekly(make, 9 * DAY)]).tests
    assert line.why == "The channel is deaf now: no carrier for 3 d."
    assert test_record.overdue(station.state.snapshot()) == (
        ("wx 162.550 MHz", "no carrier for 3 d"),
    )


def test_a_monthly_test_counts_for_the_weekly_one(told: Any, make: Any) -> None:
    monthly, week = told([weekly(make, 3 * DAY, "RMT"), weekly(make, 9 * DAY)]).tests
    assert (monthly.word, week.word) == ("on time", "on time")
    assert week.due.iso == "2025-11-26T08:12:00Z"


def test_one_that_was_never_heard_is_waited_for(told: Any, make: Any) -> None:
    (line,) = told([weekly(make, None, "RMT", since_at=make.now - 3 * DAY)]).tests
    assert (line.word, line.last, line.due.iso) == (
        *("none yet", None),
        "2025-12-17T08:12:00Z",
    )
    (line,) = told([weekly(make, None, "RMT", since_at=make.now - 40 * DAY)]).tests
    assert (line.word, line.why) == ("overdue", test_record.NOT_SENT)


def test_nobody_can_say_what_is_late_by_a_clock_that_is_not_trusted(
    told: Any, make: Any, station: Any
) -> None:
    told([weekly(make, 90 * DAY)])
    snapshot = replace(station.state.snapshot(), clock_trusted=False)
    (line,) = read(station, snapshot).tests
    assert (line.word, line.sign) == ("unknown", "?")


def test_deafness_is_summed_by_the_day_and_what_is_open_lasts_until_now(
    told: Any, make: Any
) -> None:
    said = told(intervals=[interval(make, 10 * HOUR, None, "open"), interval(make, 3 * DAY, HOUR)])
    assert (said.deaf_now, said.more, len(said.days)) == (1, False, test_record.DAYS_SUMMED)
    assert said.days[0].day == "Sat 22 Nov (today)"
    assert said.days[0].channels == (("wx 162.550 MHz", "8 h 12 min"),)
    assert said.days[1].channels == (("wx 162.550 MHz", "1 h 48 min"),)
    assert said.days[2].channels == ()
    assert said.days[3].channels == (("wx 162.550 MHz", "1 h"),)
    still, over = said.deaf
    assert (still.anchor, still.ended, still.lasted) == ("deaf-open", None, "10 h")
    assert (over.lasted, over.why) == ("1 h", "no carrier")


def test_of_many_intervals_the_newest_are_shown_and_it_is_said(told: Any, make: Any) -> None:
    many = [interval(make, n * HOUR, HOUR / 60, f"{n:03}") for n in range(1, 70)]
    said = told(intervals=many)
    assert (len(said.deaf), said.more) == (test_record.INTERVALS_SHOWN, True)
    assert said.deaf[0].anchor == "deaf-001"


def test_the_page_shows_markup_in_a_reason_as_text(told: Any, make: Any, station: Any) -> None:
    evil = DeafInterval(
        "x", "wx", "162.550", make.now - HOUR, make.now, "<script>alert(1)</script>"
    )
    told([weekly(make, 2 * DAY)], [evil])
    status, _, page = station.get("/tests")
    assert status == 200
    assert b"&lt;script&gt;alert(1)" in page
    assert b"<script>alert" not in page


def test_the_record_is_read_for_the_page_once_in_a_while_and_with_every_alert(
    told: Any, make: Any, station: Any, clocks: Any
) -> None:
    def due() -> bool:
        clocks.move(1.1)
        return b"Weekly test" in station.get("/tests")[2]

    assert not due()
    told([weekly(make, 2 * DAY)])
    assert not due()
    clocks.move(15)
    assert due()
    told([weekly(make, 2 * DAY, "RMT")])
    station.state.take(make.message(make.spooled(make.reception(9))))
    assert due() and b"Monthly test" in station.get("/tests")[2]
