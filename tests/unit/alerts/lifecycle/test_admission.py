from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from eas_station.alerts.lifecycle import lifecycle
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.lifecycle.extent import extent
from eas_station.alerts.lifecycle.lifecycle import fold
from eas_station.alerts.model import ENDED_BY_OPERATOR
from eas_station.alerts.sources import from_same
from eas_station.geo.area import Area
from eas_station.tables import Tables
from eas_station.wire import from_json, to_json

START = datetime.fromisoformat("2026-04-20T16:00:00Z")
TORNADO = "ZCZC-WXR-TOR-039173-039095+0045-1101600-KCLE/NWS-"
EVENT = "KCLE.TO.W.0012.2026"
OURS = Area(same_codes=frozenset({"039173"}))


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_off_the_air_alone_an_alert_has_what_the_header_says(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS)
    alert = register.take(maker.off_air(TORNADO, 1))
    assert (alert.event_code, alert.originator, alert.is_test) == ("TOR", "WXR", False)
    assert alert.same_codes == ("039173", "039095")
    assert alert.area_text == "Wood, OH; Lucas, OH"
    assert alert.ends_at == after(45)
    assert alert.relevance.trace[-1].why == "039173 Wood, OH is in our area"
    assert (alert.first_received_at, alert.last_received_at) == (after(1), after(1))
    assert alert.same_header == TORNADO
    assert from_json(type(alert), to_json(alert)) == alert


def test_cap_gives_the_words_and_the_air_the_header(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS)
    register.take(maker.off_air(TORNADO, 1))
    alert = register.take(
        maker.cap(
            "A",
            0,
            same_header=TORNADO.replace("KCLE/NWS", "EASTATN "),
            same_codes=("039173", "039095"),
            event_code="TOR",
            headline="Tornado Warning until noon",
            area_text="Wood; Lucas",
            severity="Extreme",
            heard=2,
        )
    )
    assert alert.reception_count == 2
    assert alert.headline == "Tornado Warning until noon"
    assert alert.area_text == "Wood; Lucas"
    assert alert.severity == "Extreme"
    assert alert.same_header == TORNADO
    assert (alert.first_received_at, alert.last_received_at) == (after(1), after(2))


def test_the_statement_that_continues_a_warning_leaves_it_a_warning(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register()
    register.take(maker.cap("A", 0, vtec=[("NEW", EVENT)], event_code="TOR"))
    alert = register.take(
        maker.cap(
            "B", 10, kind="update", references=["A@0"], vtec=[("CON", EVENT)], event_code="SVS"
        )
    )
    assert alert.event_code == "TOR"
    alone = new_register().take(maker.cap("C", 10, vtec=[("CON", EVENT)], event_code="SVS"))
    assert alone.event_code == "SVS"


@pytest.mark.parametrize(
    ("change", "is_test"),
    [
        ({}, False),
        ({"status": "test"}, True),
        ({"status": "exercise"}, True),
        ({"event_code": "RMT"}, True),
        ({"event_code": "XYT"}, False),
    ],
)
def test_a_test_is_told_from_a_warning(
    maker: Any, new_register: Callable[..., Any], change: dict[str, Any], is_test: bool
) -> None:
    assert new_register().take(maker.cap("A", 0, **change)).is_test is is_test


def test_vtec_of_class_t_is_a_test(maker: Any, new_register: Callable[..., Any]) -> None:
    reception = maker.cap("A", 0, vtec=[("NEW", EVENT)])
    events = tuple(replace(event, product_class="T") for event in reception.statement.events)
    reception = replace(reception, statement=replace(reception.statement, events=events))
    assert new_register().take(reception).is_test


def test_a_place_of_ours_that_is_released_no_longer_concerns_us(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS)
    both = ("039173", "039095")
    first = register.take(maker.cap("A", 0, same_codes=both, area_text="Wood; Lucas"))
    assert first.relevance.relevant
    released = register.take(
        maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=("039173",))
    )
    assert released.same_codes == ("039095",)
    assert released.area_text == "Lucas, OH", "the sender's words would still name Wood"
    assert not released.relevance.relevant
    assert released.relevance.rule == "nowhere"
    assert released.relevance.trace[-1].why == (
        "039173 Wood, OH is in our area: so it was, but it has been released"
    )


