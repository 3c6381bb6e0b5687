"""Values of a dataclass from plain values: checks, every fault at once, each with its path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from eas_station.dataclass_reader import DataclassReader, Misfit, exactly
from eas_station.field_types import Pattern, Range

READER = DataclassReader({int: exactly(int, "a whole number"), str: exactly(str, "a text")})
Code = Annotated[str, Pattern(r"\d{6}", 'six digits, as "039173"')]


def even(number: int) -> str | None:
    return "must be even" if number % 2 else None


@dataclass(frozen=True, slots=True)
class Port:
    number: Annotated[int, Range(1, 65535), even]
    kind: Literal["serial", "parallel"] = "serial"


@dataclass(frozen=True, slots=True)
class Machine:
    ports: tuple[Port, ...]
    codes: tuple[Code, ...] = ()
    gain: Annotated[int, Range(-10, 60, "dB")] | Literal["auto"] = "auto"
    flags: frozenset[Literal["a", "b"]] = frozenset()
    code: Code | None = None


def faults(plain: object) -> list[tuple[str, str]]:
    with pytest.raises(Misfit) as caught:
        READER.read(Machine, plain)
    return [(fault.dotted(), fault.message) for fault in caught.value.faults]


def test_a_value_that_fits_is_read() -> None:
    plain = {"ports": [{"number": 2}], "codes": ["039173"], "flags": ["b", "b"], "code": None}
    assert READER.read(Machine, plain) == Machine((Port(2),), ("039173",), "auto", frozenset({"b"}))


def test_every_fault_is_reported_with_its_path() -> None:
    plain: dict[str, Any] = {
        "ports": [{"number": 0}, {"number": 3, "kind": "seriel"}, {}],
        "codes": ["039173", "39173", 5],
        "gain": 99,
        "flags": ["c"],
        "code": "x",
    }
    assert faults(plain) == [
        (".ports[0].number", "must be 1 to 65535"),
        (".ports[1].number", "must be even"),
        (".ports[1].kind", 'must be one of "serial", "parallel"; did you mean serial?'),
        (".ports[2].number", "missing: a whole number"),
        (".codes[1]", 'must be six digits, as "039173"'),
        (".codes[2]", "must be a text"),
        (".gain", "must be -10 to 60 dB"),
        (".flags[0]", 'must be one of "a", "b"'),
        (".code", 'must be six digits, as "039173"'),
    ]


def test_a_value_of_no_member_of_a_union_is_described_by_all_of_them() -> None:
    assert faults({"ports": [], "gain": "high"}) == [(".gain", 'must be a whole number or "auto"')]


def test_the_fields_that_are_right_are_read_beside_those_that_are_not() -> None:
    values, wrong = READER.read_fields(Machine, {"gain": 3, "codes": 5, "unknown": 1})
    assert values == {"gain": 3}
    assert [(fault.path, fault.message) for fault in wrong] == [
        (("codes",), "must be a list, each entry a text")
    ]
    assert [fault.path for fault in READER.missing(Machine, values)] == [("ports",)]
