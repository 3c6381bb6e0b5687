from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eas_station.alerts.lifecycle.lifecycle import Course, fold, state
from eas_station.alerts.model import Alert, Reception, Relevance, Statement
from eas_station.alerts.sources import from_same

START = datetime.fromisoformat("2026-04-20T16:00:00Z")
WATCH = "KMOB.TO.A.0641.2026"
WARNING = "KMOB.TO.W.0012.2026"
FLOOD = "KIND.FL.W.0213.2026"
LATER = timedelta(hours=2)
TORNADO = "ZCZC-WXR-TOR-001129-001023+0045-1101600-KMOB/NWS-"


def minute(course_time: datetime | None) -> float | None:
    return None if course_time is None else (course_time - START) / timedelta(minutes=1)


def places(course: Course, at: float | None = None) -> set[str]:
    moment = None if at is None else START + timedelta(minutes=at)
    return {hold.place for hold in course.holds if hold.in_force(moment)}


def without_vtec_end(reception: Reception) -> Reception:
    """The same with P-VTEC end 000000T0000Z."""
    events = tuple(replace(event, ends_at=None) for event in reception.statement.events)
    return replace(reception, statement=replace(reception.statement, events=events))


def heard_at(reception: Reception, seconds: float) -> Reception:
    return replace(reception, received_at=START + timedelta(minutes=5, seconds=seconds))


def test_off_the_air_alone_a_message_lives_for_its_purge_time(maker: Any) -> None:
    course = fold([maker.off_air(TORNADO, 1), maker.off_air(TORNADO, 2)])
    assert (minute(course.ends_at), course.end_reason) == (45, None)
    assert places(course, 44) == {"001129", "001023"}
    assert places(course, 45) == set()


def test_the_end_of_the_event_counts_not_that_of_the_text(maker: Any) -> None:
    later = fold([maker.cap("A", 0, same_codes=("001129",), expires=30, ends=300)])
    assert minute(later.ends_at) == 300
    earlier = fold([maker.cap("A", 0, same_codes=("001129",), expires=30, ends=20)])
    assert minute(earlier.ends_at) == 20


def test_without_any_time_a_cap_message_lives_for_the_configured_time(maker: Any) -> None:
    heard = [maker.cap("A", 0, expires=None)]
    course = fold(heard)
    assert (minute(course.ends_at), course.end_reason) == (24 * 60, None)
    assert course.end_kind == "no_end_given"
    assert minute(fold(heard, timedelta(hours=3)).ends_at) == 180


def test_off_the_air_without_a_trusted_time_the_end_is_not_known(maker: Any) -> None:
    heard = from_same.dated(maker.off_air(TORNADO, 1, trusted=False), None)
    course = fold([heard])
    assert (course.ends_at, course.end_kind) == (None, "unknown")


def test_until_further_notice_outlives_the_text_by_a_day(maker: Any) -> None:
    first = maker.cap("A", 0, ugc_codes=("INC071",), vtec=[("NEW", FLOOD)], expires=1080)
    first = without_vtec_end(first)
    course = fold([first])
    assert (minute(course.ends_at), course.end_kind) == (1080 + 1440, "until_further_notice")
    assert places(course, 1200) == {"INC071"}, "the text has run out, the event has not"
    renewed = maker.cap("B", 1201, ugc_codes=("INC071",), vtec=[("CON", FLOOD)], expires=1920)
    course = fold([first, without_vtec_end(renewed)])
    assert minute(course.ends_at) == 1920 + 1440
    closed = maker.cap("C", 1300, ugc_codes=("INC071",), vtec=[("CON", FLOOD)], ends=1500)
    course = fold([first, without_vtec_end(renewed), closed])
    assert (minute(course.ends_at), course.end_kind) == (1500, "time")


def test_an_update_replaces_the_whole_area_of_what_it_references(maker: Any) -> None:
    course = fold(
        [
            maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)]),
            maker.cap(
                "B", 10, kind="update", references=["A@0"], ugc_codes=("ALC129",), expires=90
            ),
        ]
    )
    assert places(course) == {"ALC129"}
    assert minute(course.ends_at) == 90


