"""What types the fields of a dataclass may have, taken apart from their annotations.

A field is annotated with a scalar (str, int, float, bool, datetime, Path ...), Literal[...],
another dataclass, tuple[X, ...], tuple[X, Y], frozenset[X], dict[str, X], object, or a union of
these, None among them. `Annotated[X, check]` adds a check: a callable that takes the value and
returns what is wrong with it, or None.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

Check = Callable[[Any], str | None]  # "must be ...", or None
Form = Literal["scalar", "choice", "dataclass", "list", "set", "tuple", "dict", "union", "any"]


@dataclass(frozen=True, slots=True)
class Range:
    """A check of a number: from `least` to `most`."""

    least: float
    most: float
    unit: str = ""

    def __call__(self, value: float) -> str | None:
        if self.least <= value <= self.most:
            return None
        return f"must be {self.least:g} to {self.most:g} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A check of a text: a regular expression for all of it, and the same in words."""

    regex: str
    words: str

    def __call__(self, value: str) -> str | None:
        return None if re.fullmatch(self.regex, value) else f"must be {self.words}"


@dataclass(frozen=True, slots=True)
class FieldType:
    """One annotation, taken apart."""

    form: Form
    type: Any = None  # of a scalar or a dataclass
    members: tuple[FieldType, ...] = ()  # one of a list, set or dict; each of a tuple or union
    choices: tuple[Any, ...] = ()
    optional: bool = False  # None is a value of it too
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a dataclass."""

    name: str
    type: FieldType
    required: bool
    default: Any  # None also where there is none
    metadata: Mapping[str, Any]


@functools.cache
def fields_of(cls: Any) -> tuple[FieldSpec, ...]:
    """The fields of a dataclass, in order."""
    hints, missing = get_type_hints(cls, include_extras=True), dataclasses.MISSING
    return tuple(
        FieldSpec(
            name=one.name,
            type=field_type(hints[one.name]),
            required=one.default is missing and one.default_factory is missing,
            default=None if one.default is missing else one.default,
            metadata=one.metadata,
        )
        for one in dataclasses.fields(cls)
    )


def field_type(annotation: Any) -> FieldType:
    """Take an annotation apart."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = field_type(args[0])
        checks = tuple(extra for extra in args[1:] if callable(extra))
        return dataclasses.replace(inner, checks=(*inner.checks, *checks))
    if origin in (Union, types.UnionType):
        return _union_type(args)
    if origin is Literal:
        return FieldType("choice", choices=args)
    if origin is tuple and args[1:] != (Ellipsis,):
        return FieldType("tuple", members=tuple(map(field_type, args)))
    if origin in (tuple, list, frozenset, dict):
        form: Form = "set" if origin is frozenset else "dict" if origin is dict else "list"
        return FieldType(form, members=(field_type(args[origin is dict]),))
    if annotation in (Any, object):
        return FieldType("any")
    return FieldType("dataclass" if dataclasses.is_dataclass(annotation) else "scalar", annotation)


def _union_type(args: tuple[Any, ...]) -> FieldType:
    members = tuple(field_type(one) for one in args if one is not types.NoneType)
    optional = len(members) < len(args)
    if len(members) == 1:
        return dataclasses.replace(members[0], optional=optional)
    return FieldType("union", members=members, optional=optional)
