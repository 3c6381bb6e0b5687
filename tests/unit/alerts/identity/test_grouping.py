"""Which receptions are of one warning: New Year, events in company, and what the air leaves out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eas_station.alerts.identity import grouping
from eas_station.alerts.lifecycle import lifecycle
from eas_station.alerts.model import EventRef, MessageId, Reception, Statement
from eas_station.alerts.sources import from_same

NUMBERED = "KOUN.WW.Y.0016"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}Z")


@dataclass
class Product:
    """Makes receptions of one office, as a parser would."""

    count: int = 0

    def said(
        self,
        at: str,
        action: str,
        ends: str | None,
        *,
        name: str = NUMBERED,
        begins: str | None = None,
        places: Sequence[str] = ("OKZ025", "OKZ026"),
        **more: Any,
    ) -> Reception:
        self.count += 1
        issued_at = utc(at)
        begins_at = None if begins is None else utc(begins)
        year = issued_at.year if begins_at is None else min(begins_at, issued_at).year
        if action == "NEW":
            year = issued_at.year
        ends_at = None if ends is None else utc(ends)
        event = EventRef(f"{name}.{year}", action, "O", begins_at, ends_at)
        statement = Statement(
            kind="cancel" if action in ("CAN", "UPG", "EXP") else "alert",
            status="actual",
            event_name="Winter Weather Advisory",
            issued_at=issued_at,
            message=MessageId("KOUN@nwws", f"{self.count}", issued_at),
            ugc_codes=tuple(places),
            expires_at=issued_at + timedelta(hours=6),
            ends_at=ends_at,
            events=(event,),
        )
        return Reception(
            reception_id=f"r{self.count}",
            via="cap",
            origin="nwws",
            channel=None,
            received_at=issued_at + timedelta(seconds=20),
            raw="",
            statement=replace(statement, **more),
        )


def grouped(heard: Sequence[Reception]) -> set[frozenset[str]]:
    members = grouping.groups(heard).members
    return {frozenset(heard[number].reception_id for number in group) for group in members}


def in_any_order(heard: Sequence[Reception]) -> set[frozenset[str]]:
    """The groups, which must not depend on the order of arrival."""
    expected = grouped(heard)
    for order in itertools.permutations(heard):
        mixed = [
            replace(one, received_at=utc("2015-02-01T00:00") + timedelta(seconds=place))
            for place, one in enumerate(order)
        ]
        assert grouped(mixed) == expected
    return expected


def admitted_in_any_order(
    heard: Sequence[Reception], new_register: Callable[..., Any], at: datetime
) -> set[tuple[Any, ...]]:
    """What the alerts are after admitting them one by one, in every order."""
    found = set()
    for order in itertools.permutations(heard):
        register = new_register(now=lambda: at)
        register.take_all(order)
        found.add(frozenset(_summary(candidate, at) for candidate in register.candidates))
        alive = {candidate.alert.alert_id for candidate in register.candidates}
        assert set(register.joined.values()) <= alive
        assert not set(register.joined) & alive
    assert len(found) == 1, "the order of arrival does not matter"
    return set(found.pop())


def _summary(candidate: Any, at: datetime) -> tuple[Any, ...]:
    alert = candidate.alert
    state = lifecycle.state(alert, at, True)
    names = frozenset(reception.reception_id for reception in candidate.receptions)
    places = (frozenset(alert.ugc_codes or alert.same_codes), alert.events)
    return (names, state, alert.ends_at, alert.end_reason, *places, alert.reception_count)


def test_over_new_year_a_continuation_is_of_the_event_that_is_alive(
    new_register: Callable[..., Any],
) -> None:
    product = Product()
    heard = [
        product.said("2014-12-31T20:51", "NEW", "2015-01-02T12:00", begins="2014-12-31T21:00"),
        product.said("2015-01-01T09:41", "CON", "2015-01-02T00:00"),
        product.said("2015-01-01T19:00", "CAN", "2015-01-02T00:00", places=["OKZ025"]),
        product.said("2015-01-01T19:00", "CON", "2015-01-02T00:00", places=["OKZ026"]),
    ]
    (alert,) = admitted_in_any_order(heard, new_register, utc("2015-01-01T20:00"))
    assert alert[1:5] == ("active", utc("2015-01-02T00:00"), None, frozenset({"OKZ026"}))
    assert alert[5] == (f"{NUMBERED}.2014",)


def test_over_new_year_exp_ends_the_event_at_its_own_end(new_register: Callable[..., Any]) -> None:
    product = Product()
    heard = [
        product.said("2022-12-31T22:00", "NEW", "2023-01-01T05:45", begins="2022-12-31T22:00"),
        product.said("2023-01-01T05:20", "EXP", "2023-01-01T05:45"),
    ]
    at = utc("2023-01-01T05:30")
    (alert,) = admitted_in_any_order(heard, new_register, at)
    assert alert[1:4] == ("active", utc("2023-01-01T05:45"), None)


def test_a_number_used_again_after_the_old_event_is_another_event() -> None:
    product = Product()
    old = [
        product.said("2014-12-30T20:51", "NEW", "2014-12-31T12:00", begins="2014-12-30T21:00"),
        product.said("2014-12-31T09:41", "CON", "2014-12-31T12:00"),
    ]
    new = [
        product.said("2015-01-01T09:00", "NEW", "2015-01-02T00:00", begins="2015-01-01T12:00"),
        product.said("2015-01-01T15:00", "CON", "2015-01-02T00:00"),
        product.said("2015-01-01T19:00", "CAN", "2015-01-02T00:00"),
    ]
    assert in_any_order([*old, *new]) == {frozenset({"r1", "r2"}), frozenset({"r3", "r4", "r5"})}
    assert in_any_order([*old, *new[1:]]) == {frozenset({"r1", "r2"}), frozenset({"r4", "r5"})}


def test_a_number_used_again_while_the_old_event_lives_is_told_by_end_and_places() -> None:
    product = Product()
    old = [
        product.said("2014-12-31T20:51", "NEW", "2015-01-03T12:00", places=["OKZ001"]),
        product.said("2015-01-01T15:00", "CON", "2015-01-03T12:00", places=["OKZ001"]),
    ]
    new = [
        product.said("2015-01-01T09:00", "NEW", "2015-01-02T00:00", places=["OKZ025"]),
        product.said("2015-01-01T16:00", "CON", "2015-01-02T00:00", places=["OKZ025"]),
        product.said("2015-01-01T19:00", "CAN", "2015-01-02T00:00", places=["OKZ025"]),
    ]
    assert in_any_order([*old, *new]) == {frozenset({"r1", "r2"}), frozenset({"r3", "r4", "r5"})}


def test_a_begin_time_tells_whose_number_it_is() -> None:
    product = Product()
    old = product.said("2014-12-30T20:00", "NEW", "2015-01-05T00:00", begins="2015-01-01T06:00")
    new = product.said("2015-01-01T03:00", "NEW", "2015-01-05T00:00", begins="2015-01-03T06:00")
    of_old = product.said("2015-01-01T04:00", "CON", "2015-01-05T00:00", begins="2015-01-01T06:00")
    of_new = product.said("2015-01-01T05:00", "EXT", "2015-01-05T00:00", begins="2015-01-03T06:00")
    assert in_any_order([old, new, of_old, of_new]) == {
        frozenset({"r1", "r3"}),
        frozenset({"r2", "r4"}),
    }


def test_an_event_whose_beginning_was_not_heard_is_one_event() -> None:
    product = Product()
    heard = [
        product.said("2015-01-01T09:41", "CON", "2015-01-02T00:00", places=["OKZ025"]),
        product.said("2015-01-01T09:41", "CON", "2015-01-02T00:00", places=["OKZ026"]),
        product.said("2015-01-01T19:00", "CAN", "2015-01-02T00:00"),
    ]
    assert in_any_order(heard) == {frozenset({"r1", "r2", "r3"})}


def test_a_flood_that_lasts_into_spring_keeps_its_number() -> None:
    product = Product()
    name = "KIND.FL.W.0213"
    heard = [
        product.said("2014-12-05T10:00", "NEW", None, name=name, begins="2014-12-05T10:00"),
        *(
            product.said(f"2015-0{month}-{day:02}T10:00", "EXT", None, name=name)
            for month, days in ((1, range(1, 29)), (2, range(1, 2)))
            for day in days
        ),
        product.said("2014-12-06T08:00", "CON", None, name=name),
    ]
    december = [
        product.said(f"2014-12-{day:02}T08:00", "CON", None, name=name) for day in range(7, 32)
    ]
    more = [product.said(f"2015-01-{day:02}T08:00", "CON", None, name=name) for day in (29, 30, 31)]
    assert len(grouped([*heard, *december, *more])) == 1


def test_a_message_that_ends_a_watch_and_begins_a_warning_is_of_both(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    watch, warning = "KOUN.WS.A.0001.2026", "KOUN.WS.W.0002.2026"
    heard = [
        maker.cap("A", 0, ugc_codes=("OKZ025",), vtec=[("NEW", watch)], ends=600),
        maker.cap(
            *("B", 30),
            kind="update",
            references=["A@0"],
            ugc_codes=("OKZ025",),
            vtec=[("UPG", watch), ("NEW", warning)],
            ends=900,
        ),
        maker.cap("C", 60, ugc_codes=("OKZ025",), vtec=[("CON", warning)], ends=900),
    ]
    at = utc("2026-04-20T17:30")
    found = admitted_in_any_order(heard, new_register, at)
    a, b, c = (reception.reception_id for reception in heard)
    assert {(alert[0], alert[1], alert[3]) for alert in found} == {
        (frozenset({a, b}), "ended", "replaced"),
        (frozenset({b, c}), "active", None),
    }


def test_a_cancel_of_two_events_ends_both(maker: Any, new_register: Callable[..., Any]) -> None:
    wind, snow = "KOUN.WI.Y.0001.2026", "KOUN.WW.Y.0002.2026"
    heard = [
        maker.cap("A", 0, ugc_codes=("OKZ025",), vtec=[("NEW", wind)], ends=600),
        maker.cap("B", 1, ugc_codes=("OKZ025",), vtec=[("NEW", snow)], ends=600),
        maker.cap(
            "C", 30, kind="cancel", ugc_codes=("OKZ025",), vtec=[("CAN", wind), ("CAN", snow)]
        ),
    ]
    found = admitted_in_any_order(heard, new_register, utc("2026-04-20T17:00"))
    assert {(len(alert[0]), alert[1], alert[3]) for alert in found} == {(2, "ended", "cancelled")}
    assert len(found) == 2


PLACES = ("039173", "039095", "039063")
WHOLE = "ZCZC-WXR-SVR-039173-039095-039063+0045-1101600-EASTATN -"
PART = "ZCZC-WXR-SVR-039173-039095+0045-1101600-KCLE/NWS-"
OTHER_PART = "ZCZC-WXR-SVR-139063+0045-1101600-KCLE/NWS-"
EVENT = "KCLE.SV.W.0050.2026"
TWIN = "KCLE.SV.W.0051.2026"


def warning(
    maker: Any,
    name: str = "A",
    places: tuple[str, ...] = PLACES,
    event: str | None = EVENT,
    **more: Any,
) -> Reception:
    header = f"ZCZC-WXR-SVR-{'-'.join(places)}+0045-1101600-EASTATN -"
    said = {"same_codes": places, "event_code": "SVR", "originator": "WXR", "same_header": header}
    vtec = [] if event is None else [("NEW", event)]
    found: Reception = maker.cap(name, 0, vtec=vtec, ends=41, **{**said, **more})
    return found


def test_what_a_transmitter_codes_of_a_warning_is_that_warning(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    """All orders of five receptions: the message, three headers, and the Cancel."""
    heard = [
        warning(maker),
        maker.off_air(PART, 1, "162.550"),
        maker.off_air(OTHER_PART, 2, "162.475"),
        maker.off_air(WHOLE, 2, "162.400"),
        maker.cap(
            *("B", 16),
            kind="cancel",
            references=["A@0"],
            same_codes=PLACES,
            vtec=[("CAN", EVENT)],
        ),
    ]
    (alert,) = admitted_in_any_order(heard, new_register, utc("2026-04-20T16:21"))
    assert alert[1:4] == ("ended", utc("2026-04-20T16:16"), "cancelled")
    assert alert[-1] == 5


def test_near_twins_and_what_is_heard_of_them_stay_two(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    """All orders of five: two messages of one minute, and a header of each, one twice."""
    heard = [
        warning(maker),
        warning(maker, "T", ("039147", "039033"), TWIN),
        maker.off_air(PART, 1, "162.550"),
        maker.off_air("ZCZC-WXR-SVR-039033+0045-1101600-KCLE/NWS-", 1, "162.475"),
        maker.off_air(PART, 1.5, "162.400"),
    ]
    found = admitted_in_any_order(heard, new_register, utc("2026-04-20T16:10"))
    assert {(alert[-1], alert[1]) for alert in found} == {(3, "active"), (2, "active")}


def test_a_header_that_two_messages_fit_is_neither(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    heard = [
        warning(maker, "A", ("039173", "039095")),
        warning(maker, "T", ("039173", "039147"), TWIN),
        maker.off_air("ZCZC-WXR-SVR-039173+0045-1101600-KCLE/NWS-", 1),
    ]
    found = admitted_in_any_order(heard, new_register, utc("2026-04-20T16:10"))
    assert {alert[-1] for alert in found} == {1}
    assert len(found) == 3


@pytest.mark.parametrize(
    ("header", "more", "joins"),
    [
        (PART, {}, True),
        (PART.replace("KCLE/NWS", "WOAI/AM "), {}, True),  # a relay: no office is known
        (PART.replace("KCLE/NWS", "KDTX/NWS"), {}, False),
        (PART.replace("KCLE/NWS", "KDTX/NWS"), {"event": None}, True),
        (PART.replace("KCLE/NWS", "KDTX/NWS"), {"event": None, "sender_name": "NWS KCLE"}, False),
        (PART.replace("KCLE/NWS", "KDTX/NWS"), {"event": None, "sender_name": "NWS KDTX"}, True),
        (PART.replace("SVR", "TOR"), {}, False),
        (PART.replace("WXR", "CIV"), {}, False),
        (PART.replace("1101600", "1101601"), {}, False),
        (PART.replace("039095", "039147"), {}, False),
        (PART.replace("+0045", "+0030"), {}, True),
    ],
)
def test_a_header_is_of_a_message_by_what_they_have_in_common(
    maker: Any, new_register: Callable[..., Any], header: str, more: dict[str, Any], joins: bool
) -> None:
    heard = [warning(maker, **more), maker.off_air(header, 1)]
    found = admitted_in_any_order(heard, new_register, utc("2026-04-20T16:10"))
    assert len(found) == (1 if joins else 2)


def test_a_message_in_several_parts_is_found_by_a_header_of_all(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    """A watch of many counties comes as several messages of one event."""
    heard = [
        warning(maker, "A", PLACES[:2]),
        warning(maker, "B", PLACES[2:]),
        maker.off_air(WHOLE, 1),
    ]
    (alert,) = admitted_in_any_order(heard, new_register, utc("2026-04-20T16:10"))
    assert alert[-1] == 3


def test_a_message_of_very_many_places_is_found_by_its_states(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    many = tuple(f"039{county:03}" for county in range(1, 176, 2))
    heard = [warning(maker, "A", many), maker.off_air(PART, 1)]
    (alert,) = admitted_in_any_order(heard, new_register, utc("2026-04-20T16:10"))
    assert alert[-1] == 2


def test_a_header_without_a_credible_date_is_heard_again_until_it_is_over(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    old = "ZCZC-WXR-SVR-039173+0045-0011600-KCLE/NWS-"
    heard = [
        *(maker.off_air(old, 0), maker.off_air(old, 30, "162.400")),
        maker.off_air(old, 60 * 24 * 90),
    ]
    found = admitted_in_any_order(heard, new_register, utc("2026-07-19T16:10"))
    assert sorted((alert[-1], alert[1]) for alert in found) == [(1, "active"), (2, "ended")]


ACTIONS = ("NEW", "CON", "EXT", "CAN", "EXP")


@st.composite
def stories(draw: st.DrawFn) -> list[Reception]:
    """Messages of one number around New Year, and headers of one minute."""
    product = Product()
    hours = draw(st.lists(st.integers(0, 71), min_size=1, max_size=6, unique=True))
    said = []
    for hour in hours:
        at = utc("2014-12-31T00:00") + timedelta(hours=hour)
        ends = at + timedelta(hours=draw(st.sampled_from([2, 12, 30])))
        places = draw(st.sampled_from([["OKZ025"], ["OKZ026"], ["OKZ025", "OKZ026"]]))
        action = draw(st.sampled_from(ACTIONS))
        said.append(
            product.said(f"{at:%Y-%m-%dT%H:%M}", action, f"{ends:%Y-%m-%dT%H:%M}", places=places)
        )
    return said


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=stories(), data=st.data())
def test_whatever_was_said_around_new_year_its_order_of_arrival_does_not_matter(
    new_register: Callable[..., Any], said: list[Reception], data: st.DataObject
) -> None:
    at = utc("2015-01-02T06:00")
    states = []
    for order in (said, data.draw(st.permutations(said))):
        register = new_register(now=lambda: at)
        register.take_all(order)
        states.append({_summary(candidate, at)[:-1] for candidate in register.candidates})
    assert states[0] == states[1]


COUNTIES = ("039173", "039095", "039063", "039147")


@st.composite
def minutes(draw: st.DrawFn) -> list[tuple[str, frozenset[str], str]]:
    """What is said in one minute: messages and headers, each with some counties."""
    some = st.frozensets(st.sampled_from(COUNTIES), min_size=1, max_size=3)
    return draw(
        st.lists(
            st.tuples(st.sampled_from(["cap", "air"]), some, st.sampled_from(["0045", "0030"])),
            min_size=1,
            max_size=5,
        )
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=minutes(), data=st.data())
def test_whatever_is_said_in_one_minute_its_order_of_arrival_does_not_matter(
    maker: Any,
    new_register: Callable[..., Any],
    said: list[tuple[str, frozenset[str], str]],
    data: st.DataObject,
) -> None:
    heard = []
    for number, (via, counties, purge) in enumerate(said):
        places = tuple(sorted(counties))
        if via == "cap":
            heard.append(warning(maker, f"M{number}", places, f"KCLE.SV.W.{number + 1:04}.2026"))
        else:
            header = f"ZCZC-WXR-SVR-{'-'.join(places)}+{purge}-1101600-KCLE/NWS-"
            heard.append(maker.off_air(header, 1, f"162.{number}"))
    states = []
    for order in (heard, data.draw(st.permutations(heard))):
        register = new_register()
        register.take_all(order)
        states.append(_groups_heard(register.candidates, heard))
    assert states[0] == states[1]


def _groups_heard(candidates: Iterable[Any], heard: Sequence[Reception]) -> set[Any]:
    """The alerts by what they say: of equal headers any may be the first."""
    return {
        (
            frozenset(r.raw for r in candidate.receptions),
            candidate.alert.reception_count,
            frozenset(candidate.alert.same_codes),
        )
        for candidate in candidates
    }


def test_the_date_of_a_header_is_judged_when_the_clock_is_trusted(maker: Any) -> None:
    heard = maker.off_air(PART, 1, trusted=False)
    dated = from_same.dated(heard, utc("2026-04-20T16:05"))
    message = warning(maker)
    assert len(grouped([message, dated])) == 1
