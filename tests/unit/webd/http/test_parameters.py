"""What was asked and sent, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.errors import InputError
from eas_station.field_types import Range
from eas_station.webd.http import parameters
from eas_station.webd.http.parameters import Length, Text


@dataclass(frozen=True, slots=True)
class Asked:
    name: Text
    state: Literal["active", "all"] = "active"
    limit: Annotated[int, Range(1, 500)] = 100
    keep: bool = True
    note: Annotated[str, Length(5)] | None = None
    kinds: frozenset[Literal["alert", "record"]] = frozenset()


def test_texts_become_what_the_field_is() -> None:
    said = {"name": "wx", "limit": "7", "keep": "no", "kinds": "alert,record", "strange": "x"}
    read = parameters.from_plain(Asked, said)
    assert read == Asked("wx", limit=7, keep=False, kinds=frozenset({"alert", "record"}))


def test_json_has_its_own_numbers_and_truths() -> None:
    text = b'{"name": "wx", "limit": 500, "keep": false, "kinds": ["alert"], "note": null}'
    read = parameters.from_json(Asked, text)
    assert read == Asked("wx", limit=500, keep=False, kinds=frozenset({"alert"}))


def test_a_parameter_that_is_empty_was_not_given() -> None:
    assert parameters.from_plain(Asked, {"name": "wx", "limit": "", "note": ""}) == Asked("wx")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "^name is missing: a text$"),
        ({"name": "x", "state": "over"}, '^state must be one of "active", "all"$'),
        ({"name": "x", "limit": "0"}, "^limit must be 1 to 500$"),
        ({"name": "x", "limit": "501"}, "^limit must be 1 to 500$"),
        ({"name": "x", "limit": "٣"}, "^limit must be a whole number$"),
        ({"name": "x", "limit": "9" * 5000}, "^limit must be a whole number$"),
        ({"name": "x", "limit": True}, "^limit must be a whole number$"),
        ({"name": "x", "limit": 1.5}, "^limit must be a whole number$"),
        ({"name": "x", "keep": "perhaps"}, "^keep must be true or false$"),
        ({"name": "x", "note": "longer"}, "^note must be at most 5 characters$"),
        ({"name": "x", "kinds": "alert,passwords"}, r'^kinds\[1\] must be one of "alert", "rec'),
        ({"name": "x", "kinds": [["alert"]]}, r'^kinds\[0\] must be one of "alert", "rec'),
        ({"name": "x" * 1001}, "^name must be at most 1000 characters$"),
        ({"name": ["x"]}, "^name must be a text$"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(said: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parameters.from_plain(Asked, said)


@pytest.mark.parametrize("text", [b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(InputError, match="the body"):
        parameters.from_json(Asked, text)


@given(st.binary(max_size=200))
def test_no_body_does_more_than_be_refused(text: bytes) -> None:
    try:
        read = parameters.from_json(Asked, text)
    except InputError:
        return
    assert isinstance(read, Asked)
