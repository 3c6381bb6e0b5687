"""Times in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.webd.render.times import TimeFormat, duration, zone_of

EASTERN = TimeFormat(zone_of("America/New_York"))
NOW = datetime(2025, 11, 22, 8, 12, tzinfo=UTC)  # 3:12 AM EST


@pytest.mark.parametrize(
    ("moment", "local", "utc"),
    [
        (datetime(2025, 11, 22, 20, 45, tzinfo=UTC), "3:45 PM EST", "20:45 UTC"),
        (datetime(2025, 11, 22, 5, 0, tzinfo=UTC), "12:00 AM EST", "05:00 UTC"),
        (datetime(2025, 11, 22, 17, 5, tzinfo=UTC), "12:05 PM EST", "17:05 UTC"),
        (datetime(2025, 11, 23, 3, 55, tzinfo=UTC), "10:55 PM EST", "23 Nov 03:55 UTC"),
        (datetime(2025, 11, 23, 14, 0, tzinfo=UTC), "tomorrow 9:00 AM EST", "14:00 UTC"),
        (datetime(2025, 11, 21, 14, 0, tzinfo=UTC), "yesterday 9:00 AM EST", "14:00 UTC"),
        (datetime(2025, 11, 25, 14, 0, tzinfo=UTC), "Tue 25 Nov 9:00 AM EST", "14:00 UTC"),
        (datetime(2024, 7, 4, 14, 0, tzinfo=UTC), "2024-07-04 10:00 AM EDT", "14:00 UTC"),
    ],
)
def test_local_time_first_with_the_day_unless_it_is_today(
    moment: datetime, local: str, utc: str
) -> None:
    shown = EASTERN.moment(moment, NOW)
    assert (shown.local, shown.utc) == (local, utc)


def test_seconds_are_shown_where_they_matter() -> None:
    shown = EASTERN.moment(NOW.replace(second=9), NOW, seconds=True)
    assert (shown.local, shown.utc) == ("3:12:09 AM EST", "08:12:09 UTC")
    assert shown.iso == "2025-11-22T08:12:09Z"


def test_the_repeated_hour_has_different_zone_names() -> None:
    first = datetime(2025, 11, 2, 5, 30, tzinfo=UTC)
    shown = [EASTERN.moment(first + timedelta(hours=n), first).local for n in (0, 1)]
    assert shown == ["1:30 AM EDT", "1:30 AM EST"]


def test_utc_is_shown_once_if_local_time_is_utc() -> None:
    shown = TimeFormat(UTC).moment(NOW, NOW)
    assert (shown.local, shown.utc) == ("08:12 UTC", "")


def test_an_unknown_zone_gives_utc_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert zone_of("Mars/Olympus") is UTC
    assert zone_of("../../etc/passwd") is UTC
    assert "unknown time zone Mars/Olympus" in caplog.text
    assert zone_of(None) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-3, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min")),
        *((3600, "1 h"), (7500, "2 h 5 min"), (86400, "1 d"), (273_700, "3 d 4 h")),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.integers(-10_000_000, 40_000_000))
def test_any_moment_can_be_shown(minutes: int) -> None:
    assert EASTERN.moment(NOW + timedelta(minutes=minutes), NOW).local.endswith(("EST", "EDT"))
