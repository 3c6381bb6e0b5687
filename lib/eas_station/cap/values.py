"""The lexical forms of CAP: times, references, polygons, circles. ASCII digits only.

Every function returns None for a malformed text, or leaves it out; the caller gives the reason.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from eas_station.cap.message import Circle, Reference, Ring

MAX_POINTS = 20_000  # of one ring
LATEST = datetime(9999, 12, 30, tzinfo=UTC)  # a later time overflows in some time zones
REMEMBERED = 4096  # texts: one answer repeats a few times and references

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_LENIENT_TIME = re.compile(_TIME.pattern.replace(":[0-9]{2})", ":?[0-9]{2})"))
_NUMBERS = re.compile(r"[-+.,0-9eE\s]*", re.ASCII)


@lru_cache(REMEMBERED)
def time(text: str) -> datetime | None:
    """The UTC time of a CAP dateTime (CAP 1.2, 3.3.2; `Z` and fractions accepted too).

    A time after the year 9999 in UTC is `LATEST`. None: not a time, or without an offset.
    """
    return _moment(text) if _TIME.fullmatch(text) is not None else None


@lru_cache(REMEMBERED)
def lenient_time(text: str) -> datetime | None:
    """The same, but the offset may lack its colon, as in some real answers.

    Not for `sent`: it is part of the identity of a message.
    """
    return _moment(text) if _LENIENT_TIME.fullmatch(text) is not None else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        moment = moment.astimezone(UTC)
        return moment if moment < LATEST else LATEST
    except OverflowError:
        return LATEST if moment.year == LATEST.year else None


def references(text: str) -> tuple[tuple[Reference, ...], tuple[str, ...]]:
    """The `sender,identifier,sent` triples of a blank-separated list, and the malformed words."""
    found: dict[Reference, None] = {}
    bad: list[str] = []
    for word in text.split():
        reference = _reference(word)
        if reference is None:
            bad.append(word)
        else:
            found[reference] = None
    return tuple(found), tuple(bad)


def _reference(word: str) -> Reference | None:
    sender, _, rest = word.partition(",")
    identifier, _, sent = rest.rpartition(",")
    sent_at = time(sent)
    if not sender or not identifier or sent_at is None:
        return None
    return Reference(sender, identifier, sent_at)


def polygon(text: str) -> Ring | None:
    """The ring of a CAP polygon: blank-separated `latitude,longitude` pairs, first equals last."""
    if _NUMBERS.fullmatch(text) is None:
        return None
    pairs = text.split()
    if len(pairs) > MAX_POINTS:
        return None
    try:
        points = [tuple(map(float, pair.split(","))) for pair in pairs]
    except ValueError:
        return None
    return ring(points)


def ring(points: list[tuple[float, ...]]) -> Ring | None:
    """A closed ring of (latitude, longitude) pairs; None if it is not a ring on the Earth."""
    if len(points) < 3 or len(points) > MAX_POINTS:
        return None
    for point in points:
        if len(point) != 2 or not (-90 <= point[0] <= 90 and -180 <= point[1] <= 180):
            return None
    closed = [(point[0], point[1]) for point in points]
    if closed[0] != closed[-1]:
        closed.append(closed[0])
    return tuple(closed) if len(set(closed)) >= 3 else None


def circle(text: str) -> Circle | None:
    """The circle of a CAP circle: `latitude,longitude radius`, the radius in km."""
    if _NUMBERS.fullmatch(text) is None:
        return None
    try:
        center, radius = text.split()
        latitude, longitude = map(float, center.split(","))
        radius_km = float(radius)
    except ValueError:
        return None
    on_earth = -90 <= latitude <= 90 and -180 <= longitude <= 180
    return (latitude, longitude, radius_km) if on_earth and 0 <= radius_km <= 20_100 else None
