"""Query parameters, forms and JSON bodies → values of a dataclass.

A field is a `str` with a `Length`, an `int` with a `Range`, a `bool`, `Literal[...]`, each also
`| None`, or `frozenset[Literal[...]]` (in a query a list with commas). Its `metadata` may have a
`description`, and for a text the `format` of JSON Schema. An empty parameter counts as not given;
unknown ones are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from eas_station.dataclass_reader import DataclassReader, Misfit, Scalar, exactly
from eas_station.errors import InputError
from eas_station.field_types import FieldType, fields_of

T = TypeVar("T")

YES, NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
DIGITS_MOST = 18
NUMBER_MOST = 10**DIGITS_MOST - 1


@dataclass(frozen=True, slots=True)
class Length:
    """A check of a text: at most so many characters."""

    most: int

    def __call__(self, value: str) -> str | None:
        return None if len(value) <= self.most else f"must be at most {self.most} characters"


Text = Annotated[str, Length(1000)]


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = value.lower() if isinstance(value, str) else ""
    if text not in YES | NO:
        raise ValueError
    return text in YES


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= DIGITS_MOST:
        return int(value)
    if type(value) is not int:
        raise ValueError
    return value


_READER = DataclassReader(
    {
        str: exactly(str, "a text"),
        int: Scalar(_number, "a whole number"),
        bool: Scalar(_truth, "true or false"),
    }
)


def from_json(cls: type[T], text: bytes) -> T:
    """Read a JSON object; an empty body is an empty object. Raises InputError."""
    try:
        plain = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise InputError("the body is not JSON") from error
    if not isinstance(plain, dict):
        raise InputError("the body must be a JSON object")
    return from_plain(cls, plain)


def from_plain(cls: type[T], given: Mapping[str, object]) -> T:
    """Read the texts of a query or a form, or the values of JSON. Raises InputError."""
    plain = {name: value for name, value in given.items() if value is not None and value != ""}
    kind: Any = cls
    for spec in fields_of(kind):
        value = plain.get(spec.name)
        if spec.type.form == "set" and isinstance(value, str):
            plain[spec.name] = [part for part in value.split(",") if part]
    try:
        read: T = _READER.read(cls, plain)
    except Misfit as misfit:
        fault = misfit.faults[0]
        verb = "is " if fault.message.startswith("missing") else ""
        path = fault.dotted().removeprefix(".")
        raise InputError(f"{path} {verb}{fault.message}") from misfit
    return read


def in_words(kind: FieldType) -> str:
    """What a value of a field looks like: "a whole number"."""
    return _READER.describe(kind)
