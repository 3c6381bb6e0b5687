"""The body of a text product → its segments as text.

Source: NWS Directive 10-1701: a segment begins with a UGC list and ends with "$$". On the wire
"$$" is sometimes missing, or one "$", or stands above the polygon; and a list may be malformed, so
that only the VTEC line below it shows that a segment begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eas_station.cap.products import drawn_area, ugc, vtec
from eas_station.cap.products.ugc import UgcList
from eas_station.errors import CapError

MAX_SEGMENTS = 200
MAX_LINES = 10_000  # the longest real products have a tenth of that

# A VTEC line that has lost the line break after the list of places.
_JOINED = re.compile(r"(?<=[-0-9])[ \t]{0,9}(?=/[OTEX]\.[A-Z]{3}\.[A-Z]{4}\.)", re.IGNORECASE)
_END = re.compile(r"[ \t]*(?:\$\$|\$[ \t]*$)")


@dataclass(frozen=True, slots=True)
class SegmentText:
    """A segment as text."""

    ugc: UgcList | None  # None: it has no list of places
    text: str  # with the lines of the list
    body: str  # without them
    trailer: str  # what stands between its "$$" and the next segment


@dataclass(slots=True)
class _Open:
    """A segment that is being read: where its parts begin and end, by line."""

    ugc: UgcList | None
    start: int
    body: int
    end: int | None = None  # the line with its "$$"


def split(body: str) -> list[SegmentText]:
    """The segments of a product. Raises CapError on too many, or on too many lines.

    Text without a list of places, a VTEC line or a polygon is no segment.
    """
    lines = _JOINED.sub("\n", body).split("\n")
    if len(lines) > MAX_LINES:
        raise CapError(f"a product of {len(lines)} lines", body[:200])
    found = _find(lines)
    if len(found) > MAX_SEGMENTS:
        raise CapError(f"more than {MAX_SEGMENTS} segments", body[:200])
    nexts = [segment.start for segment in found[1:]] + [len(lines)]
    return [
        SegmentText(
            ugc=segment.ugc,
            text="\n".join(lines[segment.start : _end(segment, following)]),
            body="\n".join(lines[segment.body : _end(segment, following)]),
            trailer="\n".join(lines[_end(segment, following) : following]),
        )
        for segment, following in zip(found, nexts, strict=False)
    ]


def _end(segment: _Open, following: int) -> int:
    return following if segment.end is None else segment.end


def _find(lines: list[str]) -> list[_Open]:
    is_vtec = [vtec.has_line(line) for line in lines]
    blocks = {block.start: block for block in ugc.find(lines, is_vtec)}
    found: list[_Open] = []
    at = 0
    while at < len(lines) and len(found) <= MAX_SEGMENTS:
        block = blocks.get(at)
        is_open = bool(found) and found[-1].end is None
        if block is not None:
            found.append(_Open(block.places, start=at, body=block.end))
            at = block.end
            continue
        if is_open and _END.match(lines[at]) is not None:
            found[-1].end = at
        elif not is_open and (is_vtec[at] or _begins_polygon(lines[at], found)):
            found.append(_Open(None, start=at, body=at))
        at += 1
    return found


def _begins_polygon(line: str, found: list[_Open]) -> bool:
    """Is this a polygon outside all segments; below a "$$" it belongs to the segment above."""
    return not found and drawn_area.LINE.match(line) is not None
