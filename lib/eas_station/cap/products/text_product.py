"""An NWS text product → its segments: places, P-VTEC, times, headline, polygon.

Source: NWS Directives 10-1701 (form of products), 10-1702 (UGC), 10-1703 (VTEC), 10-1710 (LAT...LON
in hundredths of a degree, west counted positive). Everything is searched for and nothing believed:
a segment without a UGC line, or with a malformed one, is no segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eas_station.cap import values
from eas_station.cap.message import Ring
from eas_station.cap.products import ugc, vtec
from eas_station.cap.products.vtec import Vtec
from eas_station.errors import CapError

MAX_CHARS = 200_000  # the longest real products have a quarter of that
MAX_SEGMENTS = 200
MAX_UGCS = 5_000  # of one product
MAX_UGC_LINES = 100  # of one list of places
MAX_POINTS = 500  # of one polygon; NWS 10-511 allows 20

_HEADING = re.compile(
    r"^([A-Z]{4}[0-9]{2}) ([A-Z]{4}) ([0-9]{2})([0-9]{2})([0-9]{2})(?: ([A-Z]{3}))?[ \t]*$",
    re.MULTILINE,
)
_AWIPS = re.compile(r"^([A-Z0-9]{4,6})[ \t]*$")
_UGC_START = re.compile(r"[A-Z]{2}[CZ](?:[0-9]{3}|ALL)[->]")
_UGC_LINE = re.compile(r"[0-9A-Z>-]+[ \t]*\Z")
_PURGE = re.compile(r"-([0-9]{2})([0-9]{2})([0-9]{2})-\Z")
_END = re.compile(r"^\$\$[ \t]*$", re.MULTILINE)
_HEADLINE = re.compile(r"^\.\.\.(?=\S)(.{1,600}?)\.\.\.[ \t]*$", re.MULTILINE | re.DOTALL)
_POLYGON = re.compile(r"^LAT\.\.\.LON((?:\s+[0-9]{4,5})+)", re.MULTILINE)
_ACTIONS = re.compile(r"^PRECAUTIONARY/PREPAREDNESS ACTIONS\.\.\.[ \t]*$", re.MULTILINE)
_AND = re.compile(r"^&&[ \t]*$", re.MULTILINE)
_LONGEST_HEADLINE = 400


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a product: what it says for one list of places."""

    ugc_codes: tuple[str, ...]  # in the order sent, each once; ranges spelled out
    expires_at: datetime  # the UGC line's purge time: the text runs out
    events: tuple[Vtec, ...]
    headline: str | None
    description: str | None
    instruction: str | None
    polygon: Ring | None
    text: str  # from the UGC line on


@dataclass(frozen=True, slots=True)
class Product:
    """One text product."""

    wmo: str  # "WUUS51"
    office: str  # "KCLE"
    issued_at: datetime
    correction: str | None  # BBB of the heading: "CCA", "RRA"
    awips: str  # "SVRCLE"; "" if it has none
    segments: tuple[Segment, ...]


def parse(text: str, received_at: datetime) -> Product:
    """Read a product; its heading has a day and a time only. Raises CapError if it is none.

    Args:
        received_at: about when it was sent; tells month and year.
    """
    if len(text) > MAX_CHARS:
        raise CapError(f"a product of {len(text)} characters", text[:200])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    heading = _HEADING.search(text, 0, 2_000)
    if heading is None:
        raise CapError("no WMO heading", text[:200])
    wmo, office, day, hour, minute, correction = heading.groups()
    issued_at = near(int(day), int(hour), int(minute), received_at)
    if issued_at is None:
        raise CapError(f"no time in the WMO heading: {heading.group(0)!r}", text[:200])
    body = text[heading.end() :]
    first = body.lstrip("\n").partition("\n")[0]
    awips = _AWIPS.match(first)
    return Product(
        wmo=wmo,
        office=office,
        issued_at=issued_at,
        correction=correction,
        awips=awips.group(1) if awips is not None else "",
        segments=tuple(_segments(body, issued_at)),
    )


