"""Annotations taken apart: forms, checks, and the fields of a dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from eas_station.field_types import FieldType, Pattern, Range, field_type, fields_of

SIX_DIGITS = Pattern(r"\d{6}", 'six digits, as "039173"')
Code = Annotated[str, SIX_DIGITS]


@dataclass(frozen=True, slots=True)
class Port:
    number: Annotated[int, Range(1, 65535)]
    kind: Literal["serial", "parallel"] = "serial"


def test_a_pattern_matches_the_whole_text() -> None:
    assert Pattern(r"\d+", "digits")("12\n") == "must be digits"
    assert Pattern(r"\d+", "digits")("12") is None


def test_an_annotation_is_taken_apart() -> None:
    assert field_type(Code | None) == FieldType("scalar", str, optional=True, checks=(SIX_DIGITS,))
    assert field_type(tuple[int, str]).form == "tuple"
    assert field_type(tuple[int, ...]) == FieldType("list", members=(FieldType("scalar", int),))
    assert field_type(dict[str, int]) == FieldType("dict", members=(FieldType("scalar", int),))
    assert field_type(int | str).form == "union"
    assert field_type(object) == FieldType("any")
    specs = fields_of(Port)
    assert [(spec.name, spec.required, spec.default) for spec in specs] == [
        ("number", True, None),
        ("kind", False, "serial"),
    ]
    assert specs[0].type.checks == (Range(1, 65535),)