def test_parts_of_one_product_that_update_the_same_message_live_side_by_side(maker: Any) -> None:
    course = fold(
        [
            maker.cap("A", 0, ugc_codes=("ALC129", "ALC023", "ALC097"), vtec=[("NEW", WATCH)]),
            maker.cap(
                "B1",
                10,
                kind="update",
                references=["A@0"],
                ugc_codes=("ALC129",),
                vtec=[("CON", WATCH)],
            ),
            maker.cap(
                "B2",
                10,
                kind="update",
                references=["A@0"],
                ugc_codes=("ALC023",),
                vtec=[("EXT", WATCH)],
                expires=120,
            ),
        ]
    )
    assert places(course) == {"ALC129", "ALC023"}
    assert places(course, 100) == {"ALC023"}
    assert minute(course.ends_at) == 120


def test_a_cancel_is_for_its_own_area_only(maker: Any) -> None:
    course = fold(
        [
            maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)]),
            maker.cap(
                "B",
                10,
                kind="cancel",
                references=["A@0"],
                ugc_codes=("ALC129",),
                vtec=[("CAN", WATCH)],
                expires=25,
            ),
        ]
    )
    assert places(course) == {"ALC023"}
    assert (minute(course.ends_at), course.end_reason) == (60, None)
    assert places(course, 30) == {"ALC023"}, "the end of the Cancel itself revives nothing"


def test_cancels_of_all_parts_end_the_alert(maker: Any) -> None:
    alert = maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)])
    cancels = [
        maker.cap(name, at, kind="cancel", references=["A@0"], ugc_codes=(place,))
        for name, at, place in (("B", 10, "ALC129"), ("C", 12, "ALC023"))
    ]
    course = fold([alert, *cancels])
    assert places(course) == set()
    assert (minute(course.ends_at), course.end_reason) == (12, "cancelled")
    assert {hold.place for hold in course.holding(None)} == {"ALC023"}


def test_a_cancel_without_an_area_ends_all_that_it_references(maker: Any) -> None:
    course = fold(
        [
            maker.cap("A", 0, same_codes=("001129",)),
            maker.cap("B", 5, kind="update", references=["A@0"], same_codes=("001129",)),
            maker.cap("C", 10, kind="cancel", references=["A@0"], expires=None),
        ]
    )
    assert (minute(course.ends_at), course.end_reason) == (10, "cancelled")


def test_a_cancel_with_counties_ends_the_zones_inside_them(maker: Any) -> None:
    alert = maker.cap("A", 0, ugc_codes=("ALZ051",), same_codes=("001129",))
    cancel = maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=("001129", "001023"))
    assert fold([alert, cancel]).end_reason == "cancelled"
    smaller = maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=("001023",))
    assert fold([alert, smaller]).end_reason is None


def test_a_cancel_of_a_drawn_area_ends_it(maker: Any) -> None:
    ring = ((30.0, -88.0), (31.0, -88.0), (31.0, -87.0), (30.0, -88.0))
    alert = maker.cap("A", 0, polygons=(ring,))
    cancel = maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=("001129",))
    assert fold([alert, cancel]).end_reason == "cancelled"


def test_a_cancel_before_its_alert_ends_it(maker: Any) -> None:
    cancel = maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=("001129",))
    alone = fold([cancel])
    assert (minute(alone.ends_at), alone.end_reason) == (10, "cancelled")
    alert = maker.cap("A", 0, same_codes=("001129", "001023"), heard=11)
    course = fold([cancel, alert])
    assert places(course) == {"001023"}
    assert course.end_reason is None


def test_a_cancel_after_the_end_changes_nothing(maker: Any) -> None:
    alert = maker.cap("A", 0, same_codes=("001129",))
    cancel = maker.cap("B", 70, kind="cancel", references=["A@0"], same_codes=("001129",))
    course = fold([alert, cancel])
    assert (minute(course.ends_at), course.end_reason) == (60, None)


