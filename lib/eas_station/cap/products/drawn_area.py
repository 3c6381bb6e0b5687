"""LAT...LON: the ring of a segment, in hundredths of a degree without a sign.

Source: NWS Directives 10-1701 and 10-511. Latitude is north and longitude is west, except in the
Western Pacific, where the longitude is east, and in American Samoa, where the latitude is south.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from eas_station.cap import values
from eas_station.cap.message import Ring

MAX_POINTS = 500  # of one ring; NWS Directive 10-511 allows 20
EASTERN_STATES = ("GU", "MP", "PW", "FM", "MH", "PM")  # by their UGC
SOUTHERN_STATES = ("AS", "PS")
EASTERN_OFFICES = ("PGUM", "PGUA", "PTKK", "PTKR", "PTPN", "PTTP", "PTYA", "PKMJ")
SOUTHERN_OFFICES = ("NSTU",)
_LEAST_WEST = 4_000  # hundredths; a smaller longitude has lost its hundred, as 0252 for 102.52

LINE = re.compile(r"^[ \t]*LAT\.{2,4}LON(?![A-Z])", re.MULTILINE | re.IGNORECASE | re.ASCII)
_NUMBERS = re.compile(r"\s*(?:[ \t]*\n?[ \t]*\b[0-9]{3,5}\b)*")


def ring(text: str, office: str, ugc_codes: Iterable[str] = ()) -> Ring | None:
    """The first ring of a text; None if it has none, or no area.

    Args:
        office: of the product's heading; decides where no code does.
        ugc_codes: of the segment.
    """
    start = LINE.search(text)
    if start is None:
        return None
    match = _NUMBERS.match(text, start.end())
    numbers = [int(word) for word in match.group().split()] if match is not None else []
    if len(numbers) % 2 or len(numbers) > 2 * MAX_POINTS:
        return None
    states = {code[:2] for code in ugc_codes}
    is_east = not states.isdisjoint(EASTERN_STATES) or (not states and office in EASTERN_OFFICES)
    is_south = not states.isdisjoint(SOUTHERN_STATES) or (not states and office in SOUTHERN_OFFICES)
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    points = [
        (-latitude / 100 if is_south else latitude / 100, _longitude(longitude, is_east=is_east))
        for latitude, longitude in pairs
    ]
    return values.ring([tuple(point) for point in points])


def _longitude(hundredths: int, *, is_east: bool) -> float:
    """Degrees east. Past the date line the count may go on beyond 180."""
    if hundredths > 18_000:
        return round(360 - hundredths / 100, 2)
    if is_east:
        return hundredths / 100
    return -(hundredths if hundredths >= _LEAST_WEST else hundredths + 10_000) / 100
