from __future__ import annotations

from math import cos, nan, radians, sin

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from eas_station.geo.polygon import Ring, contains, overlaps

SQUARE: Ring = ((40.0, -84.0), (40.0, -83.0), (41.0, -83.0), (41.0, -84.0), (40.0, -84.0))
ACROSS_THE_DATE_LINE: Ring = (
    (51.0, 179.0),
    (51.0, -179.0),
    (53.0, -179.0),
    (53.0, 179.0),
    (51.0, 179.0),
)


def moved(ring: Ring, lat: float, lon: float) -> Ring:
    return tuple((y + lat, (x + lon + 180.0) % 360.0 - 180.0) for y, x in ring)


@st.composite
def stars(draw: st.DrawFn) -> Ring:
    """A polygon that does not cross itself, near Ohio, with two decimals as alerts have."""
    corners = draw(st.integers(3, 12))
    lat, lon = draw(st.floats(38, 42)), draw(st.floats(-86, -82))
    spokes = [draw(st.floats(0.3, 2.0)) for _ in range(corners)]
    ring = [
        (
            round(lat + spoke * sin(radians(360 * i / corners)), 2),
            round(lon + spoke * cos(radians(360 * i / corners)), 2),
        )
        for i, spoke in enumerate(spokes)
    ]
    return (*ring, ring[0])


points = st.tuples(st.floats(36, 44), st.floats(-88, -80))


def drawn(ring: Ring) -> shapely.Polygon:
    polygon = shapely.Polygon([(lon, lat) for lat, lon in ring])
    assume(polygon.is_valid and polygon.area > 1e-6)
    return polygon


@given(stars(), points)
def test_inside_agrees_with_shapely(ring: Ring, point: tuple[float, float]) -> None:
    polygon, place = drawn(ring), shapely.Point(point[1], point[0])
    assume(polygon.exterior.distance(place) > 1e-7)
    assert contains(ring, point) == polygon.contains(place)


@given(stars(), st.integers(0, 100), st.floats(0, 1))
def test_the_border_is_inside(ring: Ring, edge: int, share: float) -> None:
    drawn(ring)
    (lat_a, lon_a), (lat_b, lon_b) = (ring * 2)[edge % (len(ring) - 1) :][:2]
    assert contains(ring, (lat_a + share * (lat_b - lat_a), lon_a + share * (lon_b - lon_a)))


@given(stars(), stars())
def test_overlap_agrees_with_shapely(ring_a: Ring, ring_b: Ring) -> None:
    a, b = drawn(ring_a), drawn(ring_b)
    gap = a.distance(b)
    common = a.intersection(b).area
    assume(gap > 1e-7 or common > 1e-7)
    assert overlaps(ring_a, ring_b) == (gap == 0)


@given(stars(), stars(), points, st.floats(-100, -90))
def test_the_date_line_changes_nothing(
    ring_a: Ring, ring_b: Ring, point: tuple[float, float], turn: float
) -> None:
    there = moved((point,), 0, turn)[0]
    polygon = drawn(ring_a)
    assume(polygon.exterior.distance(shapely.Point(point[1], point[0])) > 1e-7)
    assert contains(moved(ring_a, 0, turn), there) == contains(ring_a, point)
    gap = polygon.distance(drawn(ring_b))
    assume(gap > 1e-7 or polygon.intersection(drawn(ring_b)).area > 1e-7)
    assert overlaps(moved(ring_a, 0, turn), moved(ring_b, 0, turn)) == overlaps(ring_a, ring_b)


def test_a_polygon_across_the_date_line_holds_both_its_sides() -> None:
    assert contains(ACROSS_THE_DATE_LINE, (52.0, 179.5))
    assert contains(ACROSS_THE_DATE_LINE, (52.0, -179.5))
    assert contains(ACROSS_THE_DATE_LINE, (52.0, 180.0))
    assert contains(ACROSS_THE_DATE_LINE, (52.0, -180.0))
    assert not contains(ACROSS_THE_DATE_LINE, (52.0, 0.0))
    assert not contains(ACROSS_THE_DATE_LINE, (52.0, 178.0))


def test_a_polygon_inside_another_overlaps_it() -> None:
    inner: Ring = tuple(
        (40.5 + (lat - 40.5) / 10, -83.5 + (lon + 83.5) / 10) for lat, lon in SQUARE
    )
    assert overlaps(SQUARE, inner)
    assert overlaps(inner, SQUARE)


def test_a_cross_of_two_bars_overlaps_though_no_corner_is_inside() -> None:
    flat: Ring = ((40.4, -90.0), (40.4, -80.0), (40.6, -80.0), (40.6, -90.0), (40.4, -90.0))
    tall: Ring = ((35.0, -83.6), (35.0, -83.4), (45.0, -83.4), (45.0, -83.6), (35.0, -83.6))
    assert overlaps(flat, tall)


def test_neighbours_touch() -> None:
    assert overlaps(SQUARE, moved(SQUARE, 0, 1.0))
    assert overlaps(SQUARE, moved(SQUARE, 1.0, 1.0))
    assert not overlaps(SQUARE, moved(SQUARE, 0, 1.01))


def test_an_open_ring_is_closed() -> None:
    assert contains(SQUARE[:-1], (40.5, -83.5))


@pytest.mark.parametrize("ring", [(), ((40.0, -84.0),), ((40.0, nan), (41.0, 0.0), (40.0, nan))])
def test_what_is_no_ring_is_no_error(ring: Ring) -> None:
    assert not contains(ring, (40.5, -83.5))
    assert not overlaps(ring, SQUARE)
    assert not overlaps(SQUARE, ring)


coordinates = st.floats(-1e6, 1e6)


@given(
    st.lists(st.tuples(coordinates, coordinates), max_size=8),
    st.lists(st.tuples(coordinates, coordinates), max_size=8),
)
def test_no_ring_is_too_knotted(ring_a: list[tuple[float, float]], ring_b: Ring) -> None:
    assert overlaps(tuple(ring_a), tuple(ring_b)) in (True, False)
    assert contains(tuple(ring_a), (0.0, 0.0)) in (True, False)