@pytest.mark.parametrize(("action", "reason"), [("CAN", "cancelled"), ("UPG", "replaced")])
@pytest.mark.parametrize("kind", ["alert", "update", "cancel"])
def test_vtec_says_over_whatever_the_message_calls_itself(
    maker: Any, action: str, reason: str, kind: str
) -> None:
    new = maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)])
    over = maker.cap("B", 10, kind=kind, ugc_codes=("ALC129",), vtec=[(action, WATCH)])
    course = fold([new, over])
    assert places(course) == {"ALC023"}
    rest = maker.cap("C", 20, kind=kind, ugc_codes=("ALC023",), vtec=[(action, WATCH)])
    course = fold([new, over, rest])
    assert (minute(course.ends_at), course.end_reason) == (20, reason)


@pytest.mark.parametrize("kind", ["alert", "update", "cancel"])
@pytest.mark.parametrize("named", [("ALC129",), ()])
def test_exp_ends_nothing_before_the_end_of_the_event(
    maker: Any, kind: str, named: tuple[str, ...]
) -> None:
    new = maker.cap("A", 0, ugc_codes=("ALC129",), vtec=[("NEW", WATCH)], ends=61)
    gone = maker.cap(
        "B", 54, kind=kind, references=["A@0"], ugc_codes=named, vtec=[("EXP", WATCH)], ends=61
    )
    course = fold([new, gone])
    assert places(course, 58) == {"ALC129"}
    assert (minute(course.ends_at), course.end_reason, course.end_kind) == (61, None, "time")
    assert places(course, 61) == set()


def test_exp_shortens_what_was_to_be_held_for_longer(maker: Any) -> None:
    new = maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)], ends=120)
    gone = maker.cap("B", 54, kind="cancel", ugc_codes=("ALC129",), vtec=[("EXP", WATCH)], ends=61)
    course = fold([new, gone])
    assert places(course, 60) == {"ALC129", "ALC023"}
    assert places(course, 61) == {"ALC023"}
    assert minute(course.ends_at) == 120


def test_exp_lengthens_nothing(maker: Any) -> None:
    new = maker.cap("A", 0, ugc_codes=("ALC129",), vtec=[("NEW", WATCH)], ends=60)
    gone = maker.cap("B", 54, kind="cancel", ugc_codes=("ALC129",), vtec=[("EXP", WATCH)], ends=90)
    assert minute(fold([new, gone]).ends_at) == 60


def test_exp_revives_nothing_that_was_cancelled(maker: Any) -> None:
    new = maker.cap("A", 0, ugc_codes=("ALC129",), vtec=[("NEW", WATCH)], ends=60)
    over = maker.cap("B", 20, kind="cancel", ugc_codes=("ALC129",), vtec=[("CAN", WATCH)])
    gone = maker.cap("C", 54, kind="cancel", ugc_codes=("ALC129",), vtec=[("EXP", WATCH)], ends=60)
    course = fold([new, over, gone])
    assert (minute(course.ends_at), course.end_reason) == (20, "cancelled")


def test_exp_as_the_first_word_of_an_event_holds_it_until_its_end(maker: Any) -> None:
    gone = maker.cap("B", 54, kind="cancel", ugc_codes=("ALC129",), vtec=[("EXP", WATCH)], ends=61)
    course = fold([gone])
    assert places(course, 60) == {"ALC129"}
    assert (minute(course.ends_at), course.end_reason) == (61, None)
    late = maker.cap("B", 62, kind="cancel", ugc_codes=("ALC129",), vtec=[("EXP", WATCH)], ends=61)
    assert minute(fold([late]).ends_at) == 61


def test_one_product_cancels_one_part_and_lets_the_other_expire(maker: Any) -> None:
    new = maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)], ends=60)
    over = maker.cap("B", 54, kind="cancel", ugc_codes=("ALC129",), vtec=[("CAN", WATCH)])
    gone = maker.cap("C", 54, kind="cancel", ugc_codes=("ALC023",), vtec=[("EXP", WATCH)], ends=60)
    course = fold([new, over, gone])
    assert places(course, 55) == {"ALC023"}
    assert (minute(course.ends_at), course.end_reason) == (60, None)


