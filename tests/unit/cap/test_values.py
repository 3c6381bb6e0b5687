from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.cap import values


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-04-20T11:05:02-05:00", datetime(2026, 4, 20, 16, 5, 2, tzinfo=UTC)),
        ("2026-04-20T16:05:02-00:00", datetime(2026, 4, 20, 16, 5, 2, tzinfo=UTC)),
        ("2026-04-20T16:05:02Z", datetime(2026, 4, 20, 16, 5, 2, tzinfo=UTC)),
        ("2026-04-20T16:05:02.5+00:00", datetime(2026, 4, 20, 16, 5, 2, 500_000, tzinfo=UTC)),
        ("9999-12-31T23:59:59-05:00", values.LATEST),
        ("9999-12-31T23:59:59Z", values.LATEST),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-04-20T11:05:02", None),
        ("2026-04-20 11:05:02-05:00", None),
        ("2026-04-20T11:05:60-05:00", None),
        ("2026-04-20T11:05-05:00", None),
        ("2026-04-20", None),
        ("", None),
    ],
)
def test_times(text: str, moment: datetime | None) -> None:
    assert values.time(text) == moment


def test_an_offset_without_a_colon_is_understood_where_nothing_depends_on_it() -> None:
    text = "2024-04-30T00:00:00-0700"
    assert values.time(text) is None
    assert values.lenient_time(text) == datetime(2024, 4, 30, 7, tzinfo=UTC)
    assert values.lenient_time("2024-04-30T00:00:00-07:00") == values.lenient_time(text)
    assert values.lenient_time("2024-04-30T00:00:00") is None


def test_a_circle_has_its_radius_in_kilometres() -> None:
    assert values.circle("32.9525,-115.5527 0") == (32.9525, -115.5527, 0.0)
    for bad in ("", "1,2", "1,2 -3", "91,2 3", "1,2,3 4", "1,2 nan", "x,y z"):
        assert values.circle(bad) is None


@given(st.text(max_size=80))
def test_any_text_is_survived(text: str) -> None:
    values.circle(text)
    values.references(text)
    moment = values.time(text)
    assert moment is None or moment.tzinfo is UTC
    ring = values.polygon(text)
    assert ring is None or ring[0] == ring[-1]
