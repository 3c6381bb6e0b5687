"""Frozen dataclasses ⇄ plain JSON values, by their annotations.

How values travel on the bus and rest in the database. Times are ISO 8601 UTC with Z. Unknown keys
are ignored and missing ones take the field's default, so that two versions of the station can talk
to each other. A value of another type is a FrameError that names the path.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from eas_station.errors import FrameError

T = TypeVar("T")

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def to_plain(value: object) -> Any:
    """The value as dicts, lists, strings, numbers, booleans and None."""
    kind: Any = type(value)
    return _writer(kind)(value)


def to_json(value: object) -> str:
    """The value as compact JSON text."""
    return plain_to_json(to_plain(value))


def plain_to_json(plain: object) -> str:
    """Plain values as compact JSON text."""
    return _ENCODER.encode(plain)


def from_json(cls: type[T], text: str | bytes) -> T:
    """Read a value of type `cls`. Raises FrameError."""
    return from_plain(cls, plain_from_json(text))


def plain_from_json(text: str | bytes) -> Any:
    """Plain values from JSON text. Raises FrameError."""
    try:
        return json.loads(text if isinstance(text, str) else str(text, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not JSON: {error}", _shown(text)) from error


def from_plain(cls: type[T], plain: object, path: str = "") -> T:
    """Read a value of type `cls` from what `to_plain` made. Raises FrameError."""
    kind: Any = cls
    try:
        result: T = _reader(kind)(plain)
    except _Misfit as misfit:
        where = (path or getattr(cls, "__name__", str(cls))) + misfit.path
        raise FrameError(f"{where}: {misfit.what}", misfit.text) from None
    return result


def time_to_text(moment: datetime) -> str:
    """ISO 8601 in UTC with Z. Raises FrameError on a time without a zone."""
    if moment.tzinfo is None:
        raise FrameError("a time without a zone", repr(moment))
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def time_from_text(text: str) -> datetime:
    """The aware UTC time of an ISO 8601 text with an offset. Raises FrameError."""
    try:
        moment = datetime.fromisoformat(text)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FrameError("not an ISO 8601 time", text) from error
    if moment.tzinfo is None:
        raise FrameError("a time without a zone", text)
    return utc


class _Misfit(Exception):
    """A plain value does not fit its annotation; the path to it grows while it is raised."""

    def __init__(self, what: str, value: object, path: str = "") -> None:
        self.what = what
        self.text = _shown(value)
        self.path = path

    def inside(self, step: str) -> _Misfit:
        """The same, seen from one level further out."""
        self.path = step + self.path
        return self


# A writer and a reader for each annotation, made once: the bus carries a hundred frames a second.


@functools.cache
def _writer(cls: type) -> Callable[[Any], Any]:
    if issubclass(cls, (str, int, types.NoneType)):  # nearly always
        return _as_it_is
    if dataclasses.is_dataclass(cls):
        return _dataclass_writer(tuple(field.name for field in dataclasses.fields(cls)))
    if issubclass(cls, datetime):
        return time_to_text
    if issubclass(cls, (tuple, list)):
        return lambda value: [to_plain(item) for item in value]
    if issubclass(cls, dict):
        return lambda value: {str(key): to_plain(item) for key, item in value.items()}
    if issubclass(cls, float):
        return lambda value: value if math.isfinite(value) else None
    return _as_it_is


def _dataclass_writer(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {name: to_plain(getattr(value, name)) for name in names}


def _as_it_is(value: Any) -> Any:
    return value


@functools.cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    origin = get_origin(kind)
    if kind is Any or kind is object:
        return _as_it_is
    if origin in (Union, types.UnionType):
        return _union_reader(get_args(kind))
    if origin is Literal:
        return _literal_reader(get_args(kind))
    if origin is tuple:
        return _tuple_reader(get_args(kind))
    if origin is dict:
        return _dict_reader(_reader(get_args(kind)[1]))
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    return {datetime: _read_time, float: _read_float}.get(kind) or _exact_reader(kind)


def _union_reader(members: tuple[Any, ...]) -> Callable[[Any], Any]:
    readers = [_reader(member) for member in members if member is not types.NoneType]
    optional = types.NoneType in members

    def read(plain: Any) -> Any:
        if plain is None and optional:
            return None
        first: FrameError | _Misfit = _Misfit("not None", plain)
        for number, one in enumerate(readers):
            try:
                return one(plain)
            except (FrameError, _Misfit) as error:
                first = error if number == 0 else first
        raise first

    return read


def _literal_reader(allowed: tuple[Any, ...]) -> Callable[[Any], Any]:
    def read(plain: Any) -> Any:
        if plain not in allowed:
            raise _Misfit(f"not one of {allowed}", plain)
        return plain

    return read


def _tuple_reader(members: tuple[Any, ...]) -> Callable[[Any], tuple[Any, ...]]:
    same_kind = len(members) == 2 and members[1] is Ellipsis
    readers = [_reader(member) for member in members if member is not Ellipsis]

    def read(plain: Any) -> tuple[Any, ...]:
        if not isinstance(plain, list):
            raise _Misfit("not a list", plain)
        if not same_kind and len(readers) != len(plain):
            raise _Misfit(f"{len(plain)} entries, not {len(readers)}", plain)
        several = readers * len(plain) if same_kind else readers
        return tuple(
            _read_part(one, item, "[", number, "]")
            for number, (one, item) in enumerate(zip(several, plain, strict=True))
        )

    return read


def _dict_reader(one: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def read(plain: Any) -> dict[str, Any]:
        if not isinstance(plain, dict):
            raise _Misfit("not an object", plain)
        return {key: _read_part(one, item, ".", key) for key, item in plain.items()}

    return read


def _dataclass_reader(cls: Any) -> Callable[[Any], Any]:
    hints, missing = get_type_hints(cls), dataclasses.MISSING
    fields = [
        (f.name, _reader(hints[f.name]), f.default is missing and f.default_factory is missing)
        for f in dataclasses.fields(cls)
    ]

    def read(plain: Any) -> Any:
        if not isinstance(plain, dict):
            raise _Misfit("not an object", plain)
        values = {}
        for name, one, required in fields:
            if name in plain:
                try:
                    values[name] = one(plain[name])
                except _Misfit as misfit:
                    raise misfit.inside(f".{name}") from None
            elif required:
                raise _Misfit("missing", plain, f".{name}")
        return cls(**values)

    return read


def _read_part(one: Callable[[Any], Any], item: Any, *step: object) -> Any:
    try:
        return one(item)
    except _Misfit as misfit:
        raise misfit.inside("".join(map(str, step))) from None


def _exact_reader(kind: Any) -> Callable[[Any], Any]:
    readable = kind in (int, str, bool)

    def read(plain: Any) -> Any:
        if readable and type(plain) is kind:
            return plain
        raise _Misfit(f"not of type {getattr(kind, '__name__', kind)}", plain)

    return read


def _read_time(plain: Any) -> datetime:
    if not isinstance(plain, str):
        raise _Misfit("not of type datetime", plain)
    return time_from_text(plain)


def _read_float(plain: Any) -> float:
    if not isinstance(plain, (int, float)) or isinstance(plain, bool):
        raise _Misfit("not of type float", plain)
    try:
        return float(plain)
    except OverflowError:
        raise _Misfit("larger than any float", "a number of many digits") from None


def _shown(value: object) -> str:
    return repr(value)[:200]
