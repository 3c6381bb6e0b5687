"""The map: counties and the alerts in force there, as SVG shapes that need no script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import attrgetter

from eas_station.alerts.model import Alert
from eas_station.outlines import Ring
from eas_station.webd.drawing.county_outlines import Bounds, County, Region, westward
from eas_station.webd.render.cards import joined
from eas_station.webd.render.grades import Grade

WIDTH = 600  # of the drawing, in its own units
MOST_HEIGHT = 900
LEAST_STEP = 1  # smaller steps of an outline are not drawn
LETTER = 9.5  # mean width of a letter
ROOM = 0.8  # a label needs a county at least so wide, as a share of its own width
NAMES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class MappedAlert:
    """One alert as the map needs it."""

    alert: Alert
    grade: Grade
    words: str  # "Tornado Warning, 23 min left"


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline of the drawing."""

    path: str  # the `d` of an SVG path
    kind: str  # CSS classes
    title: str  # the tooltip, and the text for a screen reader
    sign: str = ""  # the grade without colour; "" if no alert is in force there
    label: str = ""  # the name written on it
    middle: tuple[int, int] = (0, 0)  # of the sign and the label


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """A map, ready for its template."""

    width: int
    height: int
    counties: tuple[Shape, ...]
    areas: tuple[Shape, ...]  # the polygons of alerts
    point: tuple[int, int] | None  # where the station is
    sentence: str  # the map in words
    legend: tuple[LegendEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One line of the legend."""

    kind: str  # CSS class
    sign: str
    words: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The phrases of one kind of map."""

    here: str  # before the names of our counties
    only_nearby: str  # before the number of the others
    only_area: str  # an outline, but no county
    nothing: str
    quiet: str  # the title of a county without an alert
    marks_own: bool = True  # are our counties drawn as ours


STATION = Wording(
    here="In force in",
    only_nearby="Nothing in force here, but in",
    only_area="Nothing in force in our counties, but in the outline on the map",
    nothing="Nothing in force here",
    quiet="nothing in force",
)
# While the station is deaf, or its database is away, silence proves nothing.
UNSURE = Wording(
    here="In force in",
    only_nearby="Known to be in force in",
    only_area="Known to be in force in the outline on the map",
    nothing="Cannot tell what is in force here",
    quiet="unknown",
)
ALERT = Wording(
    here="The alert covers",
    only_nearby="The alert covers none of our counties, but",
    only_area="The alert covers no county on this map, only the outline from its sender",
    nothing="The alert covers no county on this map",
    quiet="not covered",
)
ELSEWHERE = replace(ALERT, only_nearby="The alert covers", marks_own=False)


class Projection:
    """Degrees to the drawing's units; equirectangular, true to scale at the middle latitude."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._narrow = math.cos(math.radians((bounds.south + bounds.north) / 2))
        wide_deg = (bounds.east - bounds.west) * self._narrow
        tall_deg = bounds.north - bounds.south
        self._scale = min(WIDTH / wide_deg, MOST_HEIGHT / tall_deg)
        self.width = round(wide_deg * self._scale)
        self.height = round(tall_deg * self._scale)

    def place(self, lat: float, lon: float) -> tuple[int, int]:
        """The x and y of a latitude and a longitude."""
        right = (westward(lon) - self._bounds.west) * self._narrow * self._scale
        return round(right), round((self._bounds.north - lat) * self._scale)

    def path(self, rings: Iterable[Ring]) -> str:
        """Outlines as the `d` of an SVG path, without points that fall together."""
        return "".join(self._outline(ring) for ring in rings)

    def middle(self, ring: Ring) -> tuple[int, int]:
        """The centroid of an outline."""
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


def draw(
    region: Region,
    shown: Sequence[MappedAlert],
    point: tuple[float, float] | None,
    wording: Wording = STATION,
) -> MapDrawing:
    """The map of a region with the alerts in force there.

    Args:
        shown: gravest first; a county takes the colour of the first that covers it.
        point: (latitude, longitude) of the station in degrees.
    """
    projection = Projection(region.bounds)
    covering = {county.code: _covering(county.code, shown) for county in region.counties}
    areas = tuple(
        Shape(path, f"area {one.grade.name}", one.words)
        for one in reversed(shown)
        if (path := projection.path(one.alert.polygons))
    )
    return MapDrawing(
        projection.width,
        projection.height,
        tuple(
            _shape(county, covering[county.code], region, projection, wording)
            for county in region.counties
        ),
        areas,
        None if point is None or not _is_inside(point, region.bounds) else projection.place(*point),
        _in_words(region, covering, bool(areas), wording),
        _legend(covering, areas),
    )


def _is_inside(point: tuple[float, float], bounds: Bounds) -> bool:
    lat, lon = point[0], westward(point[1])
    return bounds.south < lat < bounds.north and bounds.west < lon < bounds.east


def _covering(code: str, shown: Sequence[MappedAlert]) -> list[MappedAlert]:
    """The alerts that cover a county, gravest first."""
    return [one for one in shown if any(_covers(same, code) for same in one.alert.same_codes)]


def _covers(same_code: str, county: str) -> bool:
    """PSSCCC and FIPS: SS000 is the whole state, 000000 the whole country (47 CFR 11.31(c))."""
    state, place = same_code[1:3], same_code[3:]
    return same_code[1:] == county or (place == "000" and state in ("00", county[:2]))


def _shape(
    county: County,
    covering: Sequence[MappedAlert],
    region: Region,
    projection: Projection,
    wording: Wording,
) -> Shape:
    kind = ["county"]
    if county.code in region.own and wording.marks_own:
        kind.append("own")
    if covering:
        kind.append(covering[0].grade.name)
    largest = max(county.rings, key=len)
    named = bool(covering) or county.code in region.own
    return Shape(
        projection.path(county.rings),
        " ".join(kind),
        f"{county.name}: {'; '.join(one.words for one in covering) or wording.quiet}",
        covering[0].grade.sign if covering else "",
        county.name if named and _has_room(county.name, largest, projection) else "",
        projection.middle(largest),
    )


def _has_room(name: str, ring: Ring, projection: Projection) -> bool:
    """Is a county wide enough for its name?"""
    rights = [projection.place(lat, lon)[0] for lat, lon in ring]
    return max(rights) - min(rights) >= ROOM * LETTER * len(name)


def _in_words(
    region: Region, covering: dict[str, list[MappedAlert]], has_areas: bool, wording: Wording
) -> str:
    own: list[str] = []
    rest: list[str] = []
    for county in sorted(region.counties, key=lambda one: one.name):
        if covering[county.code]:
            (own if county.code in region.own else rest).append(county.name)
    nearby = "1 county nearby" if len(rest) == 1 else f"{len(rest)} counties nearby"
    if own:
        more = len(own) - NAMES_SHOWN
        words = own[:NAMES_SHOWN] + ([f"{more} more"] if more > 0 else [])
        return f"{wording.here} {joined(words + ([nearby] if rest else []))}."
    if rest:
        return f"{wording.only_nearby} {nearby}."
    return f"{wording.only_area if has_areas else wording.nothing}."


def _legend(
    covering: dict[str, list[MappedAlert]], areas: Sequence[Shape]
) -> tuple[LegendEntry, ...]:
    """The grades on the map, gravest first, and the dashed line."""
    found: dict[str, LegendEntry] = {}
    grades = {ones[0].grade for ones in covering.values() if ones}
    for grade in sorted(grades, key=attrgetter("rank")):
        found.setdefault(grade.name, LegendEntry(grade.name, grade.sign, grade.word))
    dashed = (LegendEntry("dashed", "- -", "outline from the sender"),) if areas else ()
    return (*found.values(), *dashed)
