"""The counties around the station."""

from __future__ import annotations

from eas_station.outlines import COUNTIES
from eas_station.webd.drawing.county_outlines import Bounds, region

WOOD = (41.37, -83.65)  # Bowling Green, Ohio


def names(codes: tuple[str, ...], point: tuple[float, float] | None = None) -> set[str]:
    found = region(codes, point)
    assert found is not None
    return {county.name for county in found.counties}


def test_a_county_is_shown_with_its_neighbours() -> None:
    found = region(("039173",), None)
    assert found is not None
    assert found.own == {"39173"}
    shown = {county.name for county in found.counties}
    assert {"Wood", "Lucas", "Hancock", "Henry", "Ottawa", "Sandusky", "Seneca"} <= shown
    assert "Franklin" not in shown
    assert len(shown) < 30


def test_a_part_of_a_county_is_drawn_as_the_county() -> None:
    found = region(("539173",), None)
    assert found is not None
    assert found.own == {"39173"}


def test_every_outline_is_closed_and_inside_the_united_states() -> None:
    found = region(("039000",), None)
    assert found is not None
    assert len(found.own) == 88
    for county in found.counties:
        for ring in county.rings:
            assert ring[0] == ring[-1]
            assert all(36 < lat < 44 and -87 < lon < -78 for lat, lon in ring), county.name


def test_the_aleutians_are_not_split_at_the_date_line() -> None:
    found = region(("002016",), None)
    assert found is not None
    assert found.bounds.east - found.bounds.west < 25
    islands = next(county for county in found.counties if county.code == "02016")
    assert len(islands.rings) > 10


def test_a_station_without_codes_has_the_counties_around_its_position() -> None:
    assert "Wood" in names((), WOOD)
    assert names((), (13.45, 144.78)) == {"Guam", "Rota", "Tinian"}


def test_no_area_or_an_unknown_one_has_no_map() -> None:
    assert region((), None) is None
    assert region(("073521",), None) is None  # Lake St. Clair
    assert region((), (0.0, 0.0)) is None


def test_two_rectangles_touch_or_do_not() -> None:
    one = Bounds(41, -84, 42, -83)
    assert one.touches(Bounds(42, -83, 43, -82))
    assert not one.touches(Bounds(42.1, -84, 43, -83))
    assert one.around(Bounds(40, -83.5, 41.5, -82)) == Bounds(40, -84, 42, -82)


def test_the_file_names_its_source() -> None:
    head = COUNTIES.read_text("utf-8")[:2500]
    assert "us-atlas 3.0.1" in head
    assert "Michael Bostock" in head
    assert "SHA-256 145aaf5d1433352a6a1d8e86b5f149c7c653f9171baf14aaf75ee66575def1b0" in head
