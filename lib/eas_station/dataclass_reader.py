"""Plain values → values of a dataclass, by its annotations; every fault with its path.

How a scalar is written differs between JSON, TOML and the query of a URL: a `DataclassReader` is
given the scalars of its notation. The annotations are those of `field_types`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eas_station.field_types import Check, FieldType, field_type, fields_of

Read = Callable[[Any], Any]  # a plain value → a value; raises Misfit
Step = str | int  # a key or an index


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """What could have been meant."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.5)), None)


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one value."""

    path: tuple[Step, ...]  # leads to it
    message: str  # "must be a whole number"
    value: object

    def dotted(self) -> str:
        """The path as text: ".parts[1].name"."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)


class Misfit(Exception):
    """A plain value does not fit its annotation. Holds every fault."""

    def __init__(self, *faults: FieldFault, of_type: bool = False) -> None:
        super().__init__(*(fault.message for fault in faults))
        self.faults = faults
        self.of_type = of_type  # it is of another type, rather than a wrong value of this type

    def inside(self, step: Step) -> list[FieldFault]:
        """The faults as seen from one level further out."""
        return [dataclasses.replace(fault, path=(step, *fault.path)) for fault in self.faults]


_Fields = tuple[dict[str, Any], list[FieldFault]]  # what is right, and the faults of the rest


@dataclass(frozen=True, slots=True)
class Scalar:
    """How a scalar is read in one notation, and what it is called there: "a whole number"."""

    read: Read  # raises ValueError
    words: str


def exactly(kind: type, words: str) -> Scalar:
    """A scalar whose plain values are of its own type."""

    def read(plain: Any) -> Any:
        if type(plain) is not kind:
            raise ValueError
        return plain

    return Scalar(read, words)