def test_a_place_of_ours_that_is_released_does_not_stay_by_the_old_polygon(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    ring = ((41.2, -83.9), (41.2, -83.4), (41.7, -83.4), (41.2, -83.9))
    register = new_register(replace(OURS, rings=(ring,), is_outlined=True))
    both = ("039173", "039095")
    assert register.take(maker.cap("A", 0, same_codes=both, polygons=(ring,))).relevance.relevant
    released = register.take(
        maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=("039173",))
    )
    assert not released.relevance.relevant
    assert released.relevance.trace[-1].rule == "released"


def test_an_alert_that_is_over_keeps_the_places_it_held_last(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS, now=lambda: after(10.5))
    register.take(maker.cap("A", 0, same_codes=("039173", "039095")))
    over = register.take(
        maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=("039173", "039095"))
    )
    assert (over.ends_at, over.end_reason, over.ended_at) == (after(10), "cancelled", after(10.5))
    assert over.same_codes == ("039173", "039095")
    assert over.relevance.relevant


def test_a_cancel_ends_an_alert_while_the_clock_is_wrong(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    in_1970 = datetime.fromisoformat("1970-01-01T00:05Z")
    register = new_register(now=lambda: in_1970, trusted=lambda: False)
    register.take(maker.cap("A", 0, same_codes=("039173",)))
    over = register.take(maker.cap("B", 10, kind="cancel", references=["A@0"]))
    assert over.ended_at == in_1970


def test_the_time_at_which_the_end_was_recorded_is_kept_until_it_is_no_end(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(now=lambda: after(65))
    receptions = (maker.cap("A", 0, vtec=[("NEW", EVENT)], ugc_codes=("OHC173",)),)
    admission = register.admission
    first = admission.fold("1", receptions, None)
    assert first.ended_at is None, "time alone ends nothing here"
    recorded = replace(first, ended_at=after(61))
    assert admission.fold("1", receptions, recorded).ended_at == after(61)
    longer = maker.cap("B", 62, vtec=[("EXT", EVENT)], ugc_codes=("OHC173",), expires=120)
    extended = admission.fold("1", (*receptions, longer), recorded)
    assert (extended.ended_at, extended.ends_at) == (None, after(120))


def test_hearing_it_again_changes_nothing_but_the_count(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS)
    first = register.take(maker.off_air(TORNADO, 1))
    again = register.take(maker.off_air(TORNADO, 3, "162.400"))
    assert again == replace(first, last_received_at=after(3), reception_count=2)


def test_a_place_whose_time_has_run_out_is_no_longer_named(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    clock = [after(0)]
    register = new_register(OURS, now=lambda: clock[0])
    register.take(
        maker.cap("A1", 0, vtec=[("NEW", EVENT)], ugc_codes=("OHC173",), same_codes=("039173",))
    )
    alert = register.take(
        maker.cap(
            "A2",
            0,
            vtec=[("NEW", EVENT)],
            ugc_codes=("OHC095",),
            same_codes=("039095",),
            expires=120,
        )
    )
    assert set(alert.same_codes) == {"039173", "039095"}
    clock[0] = after(61)
    (candidate,) = register.candidates
    later = register.admission.fold("1", candidate.receptions, alert)
    assert later.same_codes == ("039095",)
    assert not later.relevance.relevant


def test_a_county_stays_while_one_of_its_zones_does(maker: Any, all_tables: Tables) -> None:
    mckinley_zones = tuple(
        ugc for ugc, counties in all_tables.zones.items() if ugc[2] == "Z" and "035031" in counties
    )
    assert len(mckinley_zones) > 1
    codes = tuple(dict.fromkeys(c for ugc in mckinley_zones for c in all_tables.zones[ugc]))
    gone, *left = mckinley_zones
    course = fold(
        [
            maker.cap("A", 0, ugc_codes=mckinley_zones, same_codes=codes),
            maker.cap(
                "B",
                10,
                kind="cancel",
                references=["A@0"],
                ugc_codes=(gone,),
                same_codes=all_tables.zones[gone],
            ),
        ]
    )
    in_force = extent(course, None, all_tables.zones)
    assert set(in_force.ugc_codes) == set(left)
    assert "035031" in in_force.same_codes
    assert set(in_force.same_codes) == {c for ugc in left for c in all_tables.zones[ugc]}
    blind = extent(course, None, {})
    assert "035031" not in blind.same_codes, "without tables the Cancel's own counties are gone"


def test_an_update_without_places_keeps_codes_and_zones(maker: Any, all_tables: Tables) -> None:
    course = fold(
        [
            maker.cap("A", 0, ugc_codes=("OHC173",), same_codes=("039173",)),
            maker.cap("B", 10, kind="update", references=["A@0"]),
        ]
    )
    in_force = extent(course, None, all_tables.zones)
    assert (in_force.ugc_codes, in_force.same_codes) == (("OHC173",), ("039173",))


def test_a_reload_of_our_area_holds_for_what_comes_next(maker: Any, all_tables: Tables) -> None:
    ours = [OURS, Area(same_codes=frozenset({"018003"}))]
    admission = Admission(lambda: ours[0], all_tables, lambda: START)
    heard = maker.off_air(TORNADO, 1)
    assert admission.fold("a", [heard], None).relevance.relevant
    del ours[0]
    assert not admission.fold("a", [heard], None).relevance.relevant


def heard_last_year(maker: Any) -> Any:
    """TORNADO of today, heard while the clock still stood in the spring of the year before."""
    heard = from_same.reception(
        TORNADO,
        origin="wx",
        channel="162.550",
        received_at=START.replace(year=2025, month=6),
        evidence=None,
        clock_trusted=False,
        event_name=str,
        new_id=maker.new_id,
    )
    assert heard.statement.expires_at == after(45).replace(year=2025)
    return heard


def test_a_header_heard_while_the_clock_was_wrong_does_not_say_when_it_is_over(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS, trusted=lambda: False)
    alert = register.take(heard_last_year(maker))
    assert alert.ends_at is None
    assert lifecycle.state(alert, START, clock_trusted=True) == "active"


def test_a_header_heard_while_the_clock_was_wrong_is_dated_when_it_is_right(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS, now=lambda: after(20))
    alert = register.take(heard_last_year(maker))
    assert (alert.issued_at, alert.ends_at) == (START, after(45))
    again = register.take(maker.off_air(TORNADO, 21, channel="162.400"))
    assert (again.alert_id, again.reception_count) == (alert.alert_id, 2)


def test_a_message_by_cap_dates_a_header_however_wrong_the_clock_was(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register(OURS, now=lambda: after(1))
    register.take(heard_last_year(maker))
    alert = register.take(maker.cap("A", 0, same_header=TORNADO, ends=45, event_code="TOR"))
    assert (alert.reception_count, alert.ends_at) == (2, after(45))


def test_an_alert_that_an_operator_ended_stays_over_until_a_message_renews_it(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    clock = [after(0)]
    register = new_register(now=lambda: clock[0])
    event = "KIND.FL.W.0213.2026"
    register.take(maker.cap("A", 0, ugc_codes=("INC071",), vtec=[("NEW", event)], ends=600))
    (known,) = register.candidates
    closed = replace(
        known.alert, end_reason=ENDED_BY_OPERATOR, ended_at=after(30), ends_at=after(30)
    )
    register.candidates = [replace(known, alert=closed)]
    clock[0] = after(40)
    late = maker.cap("B", 20, ugc_codes=("INC071",), vtec=[("CON", event)], ends=600, heard=40)
    alert = register.take(late)
    assert (alert.end_reason, alert.ended_at, alert.ends_at) == (
        ENDED_BY_OPERATOR,
        after(30),
        after(30),
    )
    renewed = maker.cap("C", 41, ugc_codes=("INC071",), vtec=[("CON", event)], ends=600)
    alert = register.take(renewed)
    assert (alert.end_reason, alert.ended_at, alert.ends_at) == (None, None, after(600))


def test_an_alert_tells_how_it_ends_and_when_a_part_of_it_does(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    clock = [after(0)]
    register = new_register(now=lambda: clock[0])
    event = "KIND.FL.W.0213.2026"
    places = ("INC071", "INC093")
    register.take(maker.cap("A", 0, ugc_codes=places, vtec=[("NEW", event)], ends=60))
    alert = register.take(maker.cap("B", 5, ugc_codes=places[:1], vtec=[("EXT", event)], ends=90))
    assert (alert.ends_at, alert.next_change_at, alert.events) == (after(90), after(60), (event,))
    clock[0] = after(60)
    (known,) = register.candidates
    alert = register.admission.fold(alert.alert_id, known.receptions, alert)
    assert (alert.ugc_codes, alert.next_change_at) == (places[:1], None)


def test_a_life_sign_is_no_warning(maker: Any, new_register: Callable[..., Any]) -> None:
    admission = new_register().admission
    assert not admission.admits(maker.cap("HB", 0, status="system"))
    assert all(
        admission.admits(maker.cap("A", 0, status=status))
        for status in ("actual", "exercise", "test", "draft")
    )
