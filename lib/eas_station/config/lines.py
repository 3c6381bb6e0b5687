"""The line of each key of a TOML file, which tomllib does not give."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=\s*(.*)$"""
)
PASSWORD = re.compile(r"(://[^:@/\s]*:)[^@\s]*@")  # in a URL
LONGEST_VALUE = 80  # characters of a value in a fault


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key in the file."""

    line: int  # from 1
    written: str | None  # the value as written; None: a table's header


class KeyLines:
    """The keys of one file. A path is like ("feed", 0, "url")."""

    def __init__(self, text: str) -> None:
        self._places: dict[tuple[str | int, ...], KeyLine] = {}
        self._scan(text)

    def find(self, path: tuple[str | int, ...]) -> KeyLine | None:
        """The line of `path`, or of the nearest table around it."""
        while path:
            if path in self._places:
                return self._places[path]
            path = path[:-1]
        return None

    def written(self, path: tuple[str | int, ...]) -> str | None:
        """The value of exactly this key as written."""
        place = self._places.get(path)
        return place.written if place else None

    def _scan(self, text: str) -> None:
        table: tuple[str | int, ...] = ()
        counts: dict[str, int] = {}
        lines = text.splitlines()
        at = 0
        while at < len(lines):
            line = lines[at]
            header, key = HEADER.match(line), KEY.match(line)
            if header and not key:
                name = header.group(2)
                table = tuple(_parts(name))
                if header.group(1) == "[[":
                    counts[name] = counts.get(name, -1) + 1
                    table = (*table, counts[name])
                self._places.setdefault(table, KeyLine(at + 1, None))
                at += 1
            elif key:
                length = _lines_of_value(key.group(2), lines[at + 1 :])
                path = (*table, *_parts(key.group(1)))
                value = (key.group(2), *lines[at + 1 : at + length])
                self._places.setdefault(path, KeyLine(at + 1, _shown(value)))
                at += length
            else:
                at += 1


def _parts(dotted: str) -> list[str]:
    parts = re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", dotted)
    return [part.strip("\"'") for part in parts]


def _lines_of_value(first: str, following: list[str]) -> int:
    """The number of lines of the value that starts with `first`."""
    for quotes in ('"""', "'''"):
        if first.startswith(quotes):
            rest = first[3:]
            for extra, line in enumerate((rest, *following)):
                if quotes in line:
                    return extra + 1
            return 1
    depth = 0
    for extra, line in enumerate((first, *following)):
        depth += _depth(line)
        if depth <= 0:
            return extra + 1
    return 1


def _depth(line: str) -> int:
    """Opening less closing brackets, outside strings and comments."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', "", line).partition("#")[0]
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")


def _shown(lines: tuple[str, ...]) -> str:
    """The value on one line, without comments and passwords, shortened."""
    comment = r"""("(?:\\.|[^"\\])*"|'[^']*')|#.*$"""
    bare = (re.sub(comment, lambda m: m.group(1) or "", line).strip() for line in lines)
    shown = PASSWORD.sub(r"\1…@", " ".join(bare))
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"
