"""An NWS text product → its segments: places, P-VTEC, purge time, headline, text, polygon.

Source: NWS Directives 10-1701 (form of products), 10-1702 (UGC), 10-1703 (VTEC). A product with
faults is read as far as it goes: what a warning says in its VTEC or its polygon must not be lost
because a list of places or a "$$" is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eas_station.cap.message import Ring
from eas_station.cap.products import drawn_area, segments, vtec
from eas_station.cap.products.segments import SegmentText
from eas_station.cap.products.vtec import Vtec
from eas_station.errors import CapError

MAX_CHARS = 200_000  # the longest real products have a quarter of that
MAX_PLACES = 5_000  # of one product

_HEADING = re.compile(
    r"^([A-Z]{4}[0-9]{2}) ([A-Z]{4}) ([0-9]{2})([0-9]{2})([0-9]{2})(?: ([A-Z]{3}))?[ \t]*$",
    re.MULTILINE | re.IGNORECASE | re.ASCII,
)
_AWIPS = re.compile(r"\s*^([A-Z0-9]{4,6})[ \t]*$", re.MULTILINE | re.IGNORECASE | re.ASCII)
_HEADLINE = re.compile(r"^\.\.\.(?=\S)(.{1,400}?)\.\.\.[ \t]*$", re.MULTILINE | re.DOTALL)
_ACTIONS = re.compile(r"^PRECAUTIONARY/PREPAREDNESS ACTIONS\.\.\.[ \t]*$", re.MULTILINE)
_AND = re.compile(r"^&&[ \t]*$", re.MULTILINE)
_TEST = re.compile(r"^\.*TEST\.{3}.*\.{3}TEST[. \t]*$", re.MULTILINE)
_SINGLE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
_TOP_CHARS = 10_000  # of a segment: where a headline stands
_CONTROLS = str.maketrans("", "", "\x00\x01\x02\x03\x1e\x1f")  # of the wire, not of the text


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a product: one list of places and what is said of it."""

    ugc_codes: tuple[str, ...]  # in the order sent, each once; ranges spelled out
    unread_places: tuple[str, ...]  # parts of the list without the form of a UGC, as written
    has_list: bool  # False: it has a VTEC line or a polygon, but no list of places at all
    mended_list: str | None  # the list as written, if it has not the form of one
    expires_at: datetime | None  # the purge time: the text runs out; None: it has none
    events: tuple[Vtec, ...]
    malformed_vtec: tuple[str, ...]  # lines, as written
    headline: str | None
    description: str | None
    instruction: str | None
    polygon: Ring | None
    has_bad_polygon: bool
    text: str  # from the list of places on


@dataclass(frozen=True, slots=True)
class Product:
    """One text product."""

    wmo: str  # "WUUS51"
    office: str  # "KCLE"
    issued_at: datetime
    correction: str | None  # BBB of the heading: "CCA", "RRA"
    awips: str  # "SVRCLE"; "" if it has none
    is_test: bool  # its title says so: TEST...TORNADO WARNING...TEST
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The WMO heading and the AWIPS identifier below it."""

    wmo: str
    office: str
    time: tuple[int, int, int]  # day, hour, minute
    correction: str | None
    awips: str
    end: int  # of both, in the text


def plain(text: str) -> str:
    """A text of the wire with single line feeds and without control characters.

    NWWS-OI doubles every line break.
    """
    for line_break in ("\r\r\n", "\r\n", "\r"):
        text = text.replace(line_break, "\n")
    text = text.translate(_CONTROLS)
    if "\n\n" in text and _SINGLE_BREAK.search(text.strip("\n")) is None:
        text = text.replace("\n\n", "\n")
    return text


def heading(text: str) -> Heading | None:
    """The heading of a plain text; None: it has none near its start."""
    found = _HEADING.search(text, 0, 2_000)
    if found is None:
        return None
    wmo, office, day, hour, minute, correction = found.groups()
    awips = _AWIPS.match(text, found.end())
    return Heading(
        wmo=wmo.upper(),
        office=office.upper(),
        time=(int(day), int(hour), int(minute)),
        correction=None if correction is None else correction.upper(),
        awips="" if awips is None else awips.group(1).upper(),
        end=found.end() if awips is None else awips.end(),
    )


def parse(text: str, received_at: datetime, awips: str = "") -> Product:
    """Read a product. Raises CapError if it is none.

    Args:
        text: as `plain` gives it.
        received_at: about when it was sent: the heading has a day and a time only.
        awips: the identifier, for a text without one.
    """
    if len(text) > MAX_CHARS:
        raise CapError(f"a product of {len(text)} characters", text[:200])
    head = heading(text)
    if head is None:
        raise CapError("no WMO heading", text[:200])
    issued_at = near(*head.time, received_at)
    if issued_at is None:
        raise CapError(f"no time in the WMO heading: {head.time}", text[:200])
    body = text[head.end :]
    return Product(
        wmo=head.wmo,
        office=head.office,
        issued_at=issued_at,
        correction=head.correction,
        awips=head.awips or awips.upper(),
        is_test=_TEST.search(body, 0, 2_000) is not None,
        segments=tuple(_segments(body, head.office, issued_at)),
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


def _segments(body: str, office: str, issued_at: datetime) -> Iterator[Segment]:
    places = 0
    for block in segments.split(body):
        places += 0 if block.ugc is None else len(block.ugc.codes)
        if places > MAX_PLACES:
            raise CapError(f"more than {MAX_PLACES} places in one product", body[:200])
        yield _segment(block, office, issued_at)


def _segment(block: SegmentText, office: str, issued_at: datetime) -> Segment:
    ugc_codes = () if block.ugc is None else block.ugc.codes
    purge = None if block.ugc is None else block.ugc.purge
    headline = _HEADLINE.search(block.body, 0, _TOP_CHARS)
    words = _prose(block.body)
    actions = _ACTIONS.search(words)
    description = words[: actions.start()] if actions is not None else words
    instruction = words[actions.end() :] if actions is not None else ""
    drawn = f"{block.body}\n{block.trailer}"
    ring = drawn_area.ring(drawn, office, ugc_codes)
    return Segment(
        ugc_codes=ugc_codes,
        unread_places=() if block.ugc is None else block.ugc.unread,
        has_list=block.ugc is not None,
        mended_list=None if block.ugc is None else block.ugc.mended,
        expires_at=None if purge is None else near(*purge, at=issued_at),
        events=vtec.parse(block.body),
        malformed_vtec=vtec.malformed(block.body),
        headline=None if headline is None else _one_line(headline.group(1)),
        description=description.strip() or None,
        instruction=instruction.strip() or None,
        polygon=ring,
        has_bad_polygon=ring is None and drawn_area.LINE.search(drawn) is not None,
        text=block.text.strip(),
    )


def _prose(body: str) -> str:
    """The text without the VTEC lines, up to the first "&&" or the coordinates."""
    end = min(
        (found.start() for found in (_AND.search(body), drawn_area.LINE.search(body)) if found),
        default=len(body),
    )
    lines = body[:end].split("\n")
    return "\n".join(line.rstrip() for line in lines if not line.startswith("/"))


def _one_line(text: str) -> str:
    return " ".join(text.replace("...", " ").split())
