from __future__ import annotations

import pytest

from eas_station.geo.circle import contains, distance_km, overlaps

TOLEDO = (41.65, -83.54)
COLUMBUS = (39.96, -83.00)
WOOD: tuple[tuple[float, float], ...] = (
    (41.17, -83.88),
    (41.17, -83.42),
    (41.62, -83.42),
    (41.62, -83.88),
    (41.17, -83.88),
)


def test_a_degree_of_latitude_is_111_km() -> None:
    assert distance_km((40.0, -83.0), (41.0, -83.0)) == pytest.approx(111.19, abs=0.01)


def test_distance_goes_the_short_way_over_the_date_line() -> None:
    assert distance_km((0.0, 179.5), (0.0, -179.5)) == pytest.approx(111.19, abs=0.01)


def test_a_circle_holds_what_is_nearer_than_its_radius() -> None:
    away_km = distance_km(TOLEDO, COLUMBUS)
    assert contains((*TOLEDO, away_km + 0.1), COLUMBUS)
    assert not contains((*TOLEDO, away_km - 0.1), COLUMBUS)


def test_a_circle_of_nothing_holds_its_centre() -> None:
    assert contains((*TOLEDO, 0.0), TOLEDO)
    assert overlaps((41.4, -83.6, 0.0), WOOD)
    assert not overlaps((*TOLEDO, 0.0), WOOD)


def test_a_circle_that_reaches_over_an_edge_overlaps() -> None:
    assert overlaps((*TOLEDO, 4.0), WOOD)
    assert not overlaps((*TOLEDO, 3.0), WOOD)


def test_a_circle_round_a_whole_polygon_overlaps() -> None:
    assert overlaps((*COLUMBUS, 400.0), WOOD)


def test_no_ring_overlaps_no_circle() -> None:
    assert not overlaps((*TOLEDO, 10.0), ())
