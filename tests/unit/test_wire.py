"""Dataclasses as plain JSON values and back: strict about types, and faults name their place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_station.errors import FrameError
from eas_station.wire import from_json, from_plain, to_json, to_plain

NOON = datetime(2026, 4, 27, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    level_dbfs: float | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    number: int
    state: Literal["on", "off"]
    at: datetime
    parts: tuple[Part, ...] = ()
    point: tuple[float, float] | None = None
    counters: dict[str, int] = field(default_factory=dict)
    good: bool = True
    either: int | str = 0


TIMES = st.datetimes(timezones=st.just(UTC))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
PARTS = st.builds(Part, st.text(max_size=5), st.none() | FLOATS)
WHOLES = st.builds(
    Whole,
    number=st.integers(),
    state=st.sampled_from(["on", "off"]),
    at=TIMES,
    parts=st.lists(PARTS, max_size=3).map(tuple),
    point=st.none() | st.tuples(FLOATS, FLOATS),
    counters=st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
    good=st.booleans(),
    either=st.integers() | st.text(max_size=3),
)
TIME_WORDS = "an ISO 8601 time with an offset from UTC"
PLAIN = {"number": 1, "state": "on", "at": "2026-04-27T12:00:00Z"}


@settings(deadline=None)
@given(WHOLES)
def test_a_value_comes_back_as_it_was(value: Whole) -> None:
    assert from_plain(Whole, to_plain(value)) == value
    assert from_json(Whole, to_json(value)) == value


@settings(deadline=None)
@given(WHOLES, st.data())
def test_a_value_of_another_type_is_refused_wherever_it_is(value: Whole, data: Any) -> None:
    """One field is replaced: the result has exactly the right types, or it is a FrameError."""
    plain = to_plain(value)
    key = data.draw(st.sampled_from(sorted(plain)))
    junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    plain[key] = data.draw(junk | st.lists(junk, max_size=3) | st.dictionaries(st.text(), junk))
    try:
        read = from_plain(Whole, plain)
    except FrameError as error:
        assert f"Whole.{key}" in str(error)
        return
    assert type(read.number) is int and type(read.good) is bool
    assert type(read.either) in (int, str)
    assert read.state in ("on", "off")
    assert isinstance(read.at, datetime) and read.at.tzinfo is UTC
    assert all(type(part) is Part and type(part.name) is str for part in read.parts)
    assert read.point is None or [type(one) for one in read.point] == [float, float]
    assert all(type(count) is int for count in read.counters.values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": True}, "Whole.number: must be a whole number"),
        ({"number": 1.0}, "Whole.number: must be a whole number"),
        ({"good": 1}, "Whole.good: must be true or false"),
        ({"state": "dim"}, 'Whole.state: must be one of "on", "off"'),
        ({"state": ["on"]}, 'Whole.state: must be one of "on", "off"'),
        ({"at": 5}, f"Whole.at: must be {TIME_WORDS}"),
        ({"at": "2026-04-27T12:00:00"}, f"Whole.at: must be {TIME_WORDS}"),
        ({"parts": [{"name": "a"}, {"name": 5}]}, "Whole.parts[1].name: must be a text"),
        ({"parts": [{}]}, "Whole.parts[0].name: missing: a text"),
        ({"parts": [5]}, "Whole.parts[0]: must be an object"),
        ({"parts": {}}, "Whole.parts: must be a list, each entry an object"),
        ({"point": [1.0]}, "Whole.point: must be a list of 2 entries, each a number, not of 1"),
        ({"point": [1.0, True]}, "Whole.point[1]: must be a number"),
        ({"point": [1.0, 10**400]}, "Whole.point[1]: must be a number"),
        ({"counters": {"a": 1, "b": "x"}}, "Whole.counters.b: must be a whole number"),
        ({"counters": []}, "Whole.counters: must be an object"),
        ({"either": 1.5}, "Whole.either: must be a whole number or a text"),
        ({"either": None}, "Whole.either: must be a whole number or a text"),
    ],
)
def test_a_fault_names_its_place(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(FrameError) as caught:
        from_plain(Whole, PLAIN | wrong)
    assert str(caught.value) == said


def test_the_path_of_a_fault_starts_where_the_caller_sets_it() -> None:
    with pytest.raises(FrameError, match=r"^status\.x\.number: missing: a whole number$"):
        from_plain(Whole, {}, "status.x")
    with pytest.raises(FrameError, match=r"^Whole: must be an object$"):
        from_plain(Whole, [])


def test_unknown_keys_are_ignored_and_missing_ones_take_the_default() -> None:
    read = from_plain(Whole, PLAIN | {"colour": "red"})
    assert read == Whole(1, "on", NOON)
    assert from_plain(Whole, PLAIN).counters is not read.counters


def test_times_travel_in_utc_and_numbers_that_are_none_as_null() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    assert to_plain(east) == "2026-04-27T12:00:00Z"
    assert to_json(Part("a", float("nan"))) == '{"name":"a","level_dbfs":null}'
    with pytest.raises(FrameError, match="without a zone"):
        to_plain(datetime(2026, 4, 27))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff", '{"a":1}'.encode("utf-16")])
def test_what_is_not_json_in_utf_8_is_refused(text: str | bytes) -> None:
    with pytest.raises(FrameError, match="not JSON"):
        from_json(Part, text)


@settings(deadline=None)
@given(st.binary(max_size=50) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_random_text_is_refused_or_read(text: str | bytes) -> None:
    try:
        read = from_json(Part, text)
    except FrameError:
        return
    assert isinstance(read, Part)
