"""Cursors come back from outside."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.errors import FrameError
from eas_station.store.database import cursors

MOMENT = datetime(2025, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1))
def test_a_cursor_is_read_as_it_was_made(at: datetime, number: int) -> None:
    assert cursors.from_text(cursors.to_text(at, number), int) == (at, number)


def test_a_cursor_is_fit_for_a_url_and_keeps_the_instant() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=-5)))
    text = cursors.to_text(elsewhere, "7c2c1b3e")
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()
    assert cursors.from_text(text, str) == (MOMENT, "7c2c1b3e")


def encoded(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "%%%",
        "é",
        "A" * 10_000,
        encoded("[]"),
        encoded("{}"),
        encoded('["2025-11-22T12:00:00Z"]'),
        encoded('["2025-11-22T12:00:00Z","7"]'),
        encoded('["2025-11-22T12:00:00Z",true]'),
        encoded('["2025-11-22T12:00:00Z",1.5]'),
        encoded('["2025-11-22T12:00:00",7]'),
        encoded('["yesterday",7]'),
        encoded('["2025-11-22T12:00:00Z",99999999999999999999]'),
        encoded("[" * 200),
    ],
)
def test_what_is_no_cursor_is_a_frame_error(text: str) -> None:
    with pytest.raises(FrameError):
        cursors.from_text(text, int)


@pytest.mark.parametrize("tie", ["a\x00b", "ü", "a\nb"])
def test_an_impossible_tie_breaker_is_a_frame_error(tie: str) -> None:
    with pytest.raises(FrameError):
        cursors.from_text(cursors.to_text(MOMENT, tie), str)


@given(st.text(max_size=80))
def test_no_text_does_worse_than_a_frame_error(text: str) -> None:
    try:
        cursors.from_text(text, int)
    except FrameError:
        return
