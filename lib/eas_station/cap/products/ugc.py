"""UGC lists: the counties and zones of a segment, and when it is purged: "OHC063-173>175-140115-".

Source: NWS Directive 10-1702. Lists with faults occur on the wire: lower case, lost hyphens, ranges
that run backwards, letters without a number. What can be read is read; the rest is kept as it is
written, because it may name our place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_LINES = 100  # of one list
MAX_CODES = 5_000  # of one list; the whole nation has fewer
_LONGEST_UNREAD = 40

_LINE = re.compile(r"[0-9A-Za-z> \t-]+")
_MORE = re.compile(r"[0-9A-Z>]*-[0-9A-Z>-]*", re.IGNORECASE | re.ASCII)  # a further line of a list
_LONGEST_LINE = 200
_START = re.compile(r"[ \t]*[A-Z]{2}[CZ](?:[0-9]{3}|ALL|-)", re.IGNORECASE | re.ASCII)
_LIKE = re.compile(r"[A-Z]{2}[CZ0-9]?[A-Z0-9>-]*[0-9][A-Z0-9>-]*")  # above a VTEC line
_PURGE = re.compile(r"(?:^|[-0-9 ])([0-3][0-9])([0-2][0-9])([0-5][0-9])-*\Z")
_PART = re.compile(r"([A-Z]{2}[CZ])?((?:[0-9]{3})*|ALL)(?:>([A-Z]{2}[CZ])?([0-9]{3}))?")
_EXACT = re.compile(
    r"[A-Z]{2}[CZ](?:[0-9]{3}(?:>[0-9]{3})?|ALL)-"
    r"(?:(?:[A-Z]{2}[CZ])?[0-9]{3}(?:>[0-9]{3})?-|[A-Z]{2}[CZ]ALL-)*[0-9]{6}-"
)
_LETTERS = re.compile(r"[A-Z]{2}[CZ]")
_GLUED = re.compile(r"(?:[A-Z]{2}[CZ])?(?:[0-9]{3})+")


@dataclass(frozen=True, slots=True)
class UgcList:
    """The places of a segment, and its purge time."""

    codes: tuple[str, ...]  # in the order sent, each once; ranges spelled out
    unread: tuple[str, ...] = ()  # parts without the form of a UGC, as written
    purge: tuple[int, int, int] | None = None  # day, hour, minute
    mended: str | None = None  # the list as written, if it has not the form of one


@dataclass(frozen=True, slots=True)
class UgcBlock:
    """A list in a text, by the numbers of its lines."""

    places: UgcList
    start: int
    end: int  # past the last


def find(lines: Sequence[str], is_vtec: Sequence[bool]) -> list[UgcBlock]:
    """The lists in a text.

    A list ends with its purge time. Without one it is a list only if a VTEC line follows.

    Args:
        is_vtec: for each line, whether it begins as a P-VTEC does.
    """
    found: list[UgcBlock] = []
    last_lines = _last_lines(lines, is_vtec)
    at = 0
    while at < len(lines):
        last = last_lines[at]
        if last is None or last - at >= MAX_LINES or not _may_start(lines[at]):
            at += 1
            continue
        joined = "".join("".join(lines[at : last + 1]).split()).upper()
        above_vtec = last + 1 < len(lines) and is_vtec[last + 1]
        if _START.match(joined) is None and not (above_vtec and _LIKE.fullmatch(joined)):
            at += 1
            continue
        found.append(UgcBlock(read(joined), at, last + 1))
        at = last + 1
    return found


def _last_lines(lines: Sequence[str], is_vtec: Sequence[bool]) -> list[int | None]:
    """For each line the one with which its list would end; None: it is not part of a list."""
    found: list[int | None] = [None] * len(lines)
    last: int | None = None
    following, following_is_vtec = "", False
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if len(line) > _LONGEST_LINE or _LINE.fullmatch(line) is None or not line.strip():
            last = None
        elif following_is_vtec or _is_complete(line, following):
            last = at
        found[at] = last
        following, following_is_vtec = line, is_vtec[at]
    return found


def _may_start(line: str) -> bool:
    return _START.match(line) is not None or "-" in line


def _is_complete(line: str, following: str) -> bool:
    """Does a list end with a line: it has the purge time, and no further line of places follows."""
    line = line.rstrip()
    if _PURGE.search(line) is None:
        return False
    return line.endswith("-") or _MORE.fullmatch(following) is None


def read(text: str) -> UgcList:
    """A list of one line, with or without its purge time."""
    written = "".join(text.split())
    text = written.upper()
    mended = None if _EXACT.fullmatch(text) is not None else written
    purge = _PURGE.search(text)
    if purge is None or not _is_time(purge):
        return UgcList(*_codes(text), mended=mended)
    day, hour, minute = map(int, purge.groups())
    return UgcList(*_codes(text[: purge.start(1)]), (day, hour, minute), mended)


def _is_time(purge: re.Match[str]) -> bool:
    day, hour, _ = map(int, purge.groups())
    return 1 <= day <= 31 and hour < 24


def _codes(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The codes of a list without its purge time, and the parts that are none.

    Letters hold until the next ones.
    """
    codes: dict[str, None] = {}
    unread: dict[str, None] = {}
    letters = ""
    for part in _parts(text):
        match = _PART.fullmatch(part)
        letters = _letters(part, letters)
        found = _part(match, letters) if match is not None and letters else None
        if found is None or len(codes) + len(found) > MAX_CODES:
            unread[_as_written(part, letters)] = None
        else:
            codes.update(dict.fromkeys(found))
    return tuple(codes), tuple(unread)


def _letters(part: str, letters: str) -> str:
    """The letters that hold from a part on; "" if it begins with others than a UGC does."""
    if not part[:1].isalpha() or part == "ALL":
        return letters
    match = _LETTERS.match(part)
    return "" if match is None else match.group()


def _parts(text: str) -> list[str]:
    """What stands between hyphens; two codes that lost theirs are two parts."""
    parts: list[str] = []
    for part in text.split("-"):
        glued = _GLUED.findall(part)
        parts.extend(glued if "".join(glued) == part else [part])
    return [part for part in parts if part]


def _part(match: re.Match[str], letters: str) -> list[str] | None:
    """The codes of one part: none for letters that stand alone; None for a range that is none."""
    _, numbers, last_letters, last = match.groups()
    if numbers == "ALL":
        return [f"{letters}ALL"] if last is None else None
    low = [numbers[at : at + 3] for at in range(0, len(numbers), 3)]
    if last is None:
        return [letters + number for number in low]
    if not low or last_letters not in (None, letters) or int(low[-1]) > int(last):
        return None
    spelled = (f"{number:03d}" for number in range(int(low[-1]), int(last) + 1))
    return [letters + number for number in (*low[:-1], *spelled)]


def _as_written(part: str, letters: str) -> str:
    return (part if part[:1].isalpha() else letters + part)[:_LONGEST_UNREAD]
