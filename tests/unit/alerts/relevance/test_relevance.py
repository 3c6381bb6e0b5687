from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from eas_station.alerts.model import EventRef, Relevance, Ring, Statement
from eas_station.alerts.relevance.relevance import judge
from eas_station.geo.area import Area
from eas_station.tables import Tables

WOOD = Area(same_codes=frozenset({"039173"}))
NORTHWEST_WOOD = Area(same_codes=frozenset({"139173"}))
OHIO = Area(same_codes=frozenset({"039000"}))
BOWLING_GREEN = Area(point=(41.37, -83.65))
RING: Ring = ((41.0, -84.0), (41.0, -83.0), (42.0, -83.0), (42.0, -84.0), (41.0, -84.0))
FAR: Ring = ((31.0, -84.0), (31.0, -83.0), (32.0, -83.0), (32.0, -84.0), (31.0, -84.0))


def said(**parts: Any) -> Statement:
    return Statement(
        kind="alert",
        status="actual",
        event_name="Tornado Warning",
        issued_at=datetime.fromisoformat("2026-04-20T16:00Z"),
        **parts,
    )


def why(judged: Relevance) -> str:
    return judged.trace[-1].why


@pytest.mark.parametrize(
    ("area", "parts", "rule", "sentence"),
    [
        (Area(), {}, "no-area", "no area is configured, so every alert concerns us"),
        (
            WOOD,
            {"same_codes": ("000000",)},
            "national",
            "000000: the alert is for the whole nation",
        ),
        (
            WOOD,
            {"same_codes": ("026163", "039173")},
            "same-code",
            "039173 Wood, OH is in our area",
        ),
        (
            WOOD,
            {"same_codes": ("039000",)},
            "same-code",
            "039000 All of Ohio concerns our 039173 Wood, OH",
        ),
        (
            WOOD,
            {"same_codes": ("939173",)},
            "same-code",
            "939173 Southeast Wood, OH concerns our 039173 Wood, OH",
        ),
        (
            OHIO,
            {"same_codes": ("039095",)},
            "same-code",
            "039095 Lucas, OH concerns our 039000 All of Ohio",
        ),
        (
            WOOD,
            {"ugc_codes": ("OHC173",)},
            "ugc-county",
            "zone OHC173 touches 039173 Wood, OH is in our area",
        ),
        (
            Area(ugc_codes=frozenset({"OHZ019"})),
            {"ugc_codes": ("OHZ019",), "same_codes": ("039095",)},
            "ugc",
            "zone OHZ019 is in our area",
        ),
        (BOWLING_GREEN, {"polygons": (RING,)}, "polygon", "our point lies in its polygon"),
        (Area(rings=(RING,)), {"polygons": (RING,)}, "polygon", "its polygon overlaps our area"),
        (
            BOWLING_GREEN,
            {"circles": ((41.4, -83.6, 10.0),)},
            "circle",
            "our point lies in its circle",
        ),
        (
            Area(rings=(RING,)),
            {"circles": ((40.95, -83.6, 10.0),)},
            "circle",
            "its circle overlaps our area",
        ),
        (WOOD, {}, "unknown", "it names no place: it may be ours"),
        (
            WOOD,
            {"polygons": (FAR,)},
            "unknown",
            "its places cannot be compared with our area",
        ),
        (
            BOWLING_GREEN,
            {"same_codes": ("039095",)},
            "unknown",
            "its places cannot be compared with our area",
        ),
        (
            WOOD,
            {"ugc_codes": ("OHZ999",)},
            "unknown",
            "zone OHZ999 is not in our tables: it may be ours",
        ),
        (
            WOOD,
            {"ugc_codes": ("XXZ001",)},
            "unknown",
            "zone XXZ001 is not in our tables: it may be ours",
        ),
    ],
)
def test_it_concerns_us_by_a_rule_that_says_why(
    all_tables: Tables, area: Area, parts: dict[str, Any], rule: str, sentence: str
) -> None:
    judged = judge(said(**parts), area, all_tables)
    assert judged.relevant
    assert judged.rule == rule == judged.trace[-1].rule
    assert why(judged) == sentence
    assert all(not step.passed for step in judged.trace[:-1])