class DataclassReader:
    """Reads values written in one notation."""

    def __init__(self, scalars: Mapping[Any, Scalar]) -> None:
        self._scalars = scalars
        self._kept: dict[Any, Read] = {}  # made once: the bus carries a hundred frames a second

    def read(self, annotation: Any, plain: object) -> Any:
        """The value of that type. Unknown keys are ignored, missing ones take the default.
        Raises Misfit."""
        read = self._kept.get(annotation)
        if read is None:
            read = self._kept[annotation] = self._reader(field_type(annotation))
        return read(plain)

    def read_fields(self, cls: Any, plain: Mapping[str, object]) -> _Fields:
        """The fields that are there and right, and the faults of the others."""
        return self._fields_reader(cls)(plain)

    def describe(self, kind: FieldType) -> str:
        """The type in words: "a list, each entry a whole number"."""
        members = [self.describe(member) for member in kind.members]
        match kind.form:
            case "scalar":
                return self._scalars[kind.type].words
            case "choice":
                quoted = [f'"{one}"' if isinstance(one, str) else str(one) for one in kind.choices]
                return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"
            case "union":
                return " or ".join(members)
            case "list" | "set":
                return f"a list, each entry {members[0]}"
            case "tuple":
                return f"a list of {len(members)} entries, each {members[0]}"
            case _:
                return "an object"

    def _reader(self, kind: FieldType) -> Read:
        read = self._reader_of_form(kind)
        if kind.checks:
            read = _checked(read, kind.checks)
        return _optional(read) if kind.optional else read

    def _reader_of_form(self, kind: FieldType) -> Read:
        match kind.form:
            case "any":
                return lambda plain: plain
            case "scalar":
                return self._scalar_reader(kind)
            case "choice":
                return self._choice_reader(kind)
            case "union":
                return self._union_reader(kind)
            case "dict":
                return self._dict_reader(kind)
            case "dataclass":
                return self._dataclass_reader(kind)
            case _:
                return self._entries_reader(kind)

    def _misfit(self, kind: FieldType, plain: object, hint: str = "") -> Misfit:
        return Misfit(FieldFault((), f"must be {self.describe(kind)}{hint}", plain), of_type=True)

    def _scalar_reader(self, kind: FieldType) -> Read:
        convert = self._scalars[kind.type].read

        def read(plain: Any) -> Any:
            try:
                return convert(plain)
            except ValueError:
                raise self._misfit(kind, plain) from None

        return read

    def _choice_reader(self, kind: FieldType) -> Read:
        def read(plain: Any) -> Any:
            if plain in kind.choices:
                return plain
            meant = nearest(plain, kind.choices) if isinstance(plain, str) else None
            raise self._misfit(kind, plain, f"; did you mean {meant}?" if meant else "")

        return read

    def _union_reader(self, kind: FieldType) -> Read:
        readers = [self._reader(member) for member in kind.members]

        def read(plain: Any) -> Any:
            closest = None
            for one in readers:
                try:
                    return one(plain)
                except Misfit as misfit:
                    closest = closest if misfit.of_type else misfit
            raise closest or self._misfit(kind, plain)

        return read

    def _entries_reader(self, kind: FieldType) -> Read:
        readers = [self._reader(member) for member in kind.members]
        count = len(readers) if kind.form == "tuple" else None
        collect = frozenset if kind.form == "set" else tuple

        def read(plain: Any) -> Any:
            if not isinstance(plain, list):
                raise self._misfit(kind, plain)
            if count not in (None, len(plain)):
                raise self._misfit(kind, plain, f", not of {len(plain)}")
            several = readers if count is not None else readers * len(plain)
            return collect(_all_of(zip(range(len(plain)), several, plain, strict=True)).values())

        return read

    def _dict_reader(self, kind: FieldType) -> Read:
        one = self._reader(kind.members[0])

        def read(plain: Any) -> Any:
            if not isinstance(plain, dict):
                raise self._misfit(kind, plain)
            return _all_of((key, one, value) for key, value in plain.items())

        return read

    def _dataclass_reader(self, kind: FieldType) -> Read:
        read_fields, count = self._fields_reader(kind.type), len(fields_of(kind.type))

        def read(plain: Any) -> Any:
            if not isinstance(plain, dict):
                raise self._misfit(kind, plain)
            values, faults = read_fields(plain)
            if len(values) < count:
                faults += self.missing(kind.type, plain)
            if faults:
                raise Misfit(*faults)
            return kind.type(**values)

        return read

    def _fields_reader(self, cls: Any) -> Callable[[Mapping[str, object]], _Fields]:
        readers = [(spec.name, self._reader(spec.type)) for spec in fields_of(cls)]

        def read(plain: Mapping[str, object]) -> _Fields:
            values: dict[str, Any] = {}
            faults: list[FieldFault] = []
            for name, one in readers:
                if name in plain:
                    try:
                        values[name] = one(plain[name])
                    except Misfit as misfit:
                        faults += misfit.inside(name)
            return values, faults

        return read

    def missing(self, cls: Any, plain: Mapping[str, object]) -> list[FieldFault]:
        """A fault for each field that must be there and is not."""
        return [
            FieldFault((spec.name,), f"missing: {self.describe(spec.type)}", None)
            for spec in fields_of(cls)
            if spec.required and spec.name not in plain
        ]


def _all_of(parts: Iterable[tuple[Any, Read, Any]]) -> dict[Any, Any]:
    """Read (step, reader, plain value), all of them. Raises Misfit."""
    values: dict[Any, Any] = {}
    faults: list[FieldFault] = []
    for step, read, plain in parts:
        try:
            values[step] = read(plain)
        except Misfit as misfit:
            faults += misfit.inside(step)
    if faults:
        raise Misfit(*faults)
    return values


def _checked(read: Read, checks: tuple[Check, ...]) -> Read:
    def read_and_check(plain: Any) -> Any:
        value = read(plain)
        for check in checks:
            message = check(value)
            if message is not None:
                raise Misfit(FieldFault((), message, plain))
        return value

    return read_and_check


def _optional(read: Read) -> Read:
    return lambda plain: None if plain is None else read(plain)
