"""Paging through what is in force."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.errors import InputError
from eas_station.webd.records.cursors import page_of


@pytest.fixture
def entries(make: Any) -> Any:
    return tuple(
        make.entry(
            alert_id=f"alert-{number}",
            first_received_at=make.now - timedelta(minutes=number // 2),  # two of each time
        )
        for number in range(9)
    )


def walk(entries: Any, limit: int) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        shown, cursor = page_of(entries, limit, cursor)
        seen += [entry.alert.alert_id for entry in shown]
        if cursor is None:
            return seen


def test_the_pages_hold_everything_once_newest_first(entries: Any) -> None:
    whole = walk(entries, 500)
    assert len(set(whole)) == 9
    for limit in (1, 2, 3, 4, 8, 9):
        assert walk(entries, limit) == whole


def test_an_alert_that_ended_meanwhile_does_not_shift_the_pages(entries: Any) -> None:
    first, cursor = page_of(entries, 3, None)
    rest, _ = page_of(tuple(e for e in entries if e is not first[2]), 500, cursor)
    assert [e.alert.alert_id for e in (*first, *rest)] == walk(entries, 500)


@given(st.text(max_size=400))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        page_of((), 10, text)