@pytest.mark.parametrize("arrival", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_one_minute_the_correction_speaks(maker: Any, arrival: tuple[int, ...]) -> None:
    new = maker.cap("z", 4, ugc_codes=("IAC155",), vtec=[("NEW", WARNING)], headline="first")
    delayed = maker.cap(
        "y",
        4,
        ugc_codes=("IAC155",),
        vtec=[("NEW", WARNING)],
        headline="again",
        correction="RRA",
    )
    corrected = maker.cap(
        "a",
        4,
        ugc_codes=("IAC155",),
        vtec=[("COR", WARNING)],
        headline="TORNADO EMERGENCY",
        correction="CCA",
    )
    said = [new, delayed, corrected]
    course = fold([heard_at(said[index], place) for place, index in enumerate(arrival)])
    assert course.newest(None).headline == "TORNADO EMERGENCY"


@pytest.mark.parametrize(
    ("earlier", "later"), [*itertools.pairwise(["NEW", "EXT", "CON", "COR", "CAN"])]
)
def test_of_one_minute_the_action_decides_whatever_came_first(
    maker: Any, earlier: str, later: str
) -> None:
    first = maker.cap("z", 4, ugc_codes=("IAC155",), vtec=[(earlier, WARNING)])
    second = maker.cap("a", 4, ugc_codes=("IAC155",), vtec=[(later, WARNING)])
    for said in ([first, second], [second, first]):
        course = fold([heard_at(one, place) for place, one in enumerate(said)])
        assert course.statements[0].message == second.statement.message


def test_of_one_minute_and_one_rank_the_last_to_arrive_speaks(maker: Any) -> None:
    one, other = (
        maker.cap(name, 4, ugc_codes=("IAC155",), vtec=[("COR", WARNING)], headline=name)
        for name in "ba"
    )
    for said in ([one, other], [other, one]):
        course = fold([heard_at(reception, place) for place, reception in enumerate(said)])
        assert course.newest(None).headline == said[-1].raw


def test_an_alert_that_only_says_over_has_ended(maker: Any) -> None:
    course = fold([maker.cap("A", 0, ugc_codes=("ALC129",), vtec=[("CAN", WATCH)])])
    assert (minute(course.ends_at), course.end_reason) == (0, "cancelled")
    assert course.newest(None).ugc_codes == ("ALC129",)


def test_an_extension_without_references_is_found_by_its_event(maker: Any) -> None:
    new = maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)])
    longer = maker.cap("B", 10, ugc_codes=("ALC129",), vtec=[("EXT", WATCH)], expires=120)
    wider = maker.cap("C", 20, ugc_codes=("ALC097",), vtec=[("EXA", WATCH)])
    course = fold([new, longer, wider])
    assert places(course) == {"ALC129", "ALC023", "ALC097"}
    assert places(course, 61) == {"ALC129"}


def test_a_message_that_ends_one_event_and_begins_another_is_taken_by_both_in_part(
    maker: Any,
) -> None:
    watch = maker.cap("A", 0, ugc_codes=("ALC129",), vtec=[("NEW", WATCH)])
    both = maker.cap("B", 10, ugc_codes=("ALC129",), vtec=[("UPG", WATCH), ("NEW", WARNING)])
    course = fold([watch, both])
    assert {(hold.event, hold.over) for hold in course.holds} == {(WATCH, "replaced")}
    assert (minute(course.ends_at), course.end_reason) == (10, "replaced")
    again = maker.cap("C", 20, ugc_codes=("ALC129",), vtec=[("CON", WARNING)])
    course = fold([both, again])
    assert {(hold.event, hold.over) for hold in course.holds} == {(WARNING, None)}


def test_a_cancel_of_one_event_leaves_the_other_of_the_same_place(maker: Any) -> None:
    watch = maker.cap("A", 0, ugc_codes=("ALC129",), vtec=[("NEW", WATCH)])
    warning = maker.cap("B", 10, ugc_codes=("ALC129",), vtec=[("NEW", WARNING)])
    cancel = maker.cap("C", 20, kind="cancel", ugc_codes=("ALC129",), vtec=[("CAN", WARNING)])
    course = fold([watch, warning, cancel])
    assert {(hold.event, hold.over) for hold in course.holds} == {
        (WATCH, None),
        (WARNING, "cancelled"),
    }
    assert course.end_reason is None


