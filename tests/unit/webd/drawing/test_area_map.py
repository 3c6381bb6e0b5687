"""Alerts on the map."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from eas_station.alerts.relevance import severity
from eas_station.webd.drawing.area_map import MapDrawing, MappedAlert, Projection, draw
from eas_station.webd.drawing.county_outlines import Bounds, County, Region
from eas_station.webd.render.grades import GRADES

RANKS = {"warning": severity.WARNING, "watch": severity.WATCH}
SQUARE = ((41.0, -84.0), (42.0, -84.0), (42.0, -83.0), (41.0, -83.0), (41.0, -84.0))
BESIDE = tuple((lat, lon + 1.0) for lat, lon in SQUARE)
REGION = Region(
    Bounds(40.5, -84.5, 42.5, -81.5),
    (County("39173", "Wood", (SQUARE,)), County("39095", "Lucas", (BESIDE,))),
    frozenset({"39173"}),
)


@pytest.fixture
def shown(make: Any) -> Any:
    def build(codes: tuple[str, ...], grade: str = "warning", **values: Any) -> MappedAlert:
        alert = replace(make.alert(), same_codes=codes, **values)
        return MappedAlert(alert, GRADES[RANKS[grade]], f"{grade.capitalize()}, 23 min left")

    return build


def county(drawing: MapDrawing, name: str) -> Any:
    return next(shape for shape in drawing.counties if shape.title.startswith(name))


def test_a_county_has_the_colour_the_sign_and_the_words_of_its_gravest_alert(shown: Any) -> None:
    both = (shown(("039173",)), shown(("039173", "039095"), "watch"))
    drawing = draw(REGION, both, None)
    wood, lucas = county(drawing, "Wood"), county(drawing, "Lucas")
    assert (wood.kind, wood.sign, wood.label) == ("county own warning", "▲", "Wood")
    assert wood.title == "Wood: Warning, 23 min left; Watch, 23 min left"
    assert (lucas.kind, lucas.sign) == ("county watch", "◆")
    assert drawing.sentence == "In force in Wood and 1 county nearby."


def test_a_map_without_alerts(shown: Any) -> None:
    drawing = draw(REGION, (), None)
    assert county(drawing, "Wood").title == "Wood: nothing in force"
    assert drawing.sentence == "Nothing in force here."
    assert drawing.areas == ()


@pytest.mark.parametrize("code", ["039000", "000000", "539173"])
def test_a_state_the_nation_and_a_part_of_a_county_are_on_it(shown: Any, code: str) -> None:
    drawing = draw(REGION, (shown((code,)),), None)
    assert county(drawing, "Wood").kind == "county own warning"


def test_a_warning_elsewhere_colours_nothing(shown: Any) -> None:
    drawing = draw(REGION, (shown(("018000",)),), None)
    assert {shape.sign for shape in drawing.counties} == {""}


def test_the_polygon_of_a_warning_is_drawn_where_it_is(shown: Any) -> None:
    one = shown(("039173",), polygons=(SQUARE,))
    drawing = draw(REGION, (one,), (41.5, -83.5))
    (area,) = drawing.areas
    assert area.path == county(drawing, "Wood").path
    assert area.kind == "area warning"
    assert area.title == "Warning, 23 min left"
    assert drawing.point == county(drawing, "Wood").middle


def test_an_outline_stays_inside_the_drawing_and_keeps_its_proportions() -> None:
    projection = Projection(REGION.bounds)
    assert projection.width == 600
    assert projection.height == pytest.approx(600 * 2 / (3 * 0.7490), abs=1)  # cos 41.5°
    steps = [int(word) for word in re.findall(r"-?\d+", projection.path((SQUARE,)))]
    assert steps == [100, 401, 0, -267, 200, 0, 0, 267]
    west, east = projection.place(41.5, -84.0)[0], projection.place(41.5, -83.0)[0]
    south, north = projection.place(41.0, -84.0)[1], projection.place(42.0, -84.0)[1]
    assert (south - north) / (east - west) == pytest.approx(1 / 0.749, rel=0.02)


def test_an_outline_too_small_to_see_is_not_drawn() -> None:
    projection = Projection(REGION.bounds)
    speck = tuple(
        (41 + lat / 1000, -84 + lon / 1000) for lat, lon in ((0, 0), (1, 0), (1, 1), (0, 0))
    )
    assert projection.path((speck,)) == ""