def near(day: int, hour: int, minute: int, at: datetime) -> datetime | None:
    """The day of the month and the time nearest to `at`; None if there is no such day near it."""
    found = []
    for month in (at.replace(day=15) + timedelta(days=days) for days in (-30, 0, 30)):
        try:
            found.append(datetime(month.year, month.month, day, hour, minute, tzinfo=UTC))
        except ValueError:
            continue
    return min(found, key=lambda moment: abs(moment - at), default=None)


def _segments(body: str, issued_at: datetime) -> Iterator[Segment]:
    parts = _END.split(body, MAX_SEGMENTS + 1)
    if len(parts) > MAX_SEGMENTS + 1:
        raise CapError(f"more than {MAX_SEGMENTS} segments", body[:200])
    named = 0
    for part in parts:
        block = _ugc_block(part.split("\n"))
        if block is None:
            continue
        codes = ugc.codes(block.codes)
        expires_at = near(*block.purge, at=issued_at)
        if codes is None or expires_at is None:
            continue
        named += len(codes)
        if named > MAX_UGCS:
            raise CapError(f"more than {MAX_UGCS} places in one product", body[:200])
        yield _segment(block, codes, expires_at)


@dataclass(frozen=True, slots=True)
class _Block:
    """The UGC lines of a segment, and what follows them."""

    codes: str
    purge: tuple[int, int, int]  # day, hour, minute
    text: str  # with the lines themselves
    body: str


def _ugc_block(lines: list[str]) -> _Block | None:
    """The first list of places that ends in a purge time; it may be broken at its hyphens."""
    start = 0
    while start < len(lines):
        if _UGC_START.match(lines[start]) is None:
            start += 1
            continue
        end = start
        while end < len(lines) and end - start < MAX_UGC_LINES and _UGC_LINE.match(lines[end]):
            purge = _PURGE.search(lines[end].rstrip())
            if purge is not None:
                joined = "".join(line.strip() for line in lines[start : end + 1])
                day, hour, minute = map(int, purge.groups())
                return _Block(
                    codes=joined[: -len(purge.group(0))],
                    purge=(day, hour, minute),
                    text="\n".join(lines[start:]),
                    body="\n".join(lines[end + 1 :]),
                )
            end += 1
        start = max(end, start + 1)
    return None


def _segment(block: _Block, codes: tuple[str, ...], expires_at: datetime) -> Segment:
    body = block.body
    headline = _HEADLINE.search(body)
    words = _prose(body)
    actions = _ACTIONS.search(words)
    description = words[: actions.start()] if actions is not None else words
    instruction = words[actions.end() :] if actions is not None else ""
    return Segment(
        ugc_codes=codes,
        expires_at=expires_at,
        events=vtec.parse(body),
        headline=None if headline is None else _one_line(headline.group(1)),
        description=description.strip() or None,
        instruction=instruction.strip() or None,
        polygon=polygon(body),
        text=block.text.strip(),
    )


def _prose(body: str) -> str:
    """What is for people: without the VTEC lines, up to the first "&&" or the coordinates."""
    end = min(
        (found.start() for found in (_AND.search(body), _POLYGON.search(body)) if found),
        default=len(body),
    )
    lines = body[:end].split("\n")
    return "\n".join(line.rstrip() for line in lines if not line.startswith("/"))


def polygon(text: str) -> Ring | None:
    """The ring of LAT...LON: pairs of hundredths of degrees north and west; None if there is none.

    East of the date line the count goes on past 180 degrees west.
    """
    match = _POLYGON.search(text)
    if match is None:
        return None
    numbers = [int(word) for word in match.group(1).split()]
    if len(numbers) % 2 or len(numbers) > 2 * MAX_POINTS:
        return None
    points = []
    for north, west in zip(numbers[::2], numbers[1::2], strict=True):
        longitude = -west / 100
        points.append((north / 100, longitude if longitude >= -180 else longitude + 360))
    return values.ring([tuple(point) for point in points])


def _one_line(text: str) -> str:
    return " ".join(text.replace("...", " ").split())[:_LONGEST_HEADLINE]
