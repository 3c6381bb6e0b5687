"""The maps of the station and of each alert."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import Any

import pytest
from bottle import SimpleTemplate

from eas_station.tables import Tables
from eas_station.webd.drawing.area_map import MapDrawing
from eas_station.webd.drawing.station_maps import Maps
from eas_station.webd.pages.frame import VIEWS
from eas_station.webd.render.cards import Presenter
from eas_station.webd.render.times import TimeFormat, zone_of
from eas_station.webd.state.snapshot import AlertEntry, Record, Snapshot

MOST_BYTES = 45_000  # of a map on the wire: a page may have 100 000
LAKE = ((41.6, -83.3), (41.6, -82.9), (41.8, -82.9), (41.8, -83.3), (41.6, -83.3))
MIAMI = ((25.6, -80.4), (25.6, -80.2), (25.9, -80.2), (25.9, -80.4), (25.6, -80.4))


@pytest.fixture
def maps_of(tables: Tables) -> Any:
    def build(*codes: str, point: tuple[float, float] | None = None) -> Maps:
        return Maps(Presenter(tables, TimeFormat(zone_of("UTC")), codes), codes, point)

    return build


@pytest.fixture
def picture_of(make: Any) -> Any:
    def build(*entries: AlertEntry) -> Snapshot:
        return Snapshot(
            as_of=make.now, waited_s=100, clock_trusted=True, active=entries, recent=(),
            units=(), receivers=(), levels=(), bursts=(), record=Record(True, make.now),
            record_read=True, waiting=0, last_change_id=1, jobs=(), desired={}, version=1,
        )  # fmt: skip

    return build


def named(drawing: MapDrawing | None) -> set[str]:
    """The counties with an alert."""
    assert drawing is not None
    return {shape.title.partition(":")[0] for shape in drawing.counties if shape.sign}


def test_the_map_of_the_station_has_what_is_in_force_but_no_test(
    maps_of: Any, picture_of: Any, make: Any
) -> None:
    maps = maps_of("039173", "039095")
    warning = make.entry(same_codes=("039095",))
    test = make.entry(alert_id="t", is_test=True, event_code="RWT", same_codes=("039173",))
    drawing = maps.of_station(picture_of(warning, test))
    assert named(drawing) == {"Lucas"}
    assert drawing.sentence == "In force in Lucas."
    assert maps.of_station(picture_of()).sentence == "Nothing in force here."


def test_a_map_is_not_calm_if_the_station_would_not_know(maps_of: Any, picture_of: Any) -> None:
    drawing = maps_of("039173").of_station(picture_of(), sure=False)
    assert drawing.sentence == "Cannot tell what is in force here."
    assert {s.title.partition(": ")[2] for s in drawing.counties} == {"unknown"}


def test_the_first_of_our_counties_are_named_alphabetically(
    maps_of: Any, picture_of: Any, make: Any
) -> None:
    drawing = maps_of("039000").of_station(picture_of(make.entry(same_codes=("039000",))))
    assert drawing.sentence == (
        "In force in Adams, Allen, Ashland, Ashtabula, Athens, Auglaize and 82 more."
    )


def test_the_map_of_a_test_shows_its_places(maps_of: Any, make: Any) -> None:
    test = make.entry(is_test=True, event_code="RWT", event_name="Required Weekly Test")
    drawing = maps_of("039173").of_alert(test, make.now)
    assert named(drawing) == {"Wood"}
    assert drawing.sentence == "The alert covers Wood."
    (wood,) = [shape for shape in drawing.counties if shape.title.startswith("Wood:")]
    assert wood.title == "Wood: Required Weekly Test, 45 min left"
    assert [(one.kind, one.words) for one in drawing.legend] == [("test", "Test")]


def test_an_ended_alert_is_not_called_in_force(maps_of: Any, make: Any) -> None:
    over = replace(make.entry(end_reason="cancelled", same_codes=("039095",)), active=False)
    drawing = maps_of("039173").of_alert(over, make.now)
    assert drawing.sentence == "The alert covers none of our counties, but 1 county nearby."
    assert "in force" not in " ".join(shape.title for shape in drawing.counties)


def test_an_alert_elsewhere_has_a_map_of_its_own(maps_of: Any, make: Any) -> None:
    maps = maps_of("039173")
    drawing = maps.of_alert(make.entry(same_codes=("027053",)), make.now)
    assert named(drawing) == {"Hennepin"}
    assert drawing.sentence == "The alert covers Hennepin."
    assert not any("own" in shape.kind for shape in drawing.counties)
    wide = make.entry(same_codes=("027053", "048201", "012086", "006037"))
    assert maps.of_alert(wide, make.now) is None


def test_a_marine_warning_is_where_its_outline_is(maps_of: Any, make: Any) -> None:
    lake = make.entry(same_codes=("096142",), polygons=(LAKE,))
    drawing = maps_of("039173").of_alert(lake, make.now)
    assert len(drawing.areas) == 1
    assert (
        drawing.sentence
        == "The alert covers no county on this map, only the outline from its sender."
    )
    assert drawing.legend[-1].words == "outline from the sender"
    coast = make.entry(same_codes=("086651",), polygons=(MIAMI,))
    drawing = maps_of("039173").of_alert(coast, make.now)
    assert any(shape.title.startswith("Miami-Dade:") for shape in drawing.counties)
    assert maps_of("039173").of_alert(make.entry(same_codes=("086651",)), make.now) is None


def test_an_outline_of_half_a_continent_has_no_map(maps_of: Any, make: Any) -> None:
    ring = ((25.0, -110.0), (25.0, -80.0), (45.0, -80.0), (45.0, -110.0), (25.0, -110.0))
    assert maps_of("053033").of_alert(
        make.entry(same_codes=(), polygons=(ring,)), make.now
    ) is None  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "polygons", "near"),
    [
        (("039173",), (), True),
        (("539095",), (), True),
        (("039000",), (), True),
        (("000000",), (), True),
        (("027053",), (), False),
        ((), (), False),
        (("096142",), (LAKE,), True),
        (("086651",), (MIAMI,), False),
    ],
)
def test_near_is_what_is_on_our_map(
    maps_of: Any, make: Any, codes: Any, polygons: Any, near: bool
) -> None:
    alert = make.alert(same_codes=codes, polygons=polygons)
    assert maps_of("039173").is_near(alert) is near
    assert maps_of().is_near(alert) is False


@pytest.mark.parametrize(
    ("codes", "some"),
    [
        (("048000",), "Harris"),  # Texas: 254 counties
        (("002000",), "Aleutians West"),
        (("015000",), "Honolulu"),
        (("072000",), "San Juan"),
        (("013000", "045000", "037000"), "Fulton"),
        (("039173",), "Wood"),
    ],
)
def test_the_map_of_every_station_is_light(
    maps_of: Any, picture_of: Any, make: Any, codes: tuple[str, ...], some: str
) -> None:
    drawing = maps_of(*codes).of_station(picture_of(make.entry(same_codes=codes)))
    assert some in {shape.title.partition(":")[0] for shape in drawing.counties}
    page = SimpleTemplate(name="map.tpl", lookup=[str(VIEWS)]).render(map=drawing)
    assert len(gzip.compress(page.encode())) < MOST_BYTES
    assert drawing.width > 100 < drawing.height


def test_names_are_written_only_where_there_is_room(maps_of: Any, picture_of: Any) -> None:
    texas = maps_of("048000").of_station(picture_of())
    assert sum(1 for shape in texas.counties if shape.label) < 40
    wood = maps_of("039173").of_station(picture_of())
    assert {shape.label for shape in wood.counties} == {"", "Wood"}


def test_nothing_on_a_map_is_markup(maps_of: Any, picture_of: Any, make: Any) -> None:
    evil = "<script>alert(1)</script>\"'&"
    entry = make.entry(event_name=evil, end_reason=evil, polygons=(LAKE,))
    drawing = maps_of("039173").of_station(picture_of(entry))
    hostile = replace(
        drawing,
        sentence=evil,
        counties=tuple(replace(one, label=evil, title=evil) for one in drawing.counties),
        legend=tuple(replace(one, words=evil) for one in drawing.legend),
    )
    page = SimpleTemplate(name="map.tpl", lookup=[str(VIEWS)]).render(map=hostile)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert re.search(r'aria-label="[^"]*"', page)


def test_a_station_without_an_area_has_no_map(maps_of: Any, picture_of: Any) -> None:
    assert maps_of().of_station(picture_of()) is None
    assert maps_of("073521").of_station(picture_of()) is None
