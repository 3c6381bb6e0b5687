"""Frozen dataclasses ⇄ plain JSON values, by their annotations.

How values travel on the bus and rest in the database. Times are ISO 8601 UTC with Z. Unknown keys
are ignored and missing ones take the field's default, so that two versions of the station can talk
to each other. A value of another type raises a FrameError that names its path.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from eas_station.dataclass_reader import DataclassReader, Misfit, Scalar, exactly
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
    try:
        result: T = _READER.read(cls, plain)
    except Misfit as misfit:
        fault = misfit.faults[0]
        where = (path or getattr(cls, "__name__", str(cls))) + fault.dotted()
        raise FrameError(f"{where}: {fault.message}", _shown(fault.value)) from None
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


# A writer for each type, made once: the bus carries a hundred frames a second.


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


def _float(plain: Any) -> float:
    if not isinstance(plain, (int, float)) or isinstance(plain, bool):
        raise ValueError
    try:
        return float(plain)
    except OverflowError as error:
        raise ValueError from error


def _time(plain: Any) -> datetime:
    if not isinstance(plain, str):
        raise ValueError
    return time_from_text(plain)


_READER = DataclassReader(
    {
        str: exactly(str, "a text"),
        int: exactly(int, "a whole number"),
        bool: exactly(bool, "true or false"),
        float: Scalar(_float, "a number"),
        datetime: Scalar(_time, "an ISO 8601 time with an offset from UTC"),
    }
)


def _shown(value: object) -> str:
    return repr(value)[:200]