def test_a_stale_copy_of_an_older_message_revives_nothing(maker: Any) -> None:
    first = maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), vtec=[("NEW", WATCH)])
    second = maker.cap(
        "B", 10, kind="update", references=["A@0"], ugc_codes=("ALC129",), vtec=[("CON", WATCH)]
    )
    third = maker.cap("C", 20, kind="cancel", references=["A@0", "B@10"], ugc_codes=("ALC129",))
    stale = replace(first, reception_id="stale", received_at=START + timedelta(minutes=25))
    course = fold([first, second, third])
    assert course.end_reason == "cancelled"
    assert fold([first, second, third, stale]) == course


def test_a_message_is_after_what_it_refers_to_whatever_the_clock_said(maker: Any) -> None:
    alert = maker.cap("A", 5, same_codes=("001129",))
    cancel = maker.cap("B", 4, kind="cancel", references=["A@5"], same_codes=("001129",))
    assert fold([alert, cancel]).end_reason == "cancelled"


def test_a_new_warning_after_a_cancel_is_in_force(maker: Any) -> None:
    alert = maker.cap("A", 0, same_codes=("001129",))
    cancel = maker.cap("B", 5, kind="cancel", references=["A@0"], same_codes=("001129",))
    again = maker.cap("C", 10, kind="update", references=["A@0"], same_codes=("001129",))
    course = fold([again, cancel, alert])
    assert (minute(course.ends_at), course.end_reason) == (60, None)


def test_an_update_that_names_no_place_keeps_the_places(maker: Any) -> None:
    alert = maker.cap("A", 0, same_codes=("001129",))
    update = maker.cap("B", 5, kind="update", references=["A@0"], expires=90)
    course = fold([alert, update])
    assert places(course) == {"001129"}
    assert minute(course.ends_at) == 90


def test_what_was_heard_off_the_air_shares_the_fate_of_the_cap_message(maker: Any) -> None:
    heard = maker.off_air(TORNADO, 1)
    codes = ("001129", "001023")
    by_cap = maker.cap("A", 0, same_codes=codes, same_header=TORNADO, expires=40)
    cancel = maker.cap("B", 10, kind="cancel", references=["A@0"], same_codes=codes)
    assert minute(fold([heard, by_cap]).ends_at) == 40
    course = fold([heard, by_cap, cancel])
    assert (minute(course.ends_at), course.end_reason) == (10, "cancelled")
    repeated = maker.off_air(TORNADO, 15, "162.400")
    assert fold([heard, by_cap, cancel, repeated]) == course


def test_the_newest_message_that_holds_a_place_speaks(maker: Any) -> None:
    first = maker.cap("A", 0, ugc_codes=("ALC129", "ALC023"), headline="first")
    second = maker.cap(
        "B", 10, kind="update", references=["A@0"], ugc_codes=("ALC129",), headline="second"
    )
    cancel = maker.cap("C", 20, kind="cancel", references=["B@10"], headline="over")
    assert fold([second, first]).newest(None).headline == "second"
    assert fold([second, cancel, first]).newest(None).headline == "second"


def alert_until(
    ends: float | None, end_reason: str | None = None, ended: float | None = None
) -> Alert:
    return Alert(
        alert_id="1",
        status="actual",
        is_test=False,
        event_name="Tornado Warning",
        event_code="TOR",
        originator="WXR",
        issued_at=START,
        first_received_at=START,
        last_received_at=START,
        ends_at=None if ends is None else START + timedelta(minutes=ends),
        end_reason=end_reason,
        ended_at=None if ended is None else START + timedelta(minutes=ended),
        same_codes=(),
        ugc_codes=(),
        polygons=(),
        relevance=Relevance(True, "no-area", ()),
        reception_count=1,
    )


@pytest.mark.parametrize(
    ("alert", "at", "trusted", "expected"),
    [
        (alert_until(45), 44.9, True, "active"),
        (alert_until(45), 45, True, "ended"),
        (alert_until(None), 1e6, True, "active"),
        (alert_until(45), 1e6, False, "active"),
        (alert_until(10, "cancelled"), 11, True, "ended"),
        (alert_until(10, "cancelled"), -1e6, False, "ended"),
        (alert_until(10, "cancelled", ended=9), 9.5, True, "ended"),
        (alert_until(45, ended=46), -1e6, False, "ended"),
    ],
)
def test_active_is_a_matter_of_time_only_while_the_clock_is_trusted(
    alert: Alert, at: float, trusted: bool, expected: str
) -> None:
    assert state(alert, START + timedelta(minutes=at), trusted) == expected