@pytest.mark.parametrize(
    ("area", "parts", "sentence"),
    [
        (
            WOOD,
            {"same_codes": ("026163",)},
            "no place of this alert is in our area: Wayne, MI",
        ),
        (
            WOOD,
            {"same_codes": ("026163", "026115", "026099", "039095")},
            "no place of this alert is in our area: 3 places in MI, 1 in OH",
        ),
        (
            NORTHWEST_WOOD,
            {"same_codes": ("939173",)},
            "no place of this alert is in our area: Southeast Wood, OH",
        ),
        (
            WOOD,
            {"ugc_codes": ("MIZ001", "MIZ002", "MIZ003", "MIZ004", "MIZ999")},
            "no place of this alert is in our area: MIZ001, MIZ002, MIZ003 and 2 more",
        ),
        (
            WOOD,
            {"same_codes": ("026163",), "polygons": (FAR,)},
            "no place of this alert is in our area: Wayne, MI",
        ),
        (
            BOWLING_GREEN,
            {"polygons": (FAR,)},
            "no place of this alert is in our area: a drawn area",
        ),
        (
            BOWLING_GREEN,
            {"same_codes": ("039173",), "circles": ((31.0, -84.0, 5.0),)},
            "no place of this alert is in our area: Wood, OH",
        ),
        (
            WOOD,
            {"same_codes": ("026999",)},
            "no place of this alert is in our area: unknown place 026999, MI",
        ),
    ],
)
def test_it_does_not_concern_us_and_says_where_it_is(
    all_tables: Tables, area: Area, parts: dict[str, Any], sentence: str
) -> None:
    judged = judge(said(**parts), area, all_tables)
    assert not judged.relevant
    assert judged.rule == "nowhere"
    assert why(judged) == sentence
    assert not any(step.passed for step in judged.trace)


def test_a_national_message_concerns_us_whatever_its_places_say(all_tables: Tables) -> None:
    judged = judge(said(same_codes=("012345",)), WOOD, all_tables, event_code="EAN")
    assert judged.relevant
    assert why(judged) == "a national emergency message concerns every station"
    assert not judge(said(same_codes=("012345",)), WOOD, all_tables, event_code="TOR").relevant


def test_the_trace_tells_every_rule_that_was_asked(all_tables: Tables) -> None:
    area = Area(same_codes=frozenset({"039173"}), point=(41.37, -83.65))
    judged = judge(said(same_codes=("026163",), polygons=(RING,)), area, all_tables)
    assert [(step.rule, step.passed) for step in judged.trace] == [
        ("same-code", False),
        ("polygon", True),
    ]


def test_a_zone_of_ours_is_met_by_its_counties(all_tables: Tables) -> None:
    counties = all_tables.zones["NMZ201"]
    area = Area(ugc_codes=frozenset({"NMZ201"}))
    assert judge(said(same_codes=(counties[0],)), area, all_tables).rule == "same-code"
    assert not judge(said(same_codes=("039173",)), area, all_tables).relevant


def test_all_of_a_state_by_ugc_is_met(all_tables: Tables) -> None:
    assert judge(said(ugc_codes=("OHZALL",)), WOOD, all_tables).rule == "ugc-county"


UNWANTED = Area(
    same_codes=WOOD.same_codes,
    ignored_events=frozenset({"rwt", "flood watch"}),
    ignored_statuses=frozenset({"draft"}),
    least_severity="Severe",
)


@pytest.mark.parametrize(
    ("parts", "rule", "sentence"),
    [
        ({"event_code": "RWT"}, "event-filter", "RWT is one of ignore_events"),
        ({"event_name": "Flood Watch"}, "event-filter", "Flood Watch is one of ignore_events"),
        ({"status": "draft"}, "status-filter", "status draft is one of ignore_statuses"),
        ({"severity": "Moderate"}, "severity-filter", "severity Moderate is less than Severe"),
        ({"severity": "Severe"}, "same-code", "039173 Wood, OH is in our area"),
        ({"severity": "Unknown"}, "same-code", "039173 Wood, OH is in our area"),
        ({"severity": None}, "same-code", "039173 Wood, OH is in our area"),
        ({"event_code": "XYZ"}, "same-code", "039173 Wood, OH is in our area"),
        (
            {"event_code": "EAN", "severity": "Minor"},
            "national",
            "a national emergency message concerns every station",
        ),
    ],
)
def test_what_the_configuration_leaves_out_does_not_concern_us_and_the_trace_says_why(
    parts: dict[str, Any], rule: str, sentence: str, all_tables: Tables
) -> None:
    message = replace(said(same_codes=("039173",)), **parts)
    judged = judge(message, UNWANTED, all_tables, event_code=message.event_code, said=message)
    assert (judged.rule, why(judged)) == (rule, sentence)
    assert judged.relevant == (rule in ("same-code", "national"))


def test_what_is_left_out_is_left_out_everywhere_too(all_tables: Tables) -> None:
    everywhere = replace(UNWANTED, same_codes=frozenset())
    message = said(event_code="RWT", same_codes=("001001",))
    assert judge(message, everywhere, all_tables, event_code="RWT", said=message).relevant is False
    assert judge(message, everywhere, all_tables, event_code="RWT").rule == "no-area"


