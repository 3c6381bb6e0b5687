from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.alerts.identity.identity import is_exercise, keys, message_name, same_key
from eas_station.alerts.model import EventRef, MessageId, Statement
from eas_station.alerts.sources import from_same
from eas_station.alerts.vtec.vtec_events import primary_events

CASES = Path(__file__).resolve().parents[5] / "shared/data/cases/duplicates.csv"
TORNADO = "ZCZC-WXR-TOR-048029-048325+0045-1101600-KEWX/NWS-"
RELAYED = "ZCZC-WXR-TOR-048029-048325+0045-1101600-WOAI/AM -"
LONGER = "ZCZC-WXR-TOR-048029-048325+0100-1101600-EASTATN -"
OTHER_MINUTE = "ZCZC-WXR-TOR-048029-048325+0045-1101601-KEWX/NWS-"
OTHER_PLACE = "ZCZC-WXR-TOR-048029-048327+0045-1101600-KEWX/NWS-"
OTHER_ORDER = "ZCZC-WXR-TOR-048325-048029+0045-1101600-KEWX/NWS-"
EVENT = "KEWX.TO.W.0012.2026"


def test_the_same_warning_by_two_transmitters_is_one_alert(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register()
    register.take_all([maker.off_air(TORNADO, 1), maker.off_air(RELAYED, 2, "162.400")])
    (alert,) = register.alerts
    assert alert.reception_count == 2


@pytest.mark.parametrize("other", [OTHER_MINUTE, OTHER_PLACE, LONGER])
def test_near_twins_off_the_air_stay_two_alerts(
    maker: Any, new_register: Callable[..., Any], other: str
) -> None:
    register = new_register()
    assert len(register.take_all([maker.off_air(TORNADO, 1), maker.off_air(other, 1)])) == 2


def test_the_order_of_places_makes_no_other_warning(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register()
    assert len(register.take_all([maker.off_air(TORNADO, 1), maker.off_air(OTHER_ORDER, 2)])) == 1


def test_a_year_later_the_same_text_is_another_warning(maker: Any) -> None:
    first = maker.off_air(TORNADO, 1)
    later = maker.off_air(TORNADO, 1 + 365 * 24 * 60)
    assert not set(keys(first)) & set(keys(later))


@pytest.mark.parametrize("cap_first", [True, False])
@pytest.mark.parametrize("header", [TORNADO, LONGER])
def test_a_warning_by_cap_and_off_the_air_is_one_alert(
    maker: Any, new_register: Callable[..., Any], cap_first: bool, header: str
) -> None:
    """The purge times may differ: CAP rounds up what is left, NWR has its own."""
    heard = maker.off_air(TORNADO, 1)
    by_cap = maker.cap("A", 0, same_header=header)
    register = new_register()
    register.take_all([by_cap, heard] if cap_first else [heard, by_cap])
    (alert,) = register.alerts
    assert alert.reception_count == 2


def test_twins_off_the_air_do_not_meet_through_a_cap_message(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    """Whatever comes first, two headers that differ in the purge time stay apart."""
    for order in itertools.permutations(range(3)):
        receptions = [
            maker.off_air(TORNADO, 1),
            maker.off_air(LONGER, 1),
            maker.cap("A", 0, same_header=LONGER),
        ]
        register = new_register()
        register.take_all(receptions[index] for index in order)
        assert len(register.alerts) == 2
        for candidate in register.candidates:
            heard = {r.statement.same_header for r in candidate.receptions if r.via == "same"}
            assert len(heard) <= 1


def test_two_cap_messages_with_one_header_stay_two_alerts(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    register = new_register()
    register.take(maker.cap("A", 0, same_header=TORNADO))
    register.take(maker.cap("B", 0, same_header=TORNADO))
    register.take(maker.off_air(TORNADO, 1))
    assert [alert.reception_count for alert in register.alerts] == [2, 1]


def test_the_copy_by_ipaws_is_the_same_message(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    by_nws = maker.cap("urn:oid:1", 0)
    by_ipaws = maker.cap("urn:oid:1.IPAWS", 0)
    register = new_register()
    assert len(register.take_all([by_nws, by_ipaws])) == 1


def test_an_offset_of_the_same_instant_is_no_other_message() -> None:
    utc = MessageId("s", "i", datetime.fromisoformat("2026-04-20T16:00:00+00:00"))
    local = MessageId("s", "i", datetime.fromisoformat("2026-04-20T11:00:00-05:00"))
    assert message_name(utc) == message_name(local)


def test_what_refers_to_an_alert_joins_it_in_any_order(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    for kind in ("update", "cancel"):
        alert = maker.cap("A", 0)
        later = maker.cap("B", 10, kind=kind, references=["A@0"])
        assert len(new_register().take_all([alert, later])) == 1
        assert len(new_register().take_all([later, alert])) == 1


def test_a_vtec_event_joins_what_has_no_references(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    new = maker.cap("A", 0, vtec=[("NEW", EVENT)])
    continued = maker.cap("B", 10, vtec=[("CON", EVENT)])
    assert len(new_register().take_all([new, continued])) == 1
    other = maker.cap("C", 10, vtec=[("NEW", "KEWX.TO.W.0013.2026")])
    assert len(new_register().take_all([new, other])) == 2


def test_a_message_with_several_events_belongs_to_the_one_that_goes_on() -> None:
    upgraded = EventRef("KEWX.TO.A.0007.2026", "UPG", "O", None, None)
    new = EventRef(EVENT, "NEW", "O", None, None)
    said = Statement("alert", "actual", "Tornado Warning", datetime.fromisoformat("2026-04-20T16Z"))
    assert primary_events(replace(said, events=(upgraded, new))) == (new,)
    assert primary_events(replace(said, events=(upgraded,))) == (upgraded,)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "test"},
        {"status": "exercise"},
        {"vtec": [("NEW", EVENT)], "product_class": "T"},
        {"signature": "invalid: digest differs"},
    ],
)
def test_a_test_or_a_forgery_never_meets_a_real_warning(
    maker: Any, new_register: Callable[..., Any], change: dict[str, Any]
) -> None:
    change = dict(change)
    product_class = change.pop("product_class", "O")
    real = maker.cap("A", 0, vtec=[("NEW", EVENT)], same_header=TORNADO)
    vtec = change.pop("vtec", [("CAN", EVENT)])
    false = maker.cap(
        "B", 5, kind="cancel", references=["A@0"], vtec=vtec, same_header=TORNADO, **change
    )
    if product_class == "T":
        events = tuple(replace(e, product_class="T") for e in false.statement.events)
        false = replace(false, statement=replace(false.statement, events=events))
        assert is_exercise(false.statement)
    register = new_register()
    register.take_all([real, false, maker.off_air(TORNADO, 1)])
    assert [alert.reception_count for alert in register.alerts] == [2, 1]
    assert register.alerts[0].end_reason is None


def test_what_refers_to_two_alerts_shows_that_they_are_one(
    maker: Any, new_register: Callable[..., Any]
) -> None:
    said = [
        maker.cap("A", 0),
        maker.cap("B", 1),
        maker.cap("C", 2, kind="update", references=["B@1", "A@0"]),
    ]
    for order in itertools.permutations(said):
        register = new_register()
        register.take_all(order)
        assert [alert.reception_count for alert in register.alerts] == [3]
    register = new_register()
    register.take_all(said)
    assert register.joined == {"alert-1": "alert-0"}


def test_a_reference_decides_before_a_header(maker: Any, new_register: Callable[..., Any]) -> None:
    register = new_register()
    register.take_all([maker.off_air(TORNADO, 0), maker.cap("A", 1)])
    register.take(maker.cap("B", 2, kind="update", references=["A@1"], same_header=TORNADO))
    assert [alert.reception_count for alert in register.alerts] == [1, 2]


def test_keys_are_short_and_each_once(maker: Any) -> None:
    long = maker.cap("x" * 10_000, 0, references=["y@0", "y@0"], same_header=TORNADO)
    found = keys(long)
    assert len(found) == len(set(found)) == 4
    assert all(len(key.text) <= 200 for key in found)


@given(st.text(), st.text())
def test_no_text_in_a_message_is_too_strange_for_a_key(header: str, name: str) -> None:
    moment = datetime.fromisoformat("2026-04-20T16:00Z")
    said = Statement(
        "alert",
        "actual",
        "x",
        moment,
        same_header=header,
        message=MessageId(name, name + "\ud800", moment),
    )
    key = same_key(said)
    assert key is None or len(key.text) <= 200


def pairs() -> list[dict[str, str]]:
    if not CASES.exists():
        return []
    with CASES.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.skipif(not CASES.exists(), reason=f"{CASES} is absent")
@pytest.mark.parametrize("case", pairs(), ids=lambda case: case["case"])
def test_every_shared_pair_is_one_alert_or_two(
    case: dict[str, str], new_register: Callable[..., Any]
) -> None:
    """A repeat after the end is still a hearing of that alert; a trimmed list of places is not."""
    register = new_register()
    for name in ("a", "b"):
        register.take(
            from_same.reception(
                case[name],
                origin="wx",
                channel=None,
                received_at=datetime.fromisoformat(case[f"{name}_received"]),
                evidence=None,
                clock_trusted=True,
                event_name=lambda code: code,
                new_id=lambda name=name: name,  # type: ignore[misc]
            )
        )
    one = case["duplicate"].startswith(("yes", "no (expired)")) or "order" in case["case"]
    assert len(register.alerts) == (1 if one else 2)
