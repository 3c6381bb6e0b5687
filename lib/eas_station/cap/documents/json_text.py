"""A strict JSON reader that keeps the exact text of each member of one list.

Python's reader accepts NaN and takes the last of two equal keys; PostgreSQL refuses NUL and lone
surrogates. Here NaN becomes None, an object with two equal keys is marked, text is mended, and
whoever reads is told.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from eas_station.errors import CapError

REPEATED = "\0repeated"  # added to an object that has a key twice; its value is that key

_BLANKS = re.compile(r"[ \t\r\n]*")
_DANGEROUS = re.compile(r"\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Member(NamedTuple):
    """One entry of the list: its value, and its exact text."""

    value: Any
    text: str
    mended: bool  # NUL characters or lone surrogates were replaced in the value


def decode(data: bytes) -> str:
    """The text of a JSON document: UTF-8, with or without a byte order mark. Raises CapError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CapError(f"not UTF-8: {error.reason}", repr(data[:200])) from error


def read(
    text: str, lists: tuple[str, ...], take: Callable[[Member], None]
) -> tuple[dict[str, Any], bool]:
    """The top-level object, and whether it has one of `lists` as a list.

    The members of that list are given to `take` one by one, so that no more than one is held; the
    list itself is left out of the object. Raises CapError if the document is not one JSON object
    from its first to its last character.
    """
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_constant=_no_number, parse_int=_integer
    )
    try:
        return _object_at(decoder, text, lists, take)
    except CapError:
        raise
    except RecursionError as error:
        raise CapError("JSON nested too deep", text[:200]) from error
    except (ValueError, IndexError) as error:
        raise CapError(f"not JSON: {str(error)[:200]}", text[:200]) from error


def _object_at(
    decoder: json.JSONDecoder,
    text: str,
    lists: tuple[str, ...],
    take: Callable[[Member], None],
) -> tuple[dict[str, Any], bool]:
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise CapError("not a JSON object", text[:200])
    has_list = False
    pairs: list[tuple[str, Any]] = []
    at = _skip(text, at + 1)
    more = text[at] != "}"
    while more:
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at] != ":":
            raise CapError("not a JSON object", text[:200])
        at = _skip(text, at + 1)
        if key in lists and text[at] == "[":
            if has_list:
                raise CapError(f"{key} occurs twice", text[:200])
            has_list = True
            at = _list_at(decoder, text, at, take)
        else:
            value, at = decoder.raw_decode(text, at)
            pairs.append((key, value))
        at = _skip(text, at)
        more = text[at] == ","
        if more:
            at = _skip(text, at + 1)
    if text[at] != "}" or _skip(text, at + 1) != len(text):
        raise CapError("not JSON: text after the object", text[:200])
    return _object(pairs), has_list


def _list_at(decoder: json.JSONDecoder, text: str, at: int, take: Callable[[Member], None]) -> int:
    """Give the members of the list at `at` to `take`; returns the position after the list."""
    at = _skip(text, at + 1)
    if text[at] == "]":
        return at + 1
    while True:
        value, end = decoder.raw_decode(text, at)
        take(_member(value, text[at:end]))
        at = _skip(text, end)
        if text[at] == "]":
            return at + 1
        if text[at] != ",":
            raise CapError("not JSON: a comma is missing in a list", text[:200])
        at = _skip(text, at + 1)


def _member(value: Any, text: str) -> Member:
    if _DANGEROUS.search(text) is None:
        return Member(value, text, mended=False)
    mended = _mend(value)
    return Member(mended, text, mended=mended != value)


def _mend(value: Any) -> Any:
    """The value with U+FFFD in place of NUL characters and lone surrogates."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value.replace("\0", "\ufffd"))
    if isinstance(value, list):
        return [_mend(item) for item in value]
    if isinstance(value, dict):
        return {key if key == REPEATED else _mend(key): _mend(v) for key, v in value.items()}
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counted = Counter(key for key, _ in pairs)
        found[REPEATED] = next(key for key, times in counted.items() if times > 1)
    return found


def _no_number(text: str) -> None:
    """NaN, Infinity and -Infinity are not JSON numbers."""
    return None


def _integer(text: str) -> float:
    """A whole number. Python refuses a very long one with ValueError, or takes long."""
    return int(text) if len(text) < 20 else float(text)


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match is not None else at