IN_WOOD: Ring = ((41.30, -83.75), (41.30, -83.60), (41.45, -83.60), (41.30, -83.75))
HARDIN: Ring = ((40.55, -83.75), (40.55, -83.60), (40.70, -83.60), (40.55, -83.75))
# Wood county, Ohio, roughly: a station that knows the outline of its area.
OUTLINE: Ring = ((41.17, -83.88), (41.17, -83.42), (41.6, -83.42), (41.6, -83.88), (41.17, -83.88))
OUTLINED = Area(same_codes=frozenset({"039173"}), rings=(OUTLINE,), is_outlined=True)


def test_a_polygon_that_reaches_our_county_concerns_us_though_no_code_names_it(
    all_tables: Tables,
) -> None:
    judged = judge(said(same_codes=("039095",), polygons=(IN_WOOD,)), OUTLINED, all_tables)
    assert (judged.relevant, judged.rule) == (True, "polygon")
    assert [(step.rule, step.passed) for step in judged.trace] == [
        ("same-code", False),
        ("polygon", True),
    ]


def test_a_code_that_names_our_county_concerns_us_wherever_the_polygon_lies(
    all_tables: Tables,
) -> None:
    judged = judge(said(same_codes=("039173",), polygons=(HARDIN,)), OUTLINED, all_tables)
    assert (judged.relevant, judged.rule) == (True, "same-code")


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({"same_codes": ("039065",), "polygons": (HARDIN,)}, "nowhere"),
        ({"polygons": (HARDIN,)}, "nowhere"),
        ({"ugc_codes": ("OHC065",), "polygons": (HARDIN,)}, "nowhere"),
        ({"ugc_codes": ("OHZ999",), "polygons": (HARDIN,)}, "nowhere"),  # no zone of our tables
        ({"ugc_codes": ("OHZ999",), "polygons": (FAR,)}, "unknown"),  # not drawn for Ohio
        ({"ugc_codes": ("OHZ999",)}, "unknown"),
    ],
)
def test_a_polygon_elsewhere_judges_a_zone_that_nobody_knows(
    parts: dict[str, Any], rule: str, all_tables: Tables
) -> None:
    assert judge(said(**parts), OUTLINED, all_tables).rule == rule


def test_a_polygon_elsewhere_says_nothing_of_places_without_an_outline(
    all_tables: Tables,
) -> None:
    area = replace(OUTLINED, same_codes=frozenset({"039173", "096142"}), is_outlined=False)
    judged = judge(said(polygons=(HARDIN,)), area, all_tables)
    assert (judged.relevant, judged.rule) == (True, "unknown")


ONTARIO = Area(canada_codes=frozenset({"3519", "041420"}))
BORDER = Area(same_codes=frozenset({"039173"}), canada_codes=frozenset({"3519"}))
BORDER_POINT = Area(point=BOWLING_GREEN.point, canada_codes=frozenset({"3519"}))


@pytest.mark.parametrize(
    ("area", "parts", "rule", "sentence"),
    [
        (
            ONTARIO,
            {"canada_codes": ("5943037", "3519036")},
            "canada-code",
            "Canadian code 3519036 concerns our 3519",
        ),
        (
            ONTARIO,
            {"canada_codes": ("35",)},
            "canada-code",
            "Canadian code 35 concerns our 3519",
        ),
        (
            ONTARIO,
            {"canada_codes": ("041420",)},
            "canada-code",
            "Canadian code 041420 is in our area",
        ),
        (
            ONTARIO,
            {"canada_codes": ("5943037", "082100"), "polygons": (RING,)},
            "nowhere",
            "no place of this alert is in our area: 5943037, 082100",
        ),
        (
            BORDER_POINT,  # codes and drawings add to each other
            {"canada_codes": ("5943037",), "polygons": (RING,)},
            "polygon",
            "our point lies in its polygon",
        ),
        (
            BORDER,  # of the other list only
            {"canada_codes": ("041420",)},
            "unknown",
            "its places cannot be compared with our area",
        ),
        (
            BORDER,  # of no known form
            {"canada_codes": ("5943037", "00"), "polygons": (FAR,)},
            "unknown",
            "its places cannot be compared with our area",
        ),
        (
            BORDER,
            {"same_codes": ("026163",)},
            "nowhere",
            "no place of this alert is in our area: Wayne, MI",
        ),
        (
            ONTARIO,  # the same digits, another list
            {"same_codes": ("041420",)},
            "unknown",
            "its places cannot be compared with our area",
        ),
        (
            WOOD,  # no Canadian place is configured
            {"canada_codes": ("3519036",)},
            "unknown",
            "its places cannot be compared with our area",
        ),
        (
            BOWLING_GREEN,
            {"canada_codes": ("3519036",), "polygons": (RING,)},
            "polygon",
            "our point lies in its polygon",
        ),
        (
            BOWLING_GREEN,
            {"canada_codes": ("3519036",), "polygons": (FAR,)},
            "nowhere",
            "no place of this alert is in our area: 3519036",
        ),
        (
            BORDER_POINT,  # the drawing may reach our division, whose outline is not known
            {"polygons": (FAR,)},
            "unknown",
            "its places cannot be compared with our area",
        ),
        (Area(), {"canada_codes": ("3519036",)}, "no-area", None),
    ],
)
def test_canadian_places(
    area: Area, parts: dict[str, Any], rule: str, sentence: str | None, all_tables: Tables
) -> None:
    judged = judge(said(**parts), area, all_tables)
    assert judged.rule == rule
    assert sentence is None or why(judged) == sentence
    assert judged.relevant == (rule != "nowhere")


