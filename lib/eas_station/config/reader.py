"""TOML values → values of the model's types, by their annotations, every fault collected."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from eas_station.config.lines import KeyLines
from eas_station.errors import Fault

KeyPath = tuple[str | int, ...]
WORDS = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


class WrongValue(Exception):
    """A value is not of the type it should have; says what would be right."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One file, to say where a fault is."""

    name: str
    folder: Path  # relative paths in it begin here
    places: KeyLines

    def fault(self, path: KeyPath, key: str, message: str) -> Fault:
        """A fault of what stands at `path`, called `key`."""
        place = self.places.find(path)
        line = place.line if place else None
        return Fault(self.name, line, key, self.places.written(path), message)


@dataclass(slots=True)
class Table:
    """One table as read: the values that are of the right type, and where each stands."""

    label: str  # "web", "source.wx"
    origin: Origin
    path: KeyPath
    values: dict[str, Any] = field(default_factory=dict)
    where: dict[str, Origin] = field(default_factory=dict)

    def fault(self, key: str, message: str) -> Fault:
        """A fault of one of its keys, or of the table if the key is not written."""
        origin = self.where.get(key, self.origin)
        return origin.fault((*self.path, key), f"{self.label}.{key}", message)

    def update(self, other: Table) -> None:
        """Take the keys of a later file over the earlier ones."""
        self.values.update(other.values)
        self.where.update(other.where)


def read_table(
    cls: type, plain: object, origin: Origin, path: KeyPath, label: str, faults: list[Fault]
) -> Table:
    """Read one table of the kind `cls`; what is at fault is left out and told in `faults`."""
    table = Table(label, origin, path)
    if not isinstance(plain, dict):
        faults.append(origin.fault(path, label, f"must be a table: [{label}]"))
        return table
    hints = _hints(cls)
    for key, value in plain.items():
        table.where[key] = origin
        if key not in hints:
            faults.append(table.fault(key, "no such key" + nearest(key, hints)))
            continue
        try:
            table.values[key] = convert(hints[key], value, origin.folder)
        except WrongValue as error:
            faults.append(table.fault(key, str(error)))
    return table


def missing(cls: type, table: Table) -> list[Fault]:
    """The keys that must be there and are not."""
    return [
        table.fault(f.name, "missing: " + describe(_hints(cls)[f.name]))
        for f in dataclasses.fields(cls)
        if f.default is dataclasses.MISSING and f.name not in table.where
    ]


def nearest(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """What could have been meant, as the end of a sentence."""
    close = difflib.get_close_matches(word, tuple(known), n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(known)}"


def convert(hint: Any, value: Any, folder: Path) -> Any:
    """The value as the annotation wants it. Raises WrongValue."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _convert_any(hint, value, folder)
    if origin is Literal:
        if value not in get_args(hint):
            close = nearest(value, get_args(hint)) if isinstance(value, str) else ""
            raise WrongValue(f"must be {describe(hint)}" + (close if "mean" in close else ""))
        return value
    if origin is tuple:
        return _convert_tuple(hint, value, folder)
    if hint is Path and isinstance(value, str) and value:
        return folder / Path(value).expanduser()
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is hint:
        return value
    raise WrongValue(f"must be {describe(hint)}")


def describe(hint: Any) -> str:
    """The type in words."""
    origin, members = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(member) for member in _without_none(hint))
    if origin is Literal:
        quoted = [f'"{member}"' for member in members]
        return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"
    if origin is tuple and members[1] is Ellipsis:
        return f"a list, each entry {describe(members[0])}"
    if origin is tuple:
        return f"a list of {len(members)} entries, each {describe(members[0])}"
    if hint is Path:
        return "a path in quotes"
    return WORDS[hint]


def _convert_tuple(hint: Any, value: Any, folder: Path) -> tuple[Any, ...]:
    members = get_args(hint)
    if not isinstance(value, list):
        raise WrongValue(f"must be {describe(hint)}")
    if members[1] is Ellipsis:
        members = (members[0],) * len(value)
    if len(members) != len(value):
        raise WrongValue(f"must be {describe(hint)}, not of {len(value)}")
    try:
        return tuple(convert(m, v, folder) for m, v in zip(members, value, strict=True))
    except WrongValue as error:
        raise WrongValue(f"must be {describe(hint)}") from error


def _convert_any(hint: Any, value: Any, folder: Path) -> Any:
    """As the first of the union's members that it fits."""
    members = _without_none(hint)
    for member in members:
        try:
            return convert(member, value, folder)
        except WrongValue:
            if len(members) == 1:
                raise
    raise WrongValue(f"must be {describe(hint)}")


def _without_none(hint: Any) -> tuple[Any, ...]:
    return tuple(member for member in get_args(hint) if member is not type(None))


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)
