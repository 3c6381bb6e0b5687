from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.errors import HeaderError
from eas_station.same.purge import duration, is_legal, tttt_from_duration, tttt_from_seconds


@pytest.mark.parametrize(
    ("tttt", "minutes"), [("0015", 15), ("0130", 90), ("9930", 5970), ("0075", 75), ("0000", 0)]
)
def test_tttt_is_hours_and_minutes(tttt: str, minutes: int) -> None:
    assert duration(tttt) == timedelta(minutes=minutes)


def test_quarter_hours_end_at_45_minutes() -> None:
    legal = [f"{hour:02}{minute:02}" for hour in range(2) for minute in range(100)]
    assert [tttt for tttt in legal if is_legal(tttt)] == ["0015", "0030", "0045", "0100", "0130"]
    assert is_legal("9930")
    assert not is_legal("9959")


@pytest.mark.parametrize("text", ["", "15", "00150", "+015", "0x15", "٠٠١٥", "-015"])
def test_what_is_not_four_digits_is_no_purge_time(text: str) -> None:
    assert not is_legal(text)
    with pytest.raises(HeaderError):
        duration(text)


@pytest.mark.parametrize(
    ("length_s", "tttt"),
    [(1, "0015"), (901, "0030"), (2701, "0100"), (5401, "0200"), (0.5, "0015"), (1e9, "9930")],
)
def test_a_time_is_rounded_up_to_the_next_step(length_s: float, tttt: str) -> None:
    assert tttt_from_seconds(length_s) == tttt


@pytest.mark.parametrize("length_s", [0, -3600, float("nan"), float("-inf")])
def test_no_time_left_gives_no_purge_time(length_s: float) -> None:
    assert tttt_from_seconds(length_s) is None


@given(st.integers(1, 99 * 3600 + 1800))
def test_the_step_is_legal_and_covers_the_time(length_s: int) -> None:
    tttt = tttt_from_seconds(length_s)
    assert tttt is not None
    assert is_legal(tttt)
    assert 0 <= duration(tttt).total_seconds() - length_s < 1800


@given(st.integers(0, 5999))
def test_minutes_go_into_tttt_and_back(minutes: int) -> None:
    valid_for = timedelta(minutes=minutes)
    assert duration(tttt_from_duration(valid_for)) == valid_for


def test_every_shared_case_is_rounded_as_it_says(tttt_from_seconds_case: dict[str, str]) -> None:
    tttt = tttt_from_seconds(float(tttt_from_seconds_case["seconds"]))
    assert (tttt or "ignored") == tttt_from_seconds_case["tttt"]


def test_every_shared_header_has_a_legal_purge_time_or_not(
    headers_open_case: dict[str, str],
) -> None:
    if headers_open_case["purge_is_legal"]:
        tttt = headers_open_case["header"].partition("+")[2][:4]
        assert is_legal(tttt) == (headers_open_case["purge_is_legal"] == "yes")
