"""Texts that a database can store: no NUL (PostgreSQL), no lone surrogates (not UTF-8)."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from eas_station.wire import from_plain, to_json, to_plain

T = TypeVar("T")

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def is_storable(text: str) -> bool:
    """Whether a database can store the text unchanged."""
    if text.isascii():
        return "\x00" not in text  # much quicker, and nearly always the case
    return UNSTORABLE.search(text) is None


def clean(text: str) -> str:
    """The text with U+FFFD for every character that no database stores."""
    return text if is_storable(text) else UNSTORABLE.sub(REPLACEMENT, text)


def cleaned(cls: type[T], value: T) -> tuple[T, str]:
    """The value with every text in it cleaned (almost always itself), and its JSON."""
    as_json = to_json(value)
    if "\\u0000" not in as_json and is_storable(as_json):
        return value, as_json
    clean_value = from_plain(cls, _clean_plain(to_plain(value)))
    return clean_value, to_json(clean_value)


def _clean_plain(plain: Any) -> Any:
    if isinstance(plain, str):
        return clean(plain)
    if isinstance(plain, list):
        return [_clean_plain(item) for item in plain]
    if isinstance(plain, dict):
        return {clean(key): _clean_plain(item) for key, item in plain.items()}
    return plain
