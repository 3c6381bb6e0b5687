"""The map: counties and the warnings in force on them, as shapes of an SVG without a script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eas_station.alerts.model import Alert
from eas_station.webd.atlas import Bounds, County, Region, Ring, westward
from eas_station.webd.grades import Grade

WIDTH = 600  # of the drawing, in its own units
MOST_HEIGHT = 900
LEAST_STEP = 1  # what is smaller is not drawn


@dataclass(frozen=True, slots=True)
class Shown:
    """One warning as the map needs it."""

    alert: Alert
    grade: Grade
    words: str  # "Tornado Warning, 23 min left"


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline of the drawing."""

    path: str  # the `d` of an SVG path
    kind: str  # CSS classes
    title: str  # read out, and shown when pointed at
    sign: str = ""  # what says it without a colour; "" where there is nothing to say
    label: str = ""  # written on it
    middle: tuple[int, int] = (0, 0)  # where the sign and the label stand


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map, ready for its template."""

    width: int
    height: int
    counties: tuple[Shape, ...]
    areas: tuple[Shape, ...]  # the polygons of warnings
    point: tuple[int, int] | None  # where the station is
    sentence: str  # the whole map in words


class Projection:
    """Degrees to the drawing's units; equirectangular, true at the middle latitude."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._narrow = math.cos(math.radians((bounds.south + bounds.north) / 2))
        wide_deg = (bounds.east - bounds.west) * self._narrow
        tall_deg = bounds.north - bounds.south
        self._scale = min(WIDTH / wide_deg, MOST_HEIGHT / tall_deg)
        self.width = round(wide_deg * self._scale)
        self.height = round(tall_deg * self._scale)

    def place(self, lat: float, lon: float) -> tuple[int, int]:
        """Where a point of the earth is: right of the left edge, below the upper one."""
        right = (westward(lon) - self._bounds.west) * self._narrow * self._scale
        return round(right), round((self._bounds.north - lat) * self._scale)

    def path(self, rings: Iterable[Ring]) -> str:
        """Outlines as the `d` of an SVG path; points that fall together are one."""
        return "".join(self._outline(ring) for ring in rings)

    def middle(self, ring: Ring) -> tuple[int, int]:
        """The middle of an outline, by its area."""
        twice = lat_sum = lon_sum = 0.0
        lat0, lon0 = ring[0]
        for (lat_a, lon_a), (lat_b, lon_b) in pairwise(ring):
            cross = (lon_a - lon0) * (lat_b - lat0) - (lon_b - lon0) * (lat_a - lat0)
            twice += cross
            lat_sum += (lat_a + lat_b - 2 * lat0) * cross
            lon_sum += (lon_a + lon_b - 2 * lon0) * cross
        if not twice:
            return self.place(lat0, lon0)
        return self.place(lat0 + lat_sum / (3 * twice), lon0 + lon_sum / (3 * twice))

    def _outline(self, ring: Ring) -> str:
        points = [self.place(lat, lon) for lat, lon in ring]
        x, y = points[0]
        steps = [f"M{x} {y}l"]
        for right, down in points[1:-1]:
            if abs(right - x) + abs(down - y) > LEAST_STEP:
                steps.append(f"{right - x} {down - y} ")
                x, y = right, down
        return "".join(steps).rstrip(" ") + "z" if len(steps) > 2 else ""


def draw(region: Region, shown: Sequence[Shown], point: tuple[float, float] | None) -> Drawing:
    """The map of a region with the warnings in force there.

    Args:
        shown: gravest first; a county has the colour of the first that covers it.
        point: (latitude, longitude) in degrees of the station.
    """
    projection = Projection(region.bounds)
    reached = {county.code: _reaching(county.code, shown) for county in region.counties}
    areas = tuple(
        Shape(path, f"area {one.grade.name}", one.words)
        for one in reversed(shown)
        if (path := projection.path(one.alert.polygons))
    )
    return Drawing(
        projection.width,
        projection.height,
        tuple(
            _shape(county, reached[county.code], region, projection) for county in region.counties
        ),
        areas,
        None if point is None else projection.place(*point),
        _in_words(region, reached),
    )


def _reaching(code: str, shown: Sequence[Shown]) -> list[Shown]:
    """The warnings that cover a county, gravest first."""
    return [one for one in shown if any(_covers(same, code) for same in one.alert.same_codes)]


def _covers(same_code: str, county: str) -> bool:
    """PSSCCC and FIPS: SS000 is the whole state, 000000 the whole country (47 CFR 11.31(c))."""
    state, place = same_code[1:3], same_code[3:]
    return same_code[1:] == county or (place == "000" and state in ("00", county[:2]))


def _shape(
    county: County, reached: Sequence[Shown], region: Region, projection: Projection
) -> Shape:
    kind = ["county"]
    if county.code in region.own:
        kind.append("own")
    if reached:
        kind.append(reached[0].grade.name)
    largest = max(county.rings, key=len)
    return Shape(
        projection.path(county.rings),
        " ".join(kind),
        f"{county.name}: {'; '.join(one.words for one in reached) or 'nothing in force'}",
        reached[0].grade.sign if reached else "",
        county.name if reached or county.code in region.own else "",
        projection.middle(largest),
    )


def _in_words(region: Region, reached: dict[str, list[Shown]]) -> str:
    own = [c.name for c in region.counties if c.code in region.own and reached[c.code]]
    rest = sum(1 for c in region.counties if c.code not in region.own and reached[c.code])
    said = f"Something is in force in {', '.join(own)}" if own else "Nothing is in force here"
    if rest:
        said += f", and in {rest} {'county' if rest == 1 else 'counties'} nearby"
    return f"{said}."
