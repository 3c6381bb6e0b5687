"""The map: counties and the warnings in force on them, as shapes of an SVG without a script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eas_station.alerts.model import Alert
from eas_station.outlines import Ring
from eas_station.webd.drawing.county_outlines import Bounds, County, Region, westward
from eas_station.webd.render.grades import Grade

WIDTH = 600  # of the drawing, in its own units
MOST_HEIGHT = 900
LEAST_STEP = 1  # what is smaller is not drawn
LETTER = 9.5  # how wide one is on average
ROOM = 0.8  # of its width, that a name must find in its county
NAMES_SAID = 6


@dataclass(frozen=True, slots=True)
class MappedAlert:
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
class MapDrawing:
    """A map, ready for its template."""

    width: int
    height: int
    counties: tuple[Shape, ...]
    areas: tuple[Shape, ...]  # the polygons of warnings
    point: tuple[int, int] | None  # where the station is
    sentence: str  # the whole map in words
    legend: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """What something on the map means."""

    kind: str  # CSS class
    sign: str
    words: str


@dataclass(frozen=True, slots=True)
class Wording:
    """How a map speaks of what it shows."""

    here: str  # before the names of our counties
    only_nearby: str  # before the number of the others
    only_area: str  # an outline, but no county
    nothing: str
    quiet: str  # of a county without anything
    also: str  # before the number of the others, after our counties
    marks_own: bool = True  # are our counties drawn as ours


STATION = Wording(
    here="Something is in force in",
    only_nearby="Nothing is in force here, but in",
    only_area="Nothing is in force in our counties, but in the outline that is drawn",
    nothing="Nothing is in force here",
    quiet="nothing in force",
    also="and in",
)
# While the station is deaf, or does not know its record, silence says nothing.
UNSURE = Wording(
    here="Something is in force in",
    only_nearby="Nothing is known to be in force here, but in",
    only_area="Nothing is known to be in force in our counties, but in the outline",
    nothing="Nothing is known to be in force here",
    quiet="nothing known to be in force",
    also="and in",
)
ALERT = Wording(
    here="It names",
    only_nearby="It names none of our counties, but",
    only_area="It names no county of this map; its sender has drawn an outline",
    nothing="It names no county of this map",
    quiet="not named",
    also="and",
)
ABROAD = Wording(
    here="It names",
    only_nearby="It names",
    only_area="Its sender has drawn an outline and named no county of this map",
    nothing="It names no county of this map",
    quiet="not named",
    also="and",
    marks_own=False,
)


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


def draw(
    region: Region,
    shown: Sequence[MappedAlert],
    point: tuple[float, float] | None,
    wording: Wording = STATION,
) -> MapDrawing:
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
    return MapDrawing(
        projection.width,
        projection.height,
        tuple(
            _shape(county, reached[county.code], region, projection, wording)
            for county in region.counties
        ),
        areas,
        None if point is None or not _is_inside(point, region.bounds) else projection.place(*point),
        _in_words(region, reached, bool(areas), wording),
        _legend(shown, reached, areas),
    )


def _is_inside(point: tuple[float, float], bounds: Bounds) -> bool:
    lat, lon = point[0], westward(point[1])
    return bounds.south < lat < bounds.north and bounds.west < lon < bounds.east


def _reaching(code: str, shown: Sequence[MappedAlert]) -> list[MappedAlert]:
    """The warnings that cover a county, gravest first."""
    return [one for one in shown if any(_covers(same, code) for same in one.alert.same_codes)]


def _covers(same_code: str, county: str) -> bool:
    """PSSCCC and FIPS: SS000 is the whole state, 000000 the whole country (47 CFR 11.31(c))."""
    state, place = same_code[1:3], same_code[3:]
    return same_code[1:] == county or (place == "000" and state in ("00", county[:2]))


def _shape(
    county: County,
    reached: Sequence[MappedAlert],
    region: Region,
    projection: Projection,
    wording: Wording,
) -> Shape:
    kind = ["county"]
    if county.code in region.own and wording.marks_own:
        kind.append("own")
    if reached:
        kind.append(reached[0].grade.name)
    largest = max(county.rings, key=len)
    named = bool(reached) or county.code in region.own
    return Shape(
        projection.path(county.rings),
        " ".join(kind),
        f"{county.name}: {'; '.join(one.words for one in reached) or wording.quiet}",
        reached[0].grade.sign if reached else "",
        county.name if named and _has_room(county.name, largest, projection) else "",
        projection.middle(largest),
    )


def _has_room(name: str, ring: Ring, projection: Projection) -> bool:
    """Can a name be written on a county; it may stand out a little."""
    rights = [projection.place(lat, lon)[0] for lat, lon in ring]
    return max(rights) - min(rights) >= ROOM * LETTER * len(name)


def _in_words(
    region: Region, reached: dict[str, list[MappedAlert]], has_areas: bool, wording: Wording
) -> str:
    own: list[str] = []
    rest: list[str] = []
    for county in sorted(region.counties, key=lambda one: one.name):
        if reached[county.code]:
            (own if county.code in region.own else rest).append(county.name)
    if own:
        more = len(own) - NAMES_SAID
        words = own[:NAMES_SAID] + ([f"{more} more"] if more > 0 else [])
        said = f"{wording.here} {_joined(words)}"
    elif rest:
        said = wording.only_nearby
    else:
        return f"{wording.only_area if has_areas else wording.nothing}."
    if rest:
        said += (
            f", {wording.also} {_counted(len(rest))} nearby"
            if own
            else f" {_counted(len(rest))} nearby"
        )
    return f"{said}."


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _counted(counties: int) -> str:
    return "1 county" if counties == 1 else f"{counties} counties"


def _legend(
    shown: Sequence[MappedAlert], reached: dict[str, list[MappedAlert]], areas: Sequence[Shape]
) -> tuple[Sign, ...]:
    """The grades that are on the map, gravest first, and what a dashed line is."""
    leading = {ones[0].grade for ones in reached.values() if ones}
    grades = dict.fromkeys(one.grade for one in shown if one.grade in leading)
    found = {grade.name: Sign(grade.name, grade.sign, grade.word) for grade in reversed(grades)}
    signs = tuple(reversed(found.values()))
    return (*signs, Sign("dashed", "- -", "outline by the sender")) if areas else signs
