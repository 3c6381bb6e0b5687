from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eas_station.alerts import from_cap, identity, lifecycle
from eas_station.alerts.model import Reception
from eas_station.cap.documents import document
from eas_station.cap.message import CapMessage
from eas_station.cap.products import product_messages
from eas_station.cap.products.event_names import event_name, same_code

CAP = Path(__file__).resolve().parents[5] / "shared" / "cap" / "nws_cap_xml"
REAL = next(iter(CAP.glob("haze__example_SVR_NWS_*.xml")), CAP / "haze")
NOW = datetime(2026, 4, 14, 0, 17, tzinfo=UTC)
ZONES = {"OHC063": ("039063",), "OHC173": ("039173",), "OHC175": ("039175",)}


def product(*segments: str, heading: str = "WUUS51 KCLE 140016", awips: str = "SVRCLE") -> str:
    return "\n".join((heading, awips, *(f"{segment}\n\nWords.\n\n$$" for segment in segments)))


def said(places: str, *events: str, purge: str = "140115") -> str:
    lines = (f"/{event}.260414T0016Z-260414T0115Z/" for event in events)
    return "\n".join((f"{places}-{purge}-", *lines))


def messages(text: str, at: datetime = NOW) -> tuple[CapMessage, ...]:
    return product_messages.messages(text, at, ZONES)


def reception(message: CapMessage, number: int = 1) -> Reception:
    return from_cap.reception(
        message, origin="wire", received_at=NOW, clock_trusted=True, callsign="EASTATN",
        new_id=lambda: f"{number:08}",
    )  # fmt: skip


def receptions(*groups: Sequence[CapMessage]) -> list[Reception]:
    every = [message for group in groups for message in group]
    return [reception(message, number) for number, message in enumerate(every)]


def test_a_warning_becomes_a_message_with_its_code_and_never_goes_on_the_air() -> None:
    (message,) = messages(product(said("OHC063-173-175", "O.NEW.KCLE.SV.W.0063")))
    assert message.sender == "KCLE@nwws-oi.weather.gov"
    assert message.message_type == "Alert"
    statement = reception(message).statement
    assert (statement.event_name, statement.event_code) == ("Severe Thunderstorm Warning", "SVR")
    assert statement.same_codes == ("039063", "039173", "039175")
    assert statement.ugc_codes == ("OHC063", "OHC173", "OHC175")
    assert statement.same_header == "ZCZC-WXR-SVR-039063-039173-039175+0100-1040016-EASTATN -"
    assert statement.same_refusal == "blocked by BLOCKCHANNEL=EAS"


@pytest.mark.shared
@pytest.mark.skipif(not REAL.is_file(), reason=f"{REAL} is not there")
def test_the_weather_services_own_cap_message_of_the_product_joins_it_by_vtec_and_by_header() -> (
    None
):
    (text,) = messages(product(said("OHC063-173-175", "O.NEW.KCLE.SV.W.0063")))
    (cap,) = document.parse(REAL.read_bytes()).messages
    shared = set(identity.keys(reception(text))) & set(identity.keys(reception(cap)))
    assert {key.strength for key in shared} == {"strong", "same", "fold"}
    course = lifecycle.fold([reception(text, 1), reception(cap, 2)])
    assert {hold.by.message for hold in course.holds} == {reception(cap).statement.message}


def test_each_event_of_a_segment_is_a_message_of_its_own_so_that_two_warnings_stay_two() -> None:
    both = said("OHZ001", "O.UPG.KCLE.WS.A.0009", "O.NEW.KCLE.WS.W.0010", "O.NEW.KCLE.WC.Y.0004")
    found = messages(product(both, heading="WWUS41 KCLE 140016", awips="WSWCLE"))
    assert [(m.message_type, reception(m).statement.event_name) for m in found] == [
        ("Cancel", "Winter Storm Watch"),
        ("Alert", "Winter Storm Warning"),
        ("Alert", "Wind Chill Advisory"),
    ]
    keys = [set(identity.keys(reception(m))) for m in found]
    assert not keys[0] & keys[1]
    assert not keys[1] & keys[2]
    assert [reception(m).statement.event_code for m in found] == [None, "WSW", None]


def test_a_cancelled_part_is_released_and_the_rest_stays_to_its_end() -> None:
    first = messages(product(said("OHC063-173-175", "O.NEW.KCLE.SV.W.0063")))
    later = product(
        said("OHC063", "O.CAN.KCLE.SV.W.0063"),
        said("OHC173-175", "O.CON.KCLE.SV.W.0063"),
        heading="WWUS51 KCLE 140040",
        awips="SVSCLE",
    )
    second = messages(later, NOW.replace(minute=40))
    course = lifecycle.fold(receptions(first, second))
    held = {hold.place for hold in course.holding(NOW.replace(minute=45))}
    assert held == {"OHC173", "OHC175"}
    assert course.ends_at == datetime(2026, 4, 14, 1, 15, tzinfo=UTC)
    expired = product(
        said("OHC173-175", "O.EXP.KCLE.SV.W.0063"), heading="WWUS51 KCLE 140110", awips="SVSCLE"
    )
    third = messages(expired, datetime(2026, 4, 14, 1, 10, tzinfo=UTC))
    over = lifecycle.fold(receptions(first, second, third))
    assert over.ends_at == datetime(2026, 4, 14, 1, 10, tzinfo=UTC)
    assert not any(hold.in_force(over.ends_at) for hold in over.holds)


def test_the_same_product_again_has_the_same_name_and_a_corrected_one_another() -> None:
    text = product(said("OHC063", "O.NEW.KCLE.SV.W.0063"))
    (first,) = messages(text)
    (again,) = messages(text, NOW.replace(minute=30))
    (other,) = messages(text.replace("Words", "Other words"))
    assert first.identifier == again.identifier
    assert first.identifier != other.identifier


def test_a_product_without_vtec_and_a_routine_one_are_left_to_cap() -> None:
    assert messages(product("OHC063-140115-")) == ()
    assert messages(product(said("OHC063", "O.ROU.KCLE.FL.W.0000"))) == ()


def test_a_test_product_is_a_test() -> None:
    (message,) = messages(product(said("OHC063", "T.NEW.KCLE.TO.W.0001")))
    assert identity.is_exercise(reception(message).statement)


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        ("TO.W", "Tornado Warning"), ("FW.W", "Red Flag Warning"), ("FW.A", "Fire Weather Watch"),
        ("MA.W", "Special Marine Warning"), ("XX.W", "VTEC XX.W"), ("TO.?", "VTEC TO.?"),
    ],
)  # fmt: skip
def test_letters_have_names(letters: str, name: str) -> None:
    assert event_name(*letters.split(".")) == name


def test_a_continuation_has_the_code_of_its_statement_and_no_other() -> None:
    assert same_code("SV", "W", is_new=True, category="SVR") == "SVR"
    assert same_code("SV", "W", is_new=False, category="SVS") == "SVS"
    assert same_code("WS", "W", is_new=False, category="WSW") is None
    assert same_code("WW", "Y", is_new=True, category="WSW") is None


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("no", None),
        ("XOUS51 KWBC\n<?xml version='1.0' encoding='UTF-16'?>\n<alert>ü</alert>\n\x03",
         "<alert>ü</alert>".encode()),
        ("<c:alert >1</c:alert\n> $$", b"<c:alert >1</c:alert\n>"),
        ("<alert>cut", b"<alert>cut"),
        ("<alerts>", None),
    ],
)  # fmt: skip
def test_a_cap_document_is_cut_out_of_its_product(text: str, document: bytes | None) -> None:
    assert product_messages.cap_document(text) == document
