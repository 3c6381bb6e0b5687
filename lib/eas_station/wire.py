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
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from eas_station.errors import FrameError

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """The value as dicts, lists, strings, numbers, booleans and None."""
    if value is None or isinstance(value, (str, int)):  # nearly always
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return time_to_text(value)
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_json(value: object) -> str:
    """The value as compact JSON text."""
    return json.dumps(to_plain(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def from_json(cls: type[T], text: str | bytes) -> T:
    """Read a value of type `cls`. Raises FrameError."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not JSON: {error}", _shown(text)) from error
    return from_plain(cls, plain)


def from_plain(cls: type[T], plain: object, path: str = "") -> T:
    """Read a value of type `cls` from what `to_plain` made. Raises FrameError."""
    result: T = _read(cls, plain, path or getattr(cls, "__name__", str(cls)))
    return result


def time_to_text(moment: datetime) -> str:
    """ISO 8601 in UTC with Z. Raises FrameError on a time without a zone."""
    if moment.tzinfo is None:
        raise FrameError("a time without a zone", repr(moment))
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_from_text(text: str) -> datetime:
    """The aware UTC time of an ISO 8601 text with an offset. Raises FrameError."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise FrameError("a time without a zone", text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FrameError("not an ISO 8601 time", text) from error


def _read(cls: Any, plain: Any, path: str) -> Any:
    origin = get_origin(cls)
    if cls is Any or cls is object:
        return plain
    if origin in (Union, types.UnionType):
        return _read_union(cls, plain, path)
    if origin is Literal:
        if plain not in get_args(cls):
            raise FrameError(f"{path}: not one of {get_args(cls)}", _shown(plain))
        return plain
    if origin is tuple:
        return _read_tuple(get_args(cls), plain, path)
    if origin is dict:
        if not isinstance(plain, dict):
            raise FrameError(f"{path}: not an object", _shown(plain))
        return {key: _read(get_args(cls)[1], item, f"{path}.{key}") for key, item in plain.items()}
    if dataclasses.is_dataclass(cls):
        return _read_dataclass(cls, plain, path)
    return _read_scalar(cls, plain, path)


def _read_union(cls: Any, plain: Any, path: str) -> Any:
    members = get_args(cls)
    if plain is None and type(None) in members:
        return None
    faults = []
    for member in members:
        if member is not type(None):
            try:
                return _read(member, plain, path)
            except FrameError as error:
                faults.append(error)
    raise faults[0] if faults else FrameError(f"{path}: not None", _shown(plain))


def _read_tuple(members: tuple[Any, ...], plain: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise FrameError(f"{path}: not a list", _shown(plain))
    if len(members) == 2 and members[1] is Ellipsis:
        return tuple(_read(members[0], item, f"{path}[{i}]") for i, item in enumerate(plain))
    if len(members) != len(plain):
        raise FrameError(f"{path}: {len(plain)} entries, not {len(members)}", _shown(plain))
    return tuple(
        _read(m, item, f"{path}[{i}]")
        for i, (m, item) in enumerate(zip(members, plain, strict=True))
    )


def _read_dataclass(cls: Any, plain: Any, path: str) -> Any:
    if not isinstance(plain, dict):
        raise FrameError(f"{path}: not an object", _shown(plain))
    values = {}
    for name, kind, required in _fields(cls):
        if name in plain:
            values[name] = _read(kind, plain[name], f"{path}.{name}")
        elif required:
            raise FrameError(f"{path}.{name}: missing", _shown(plain))
    return cls(**values)


@functools.cache
def _fields(cls: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(cls)
    missing = dataclasses.MISSING
    return tuple(
        (f.name, hints[f.name], f.default is missing and f.default_factory is missing)
        for f in dataclasses.fields(cls)
    )


def _read_scalar(cls: Any, plain: Any, path: str) -> Any:
    if cls is datetime and isinstance(plain, str):
        return time_from_text(plain)
    if cls is float and isinstance(plain, (int, float)) and not isinstance(plain, bool):
        return _read_float(plain, path)
    if cls in (int, str, bool) and type(plain) is cls:
        return plain
    raise FrameError(f"{path}: not of type {getattr(cls, '__name__', cls)}", _shown(plain))


def _read_float(number: int | float, path: str) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise FrameError(f"{path}: larger than any float", "a number of many digits") from error


def _shown(value: object) -> str:
    return repr(value)[:200]
