"""Polygons on the latitude-longitude plane: is a point in one, do two of them overlap.

A ring is a closed tuple of (latitude, longitude) in degrees. It is taken as drawn on a plate carrée
map, with each edge going the short way round, so that a ring may cross the date line. A border
belongs to its polygon: in doubt a place is inside. Inside is even-odd, so that no ring, however
knotted, is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import isfinite

Point = tuple[float, float]  # latitude, longitude in degrees
Ring = tuple[Point, ...]

_TOLERANCE_DEG = 1e-9  # a tenth of a millimetre: rounding, not distance
_Flat = list[tuple[float, float]]  # x, y: unwrapped longitude, latitude
_Box = tuple[float, float, float, float]  # west, south, east, north


def contains(ring: Ring, point: Point) -> bool:
    """Is a point in a polygon or on its border."""
    flat = unwrapped(ring)
    if not flat:
        return False
    west, south, east, north = _box(flat)
    y, x = point
    if not south - _TOLERANCE_DEG <= y <= north + _TOLERANCE_DEG:
        return False
    return any(_inside(flat, x + turn, y) for turn in _turns(x, x, west, east))


def overlaps(ring_a: Ring, ring_b: Ring) -> bool:
    """Have two polygons a point in common; touching borders do."""
    return Outline((ring_b,)).overlaps(ring_a)


class Outline:
    """Polygons that others are laid over again and again: made ready once."""

    __slots__ = ("_shapes",)

    def __init__(self, rings: Iterable[Ring]) -> None:
        flats = [flat for ring in rings if (flat := unwrapped(ring))]
        self._shapes = [(flat, _box(flat)) for flat in flats]

    def overlaps(self, ring: Ring) -> bool:
        """Has any of them a point in common with this one."""
        flat = unwrapped(ring) if self._shapes else []
        if not flat:
            return False
        box = _box(flat)
        return any(_shapes_overlap(flat, box, *shape) for shape in self._shapes)


def unwrapped(ring: Ring) -> list[tuple[float, float]]:
    """The corners as (x, y), closed, with x = longitude made continuous across the date line.

    Empty without three corners or if a coordinate is not finite: such a ring contains nothing.
    """
    flat: _Flat = []
    if len(ring) < 3 or not all(isfinite(lat) and isfinite(lon) for lat, lon in ring):
        return flat
    for lat, lon in ring:
        x = lon
        if flat:
            x -= 360.0 * round((lon - flat[-1][0]) / 360.0)
        flat.append((x, lat))
    if flat and flat[0] != flat[-1]:
        flat.append(flat[0])
    return flat


def _turns(west: float, east: float, other_west: float, other_east: float) -> Iterator[float]:
    """The full turns that lay west…east over other_west…other_east."""
    for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
        if (
            west + turn <= other_east + _TOLERANCE_DEG
            and east + turn >= other_west - _TOLERANCE_DEG
        ):
            yield turn


def _shapes_overlap(a: _Flat, a_box: _Box, b: _Flat, b_box: _Box) -> bool:
    a_west, a_south, a_east, a_north = a_box
    b_west, b_south, b_east, b_north = b_box
    if a_south > b_north or b_south > a_north:
        return False
    return any(
        _overlap_flat(a, [(x + turn, y) for x, y in b])
        for turn in _turns(b_west, b_east, a_west, a_east)
    )


def _overlap_flat(a: _Flat, b: _Flat) -> bool:
    if _inside(a, *b[0]) or _inside(b, *a[0]):
        return True
    a_box, b_box = _box(a), _box(b)
    near_a = [edge for edge in _edges(a) if _boxes_touch(_box(list(edge)), b_box)]
    near_b = [edge for edge in _edges(b) if _boxes_touch(_box(list(edge)), a_box)]
    return any(_edges_meet(*p, *q) for p in near_a for q in near_b)


def _inside(flat: _Flat, x: float, y: float) -> bool:
    """Even-odd rule; on an edge counts as inside."""
    inside = False
    for (x1, y1), (x2, y2) in _edges(flat):
        if _on_edge(x, y, x1, y1, x2, y2):
            return True
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside


def _on_edge(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> bool:
    if not (
        min(x1, x2) - _TOLERANCE_DEG <= x <= max(x1, x2) + _TOLERANCE_DEG
        and min(y1, y2) - _TOLERANCE_DEG <= y <= max(y1, y2) + _TOLERANCE_DEG
    ):
        return False
    across = abs((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1))
    return across <= _TOLERANCE_DEG * (abs(x2 - x1) + abs(y2 - y1) + _TOLERANCE_DEG)


def _edges(flat: _Flat) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    return pairwise(flat)


def _edges_meet(
    a1: tuple[float, float],
    a2: tuple[float, float],
    b1: tuple[float, float],
    b2: tuple[float, float],
) -> bool:
    """Do two edges have a point in common."""
    if _side(a1, a2, b1) * _side(a1, a2, b2) < 0 and _side(b1, b2, a1) * _side(b1, b2, a2) < 0:
        return True
    return (
        _on_edge(*b1, *a1, *a2)
        or _on_edge(*b2, *a1, *a2)
        or _on_edge(*a1, *b1, *b2)
        or _on_edge(*a2, *b1, *b2)
    )


def _side(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> int:
    """Is c left (+1) or right (-1) of a→b, or on the line (0)."""
    across = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (across > 0) - (across < 0)


def _box(flat: _Flat) -> _Box:
    xs = [x for x, _ in flat]
    ys = [y for _, y in flat]
    return min(xs), min(ys), max(xs), max(ys)


def _boxes_touch(a: _Box, b: _Box) -> bool:
    return (
        a[0] <= b[2] + _TOLERANCE_DEG
        and b[0] <= a[2] + _TOLERANCE_DEG
        and a[1] <= b[3] + _TOLERANCE_DEG
        and b[1] <= a[3] + _TOLERANCE_DEG
    )
