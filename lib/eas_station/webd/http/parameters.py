"""What was asked and sent → values of a dataclass, checked; what is wrong is told in a sentence.

The fields of such a dataclass are `str`, `int`, `bool`, `Literal[...]`, each also `| None`, or
`frozenset[Literal[...]]` (a list with commas). `metadata` of a field may have `least` and `most`
(of a number; of a text its length), `pattern` (of a text), and for the description of the API
alone `format`, as in JSON Schema, and `says`, a sentence. An empty parameter is one that was not
given; unknown ones are ignored.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from eas_station.errors import InputError

T = TypeVar("T")

YES, NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
LONGEST_TEXT = 1000  # of a field that does not say otherwise
DIGITS_MOST = 18


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """One field of such a dataclass."""

    name: str
    kind: Any  # str, int, bool, Literal[...] or frozenset[Literal[...]]
    optional: bool  # None is a value of it
    required: bool
    default: Any
    least: int | None
    most: int | None
    says: str
    pattern: str = ""  # of a text, a regular expression
    form: str = ""  # of a text, for the description of the API: a "format" of JSON Schema


def parameters(cls: type) -> tuple[Parameter, ...]:
    """The fields, in order."""
    return _parameters(cls)


@functools.cache
def _parameters(cls: Any) -> tuple[Parameter, ...]:
    hints = get_type_hints(cls)
    return tuple(_parameter(field, hints[field.name]) for field in dataclasses.fields(cls))


def from_query(cls: type[T], said: Mapping[str, str]) -> T:
    """Read the parameters of an address. Raises InputError."""
    return from_plain(cls, dict(said))


def from_form(cls: type[T], said: Mapping[str, str]) -> T:
    """Read the fields of a form. Raises InputError."""
    return from_plain(cls, dict(said))


def from_json(cls: type[T], text: bytes) -> T:
    """Read a JSON object; nothing at all is an empty one. Raises InputError."""
    try:
        plain = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise InputError("the body is not JSON") from error
    if not isinstance(plain, dict):
        raise InputError("the body must be a JSON object")
    return from_plain(cls, plain)


def from_plain(cls: type[T], said: Mapping[str, object]) -> T:
    """Read values that are texts or JSON's. Raises InputError."""
    values: dict[str, Any] = {}
    for parameter in parameters(cls):
        value = said.get(parameter.name)
        if value is None or value == "":
            if parameter.required:
                raise InputError(f"{parameter.name} is missing: {meant(parameter)}")
            continue
        values[parameter.name] = _read(parameter, value)
    return cls(**values)


def meant(parameter: Parameter) -> str:
    """What a value of it looks like, as the end of a sentence."""
    kind = parameter.kind
    if get_origin(kind) is Literal:
        words = [str(one) for one in get_args(kind)]
        return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
    if get_origin(kind) is frozenset:
        return f"among {', '.join(sorted(get_args(get_args(kind)[0])))}"
    if kind is bool:
        return "true or false"
    if kind is int:
        return f"a number from {parameter.least or 0} to {parameter.most or 'any'}"
    return f"a text of at most {parameter.most or LONGEST_TEXT} characters"


def _parameter(field: dataclasses.Field[Any], hint: Any) -> Parameter:
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kinds = [one for one in members if one is not type(None)]
    missing = dataclasses.MISSING
    return Parameter(
        name=field.name,
        kind=kinds[0],
        optional=len(kinds) < len(members),
        required=field.default is missing and field.default_factory is missing,
        default=None if field.default is missing else field.default,
        least=field.metadata.get("least"),
        most=field.metadata.get("most"),
        says=field.metadata.get("says", ""),
        pattern=field.metadata.get("pattern", ""),
        form=field.metadata.get("format", ""),
    )


def _read(parameter: Parameter, value: object) -> object:
    kind = parameter.kind
    read: object = None
    if get_origin(kind) is Literal:
        read = value if value in get_args(kind) else None
    elif get_origin(kind) is frozenset:
        read = _set(get_args(get_args(kind)[0]), value)
    elif kind is bool:
        read = _truth(value)
    elif kind is int:
        read = _number(parameter, value)
    elif isinstance(value, str) and len(value) <= (parameter.most or LONGEST_TEXT):
        read = value if re.search(parameter.pattern, value) else None
    if read is None:
        raise InputError(f"{parameter.name} must be {meant(parameter)}")
    return read


def _set(known: tuple[str, ...], value: object) -> frozenset[str] | None:
    if isinstance(value, str):
        value = [part for part in value.split(",") if part]
    if not isinstance(value, list) or not all(one in known for one in value):
        return None
    return frozenset(value)


def _truth(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    text = value.lower() if isinstance(value, str) else ""
    return True if text in YES else False if text in NO else None


def _number(parameter: Parameter, value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= DIGITS_MOST:
        value = int(value)
    if type(value) is not int or value < (parameter.least or 0):
        return None
    return value if parameter.most is None or value <= parameter.most else None
