"""Outlines of the counties around the station, from `data/counties.tsv`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eas_station import outlines
from eas_station.outlines import COUNTIES, SCALE, Ring

AROUND_POINT_DEG = 0.7  # for a station that knows only its position
MARGIN = 0.6  # of the area's size, left free on each side
LEAST_MARGIN_DEG, MOST_MARGIN_DEG = 0.35, 0.8


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle in degrees, longitudes as `westward` gives them."""

    south: float
    west: float
    north: float
    east: float

    def touches(self, other: Bounds) -> bool:
        """Do the two overlap or touch?"""
        return (
            self.south <= other.north
            and other.south <= self.north
            and self.west <= other.east
            and other.west <= self.east
        )

    def around(self, other: Bounds) -> Bounds:
        """The smallest rectangle that contains both."""
        return Bounds(
            min(self.south, other.south),
            min(self.west, other.west),
            max(self.north, other.north),
            max(self.east, other.east),
        )

    def wider(self) -> Bounds:
        """With a margin on each side, to show the neighbours."""
        tall, wide = _margin(self.north - self.south), _margin(self.east - self.west)
        return Bounds(self.south - tall, self.west - wide, self.north + tall, self.east + wide)


@dataclass(frozen=True, slots=True)
class County:
    """One county or county equivalent."""

    code: str  # FIPS SSCCC, a SAME code without its first digit
    name: str
    rings: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """The part of the country that a map shows."""

    bounds: Bounds
    counties: tuple[County, ...]
    own: frozenset[str]  # FIPS codes of our area


def region(
    same_codes: Iterable[str],
    point: tuple[float, float] | None,
    rings: Iterable[Ring] = (),
    source: Path = COUNTIES,
) -> Region | None:
    """The counties of an area and their neighbours; None if none is known.

    Args:
        same_codes: the area, PSSCCC; SS000 is a whole state.
        point: (latitude, longitude) of its middle in degrees, used if no code is known.
        rings: outlines that must be visible too.
    """
    rows = tuple(outlines.rows(source))
    asked = frozenset(same_codes)
    own = frozenset(code for code, _, _, _ in rows if _is_own(code, asked))
    seen = [_bounds(bounds) for code, _, bounds, _ in rows if code in own]
    inner = _inner([*seen, *map(bounds_of, rings)], point)
    if inner is None:
        return None
    outer = inner.wider()
    counties = tuple(
        County(code, name, outlines.rings(outline))
        for code, name, bounds, outline in rows
        if outer.touches(_bounds(bounds))
    )
    return Region(outer, counties, own) if counties else None


def westward(lon: float) -> float:
    """A longitude from −360 to 0 degrees, so no outline is split at the date line."""
    return lon - 360.0 if lon > 0 else lon


def _margin(size_deg: float) -> float:
    return min(max(MARGIN * size_deg, LEAST_MARGIN_DEG), MOST_MARGIN_DEG)


def _inner(bounds: Iterable[Bounds], point: tuple[float, float] | None) -> Bounds | None:
    """The rectangle that must be visible."""
    inner: Bounds | None = None
    for each in bounds:
        inner = each if inner is None else inner.around(each)
    if inner is None and point is not None:
        (lat, lon), reach = point, AROUND_POINT_DEG
        lon = westward(lon)
        return Bounds(lat - reach, lon - reach, lat + reach, lon + reach)
    return inner


def _is_own(code: str, same_codes: Iterable[str]) -> bool:
    """Is a FIPS code among PSSCCC, by itself or by its state."""
    return any(
        same[1:] == code or (same[3:] == "000" and same[1:3] == code[:2]) for same in same_codes
    )


def _bounds(text: str) -> Bounds:
    south, west, north, east = (int(word) / SCALE for word in text.split())
    return Bounds(south, west, north, east)


def bounds_of(ring: Ring) -> Bounds:
    """The rectangle around an outline."""
    lats, lons = [lat for lat, _ in ring], [westward(lon) for _, lon in ring]
    return Bounds(min(lats), min(lons), max(lats), max(lons))
