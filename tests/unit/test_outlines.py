"""The outlines of our counties, as alerts' polygons are laid over them."""

from __future__ import annotations

import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from eas_station import outlines
from eas_station.geo.polygon import Outline, Ring

BOWLING_GREEN = shapely.Point(-83.65, 41.37)
NEAR = ("039173", "039095", "026115")  # Wood and Lucas, Ohio; Monroe, Michigan
KNOWN = outlines.of_places(NEAR)


def drawn(*rings: Ring) -> shapely.Geometry:
    return shapely.union_all([shapely.Polygon([(lon, lat) for lat, lon in r]) for r in rings])


def test_our_counties_have_outlines_and_what_is_no_county_has_none() -> None:
    assert set(KNOWN) == set(NEAR)
    assert drawn(*KNOWN["039173"]).contains(BOWLING_GREEN)
    assert not drawn(*KNOWN["039095"]).contains(BOWLING_GREEN)
    assert outlines.of_places(("073521", "099999", "000000")) == {}
    assert outlines.of_places(()) == {}


def test_a_part_of_a_county_has_the_outline_of_all_of_it() -> None:
    assert outlines.of_places(("539173",)) == {"539173": KNOWN["039173"]}


def test_a_state_has_the_outlines_of_all_its_counties() -> None:
    found = outlines.of_places(("039000", "039173"))
    assert set(found) == {"039000", "039173"}
    assert found["039173"] == KNOWN["039173"]
    assert set(KNOWN["039173"]) < set(found["039000"])
    assert len(found["039000"]) >= 88


@st.composite
def boxes(draw: st.DrawFn) -> Ring:
    """Round Toledo, with two decimals as alerts have."""
    south, west = round(draw(st.floats(40.8, 42.2)), 2), round(draw(st.floats(-84.6, -82.8)), 2)
    tall, wide = draw(st.integers(1, 40)) / 100, draw(st.integers(1, 40)) / 100
    lean = draw(st.integers(-20, 20)) / 100
    return (
        (south, west),
        (south, west + wide),
        (south + tall, west + wide + lean),
        (south + tall, west + lean),
        (south, west),
    )


@given(boxes())
def test_a_polygon_over_our_counties_is_judged_as_by_shapely(ring: Ring) -> None:
    rings = [each for known in KNOWN.values() for each in known]
    ours, asked = drawn(*rings), drawn(ring)
    gap, common = ours.distance(asked), ours.intersection(asked).area
    assume(gap > 1e-7 or common > 1e-7)
    assert Outline(rings).overlaps(ring) == (gap == 0)
