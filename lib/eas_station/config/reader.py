"""TOML values → values of the model's types, every fault with its file, line, key and value."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eas_station import dataclass_reader
from eas_station.config.lines import KeyLines
from eas_station.dataclass_reader import DataclassReader, FieldFault, Scalar, exactly
from eas_station.errors import Fault
from eas_station.field_types import fields_of

KeyPath = tuple[str | int, ...]


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
    """One table as read: the values that are right, and where each key stands."""

    cls: type
    label: str  # "web", "source.wx"
    origin: Origin
    path: KeyPath
    values: dict[str, Any] = field(default_factory=dict)
    where: dict[str, Origin] = field(default_factory=dict)

    def fault(self, key: str, message: str) -> Fault:
        """A fault of one of its keys, or of the table if the key is not written."""
        origin = self.where.get(key, self.origin)
        return origin.fault((*self.path, key), f"{self.label}.{key}", message)

    def value(self, key: str) -> Any:
        """The value as the station will see it, or None where it is at fault."""
        if key in self.where:
            return self.values.get(key)
        return next(spec.default for spec in fields_of(self.cls) if spec.name == key)

    def update(self, other: Table) -> None:
        """Take the keys of a later file over the earlier ones."""
        self.values.update(other.values)
        self.where.update(other.where)


def read_table(
    cls: type, plain: object, origin: Origin, path: KeyPath, label: str
) -> tuple[Table, list[Fault]]:
    """Read one table of the kind `cls`: the values that are right, and the faults of the rest."""
    table = Table(cls, label, origin, path)
    if not isinstance(plain, dict):
        return table, [origin.fault(path, label, f"must be a table: [{label}]")]
    known = tuple(spec.name for spec in fields_of(cls))
    table.where = dict.fromkeys(plain, origin)
    table.values, wrong = _reader(origin.folder).read_fields(cls, plain)
    faults = [table.fault(key, message) for key, message in _messages(wrong)]
    faults += [
        table.fault(key, "no such key" + nearest(key, known)) for key in plain if key not in known
    ]
    return table, faults


def missing(table: Table) -> list[Fault]:
    """The keys that must be there and are not."""
    wrong = _reader(table.origin.folder).missing(table.cls, table.where)
    return [table.fault(key, message) for key, message in _messages(wrong)]


def nearest(word: str, known: tuple[str, ...]) -> str:
    """What could have been meant, as the end of a sentence."""
    meant = dataclass_reader.nearest(word, known)
    return f"; did you mean {meant}?" if meant else f"; there are {', '.join(known)}"


def _reader(folder: Path) -> DataclassReader:
    def read_float(plain: Any) -> float:
        if type(plain) not in (int, float):
            raise ValueError
        return float(plain)

    def read_path(plain: Any) -> Path:
        if not isinstance(plain, str) or not plain:
            raise ValueError
        return folder / Path(plain).expanduser()

    return DataclassReader(
        {
            str: exactly(str, "a text in quotes"),
            int: exactly(int, "a whole number"),
            bool: exactly(bool, "true or false"),
            float: Scalar(read_float, "a number"),
            Path: Scalar(read_path, "a path in quotes"),
        }
    )


def _messages(faults: list[FieldFault]) -> Iterator[tuple[str, str]]:
    """Key and message of each fault; entries of a list with the same fault stand in one."""
    for (key, message), same in itertools.groupby(faults, lambda one: (one.path[0], one.message)):
        entries = ", ".join(repr(one.value) for one in same if len(one.path) > 1)
        yield str(key), f"{entries} {message}".lstrip()