PLACES = ("ALC129", "ALC023", "ALC097", "ALZ051")
ACTIONS = ("NEW", "CON", "EXT", "EXA", "CAN", "EXP", "UPG", "COR")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """What could be said of one alert: messages that refer to one another, and repeats."""
    said = []
    # At different times: of one time the order of arrival may decide.
    times = draw(st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True))
    for number, at in enumerate(times):
        said.append(
            (
                f"M{number}",
                at,
                draw(st.sampled_from(["alert", "update", "cancel"])),
                [f"{m[0]}@{m[1]}" for m in said if draw(st.booleans())],
                draw(st.lists(st.sampled_from(PLACES), unique=True, max_size=3)),
                [(a, WATCH) for a in draw(st.lists(st.sampled_from(ACTIONS), max_size=1))],
                draw(st.sampled_from([None, 30, 60, 90])),
                draw(st.sampled_from([None, TORNADO])),
            )
        )
    return said


def receptions_of(maker: Any, history: Sequence[tuple[Any, ...]]) -> list[Reception]:
    made = [
        maker.cap(
            name,
            at,
            kind=kind,
            references=references,
            ugc_codes=tuple(named),
            vtec=vtec,
            expires=expires,
            same_header=None if kind == "cancel" else header,
        )
        for name, at, kind, references, named, vtec, expires, header in history
    ]
    return [maker.off_air(TORNADO, 1), maker.off_air(TORNADO, 2, "162.400"), *made]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), shuffler=st.randoms(use_true_random=False))
def test_the_order_of_reception_does_not_matter(
    maker: Any, history: list[tuple[Any, ...]], shuffler: random.Random
) -> None:
    receptions = receptions_of(maker, history)
    course = fold(receptions)
    shuffler.shuffle(receptions)
    times = [reception.received_at for reception in receptions]
    shuffler.shuffle(times)
    mixed = [
        replace(reception, received_at=at) for reception, at in zip(receptions, times, strict=True)
    ]
    assert summary(fold(mixed)) == summary(course)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_hearing_everything_again_changes_nothing(
    maker: Any, history: list[tuple[Any, ...]]
) -> None:
    receptions = receptions_of(maker, history)
    again = [
        replace(r, reception_id=f"again {r.reception_id}", received_at=r.received_at + LATER)
        for r in receptions
    ]
    assert fold([*receptions, *again]) == fold(receptions)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), at=st.integers(0, 100))
def test_active_means_that_a_place_is_held(
    maker: Any, history: list[tuple[Any, ...]], at: int
) -> None:
    course = fold(receptions_of(maker, history))
    active = course.ends_at is None or START + timedelta(minutes=at) < course.ends_at
    held = any(
        hold.until is None or START + timedelta(minutes=at) < hold.until for hold in course.holds
    )
    if course.holds:
        assert active == held
    assert course.holding(START + timedelta(minutes=at)) or not course.holds
    assert isinstance(course.newest(None), Statement)


def summary(course: Course) -> tuple[Any, ...]:
    """All but which of two stations' texts was heard first."""
    holds = {(h.event, h.place, h.until, h.over, h.by.message) for h in course.holds}
    return course.ends_at, course.end_reason, holds, course.newest(None).message


def test_a_correction_of_a_cancellation_revives_nothing(maker: Any) -> None:
    zones = ("NEZ041", "NEZ063")
    new = maker.cap("A", 0, ugc_codes=zones, vtec=[("NEW", WARNING)], ends=60)
    over = maker.cap("B", 10, kind="cancel", ugc_codes=("NEZ063",), vtec=[("CAN", WARNING)])
    corrected = maker.cap(
        "C", 11, ugc_codes=zones, vtec=[("COR", WARNING)], ends=60, correction="CCA"
    )
    assert places(fold([new, over, corrected]), 20) == {"NEZ041"}
    again = maker.cap("D", 12, ugc_codes=zones, vtec=[("EXB", WARNING)], ends=60)
    assert places(fold([new, over, corrected, again]), 20) == set(zones)