def test_the_trace_says_that_canadian_codes_were_asked(all_tables: Tables) -> None:
    judged = judge(said(canada_codes=("5943037", "082100")), ONTARIO, all_tables)
    steps = [(step.rule, step.passed, step.why) for step in judged.trace]
    assert steps[0] == ("canada-code", False, "none of its 2 Canadian codes is in our area")


IN_LUCAS = "039095"  # not ours, but of our office


def of_office(office: str, **parts: Any) -> Statement:
    event = EventRef(f"{office}.FW.W.0002.2026", "NEW", "O", None, None)
    return replace(said(**parts), events=(event,))


def judged_for_wood(statement: Statement, known: Tables) -> Relevance:
    return judge(statement, WOOD, known, said=statement)


@pytest.mark.parametrize("known", [{"same_codes": (IN_LUCAS,)}, {"ugc_codes": ("OHZ003",)}])
def test_known_neighbours_silence_no_unknown_code(
    known: dict[str, tuple[str, ...]], all_tables: Tables
) -> None:
    ugc_codes = (*known.get("ugc_codes", ()), "OHZ999")
    mixed = of_office("KCLE", **(known | {"ugc_codes": ugc_codes}))
    judged = judged_for_wood(mixed, all_tables)
    assert (judged.relevant, judged.rule) == (True, "unknown")
    assert why(judged) == "zone OHZ999 is not in our tables: it may be ours"


def test_an_unknown_place_of_our_state_may_be_ours(all_tables: Tables) -> None:
    judged = judged_for_wood(said(same_codes=(IN_LUCAS, "039999")), all_tables)
    assert (judged.relevant, judged.rule) == (True, "unknown")
    assert why(judged) == "place 039999 is not in our tables: it may be ours"
    assert judged_for_wood(said(same_codes=("999123",)), all_tables).relevant  # no such state


def test_an_unknown_zone_of_an_office_that_does_not_serve_us_is_not_ours(
    all_tables: Tables,
) -> None:
    assert not judged_for_wood(of_office("KILN", ugc_codes=("OHZ999",)), all_tables).relevant
    assert judged_for_wood(of_office("KCLE", ugc_codes=("OHZ999",)), all_tables).relevant
    assert judged_for_wood(of_office("KXXX", ugc_codes=("MIZ999",)), all_tables).relevant is False
    assert judged_for_wood(of_office("KXXX", ugc_codes=("QQZ999",)), all_tables).relevant


def test_a_polygon_far_from_the_places_named_does_not_exclude(all_tables: Tables) -> None:
    station = Area(point=(41.37, -83.65))
    wrong_sign: Ring = tuple((latitude, -longitude) for latitude, longitude in RING)
    judged = judge(said(same_codes=("039173",), polygons=(wrong_sign,)), station, all_tables)
    assert (judged.relevant, judged.rule) == (True, "unknown")
    assert "polygon-place" in [step.rule for step in judged.trace]
    elsewhere = judge(said(same_codes=("039065",), polygons=(HARDIN,)), station, all_tables)
    assert not elsewhere.relevant


def test_any_geocode_can_name_our_area(all_tables: Tables) -> None:
    station = Area(geocodes=frozenset({"emma_id:at402"}))
    ours = judge(said(geocodes=("EMMA_ID:AT401", "EMMA_ID:AT402")), station, all_tables)
    assert (ours.relevant, ours.rule) == (True, "geocode")
    other = judge(said(geocodes=("EMMA_ID:AT401",)), station, all_tables)
    assert (other.relevant, other.rule) == (False, "nowhere")
    unlike = judge(said(geocodes=("NUTS3:AT130",)), station, all_tables)
    assert (unlike.relevant, unlike.rule) == (True, "unknown")
