from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station import tables
from eas_station.alerts.identity import identity
from eas_station.alerts.lifecycle import lifecycle
from eas_station.alerts.model import Reception
from eas_station.alerts.sources import from_cap
from eas_station.cap.documents import document
from eas_station.cap.message import CapMessage
from eas_station.cap.products import product_messages
from eas_station.cap.products.event_names import event_name, same_code
from eas_station.errors import CapError

CAP = Path(__file__).resolve().parents[5] / "shared" / "cap" / "nws_cap_xml"
REAL = next(iter(CAP.glob("haze__example_SVR_NWS_*.xml")), CAP / "haze")
NOW = datetime(2026, 4, 14, 0, 17, tzinfo=UTC)
TABLES = tables.load()


def product(*segments: str, heading: str = "WUUS51 KCLE 140016", awips: str = "SVRCLE") -> str:
    return "\n".join((heading, awips, *(f"{segment}\n\nWords.\n\n$$" for segment in segments)))


def said(places: str, *events: str, purge: str = "140115") -> str:
    lines = (f"/{event}.260414T0016Z-260414T0115Z/" for event in events)
    return "\n".join((f"{places}-{purge}-", *lines))


def messages(text: str, at: datetime = NOW) -> tuple[CapMessage, ...]:
    reading = product_messages.read(text, at, TABLES)
    assert reading.rejected == ()
    return reading.messages


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
    assert {key.strength for key in shared} == {"strong", "cap"}
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
    assert over.ends_at == datetime(2026, 4, 14, 1, 15, tzinfo=UTC), "EXP ends nothing early"
    assert over.end_reason is None
    assert not any(hold.in_force(over.ends_at) for hold in over.holds)


def test_the_same_product_again_has_the_same_name_and_a_corrected_one_another() -> None:
    text = product(said("OHC063", "O.NEW.KCLE.SV.W.0063"))
    (first,) = messages(text)
    (again,) = messages(text, NOW.replace(minute=30))
    (other,) = messages(text.replace("Words", "Other words"))
    assert first.identifier == again.identifier
    assert first.identifier != other.identifier


def test_a_forecast_and_a_routine_product_give_nothing() -> None:
    assert messages(product("OHC063-140115-", awips="HWOCLE")) == ()
    assert messages(product(said("OHC063", "O.ROU.KCLE.FL.W.0000"))) == ()


@pytest.mark.parametrize(
    ("category", "name", "originator"),
    [
        ("CAE", "Child Abduction Emergency", "CIV"),
        ("CEM", "Civil Emergency Message", "CIV"),
        ("LAE", "Local Area Emergency", "CIV"),
        ("EVI", "Evacuation Immediate", "CIV"),
        ("TOE", "911 Telephone Outage Emergency", "CIV"),
        ("BLU", "Blue Alert", "CIV"),
        ("FRW", "Fire Warning", "CIV"),
        ("SPS", "Special Weather Statement", "WXR"),
        ("TOR", "Tornado Warning", "WXR"),
    ],
)
def test_a_product_without_vtec_whose_category_is_an_eas_code_is_an_alert(
    category: str, name: str, originator: str
) -> None:
    text = product("OHC063-173-140115-\n\n...A HEADLINE...", awips=f"{category}CLE")
    (message,) = messages(text)
    statement = reception(message).statement
    assert (statement.event_name, statement.event_code) == (name, category)
    assert statement.originator == originator
    assert statement.same_codes == ("039063", "039173")
    assert statement.headline == "A HEADLINE"
    assert statement.expires_at == datetime(2026, 4, 14, 1, 15, tzinfo=UTC)
    assert statement.events == ()


def test_a_list_of_places_above_the_first_segment_is_no_alert_of_its_own() -> None:
    text = product("OHC063-140115-", said("OHC063", "O.CON.KCLE.FL.W.0012"), awips="FLSCLE")
    assert [message.infos[0].parameter("VTEC") is not None for message in messages(text)] == [True]


def test_a_malformed_vtec_is_told_and_the_category_stands_in_for_it() -> None:
    bad = said("OHC063", "O.NEW.KCLE.TO.W.63")
    reading = product_messages.read(product(bad, awips="TORCLE"), NOW, TABLES)
    (error,) = reading.rejected
    assert "WUUS51 KCLE TORCLE: not a P-VTEC: '/O.NEW.KCLE.TO.W.63." in str(error)
    (message,) = reading.messages
    assert reception(message).statement.event_code == "TOR"
    other = product_messages.read(product(bad, awips="NPWCLE"), NOW, TABLES)
    assert (len(other.rejected), other.messages) == (1, ())


def test_one_malformed_vtec_does_not_sink_the_others() -> None:
    both = said("OHZ001", "O.UPG.KCLE.WS.A.9", "O.NEW.KCLE.WS.W.0010")
    reading = product_messages.read(product(both, awips="WSWCLE"), NOW, TABLES)
    assert len(reading.rejected) == 1
    assert [m.infos[0].event for m in reading.messages] == ["Winter Storm Warning"]


def test_parts_of_a_list_that_cannot_be_read_stay_as_places() -> None:
    (message,) = messages(product(said("OHC063-17-175", "O.NEW.KCLE.SV.W.0063")))
    codes = [value for name, value in message.infos[0].areas[0].geocodes if name == "UGC"]
    assert codes == ["OHC063", "OHC175", "OHC17"]
    assert "not a place: 'OHC17'" in message.notes


def test_a_warning_without_a_list_of_places_is_an_alert_without_places() -> None:
    vtec_line = "/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0115Z/"
    (message,) = messages(product(vtec_line))
    assert message.infos[0].areas[0].geocodes == ()
    assert message.infos[0].expires_at is None
    assert message.infos[0].ends_at == datetime(2026, 4, 14, 1, 15, tzinfo=UTC)
    assert "it has no list of places" in message.notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (product("Words.", awips="CAEOH"), "neither a list of places nor a VTEC line"),
        ("/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0115Z/", "no WMO heading"),
    ],
)
def test_a_product_that_should_have_given_an_alert_and_cannot_is_refused(
    text: str, said: str
) -> None:
    with pytest.raises(CapError, match=said):
        product_messages.read(text, NOW, TABLES)


def test_the_identifier_beside_the_text_stands_for_one_that_is_missing_in_it() -> None:
    text = "WOUS43 KDMX 242023\nIAC000-250130-\n\nURGENT - CHILD ABDUCTION EMERGENCY\n\n$$"
    assert product_messages.read(text, NOW, TABLES).messages == ()
    (message,) = product_messages.read(text, NOW, TABLES, "CAEIA").messages
    assert message.infos[0].event == "Child Abduction Emergency"
    assert message.infos[0].parameter("AWIPSidentifier") == "CAEIA"
    with pytest.raises(CapError, match="no WMO heading"):
        product_messages.read(text.partition("\n")[2], NOW, TABLES, "CAEIA")


def test_an_event_without_a_number_is_told() -> None:
    reading = product_messages.read(product(said("OHC063", "O.NEW.KCLE.TO.W.0000")), NOW, TABLES)
    assert reading.messages == ()
    assert ["event number 0000" in str(error) for error in reading.rejected] == [True]


def test_a_corrected_product_says_so_in_its_heading() -> None:
    text = product(said("OHC063", "O.COR.KCLE.SV.W.0063"), heading="WUUS51 KCLE 140016 CCA")
    (corrected,) = messages(text)
    assert corrected.infos[0].parameter("WMOidentifier") == "WUUS51 KCLE 140016 CCA"
    (original,) = messages(product(said("OHC063", "O.NEW.KCLE.SV.W.0063")))
    assert original.infos[0].parameter("WMOidentifier") == "WUUS51 KCLE 140016"


def test_a_test_product_is_a_test() -> None:
    (message,) = messages(product(said("OHC063", "T.NEW.KCLE.TO.W.0001")))
    assert identity.is_exercise(reception(message).statement)
    title = "OHC063-140115-\n\nTEST...CIVIL EMERGENCY MESSAGE...TEST"
    (message,) = messages(product(title, awips="CEMCLE"))
    assert message.status == "Test"


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


VTEC_LINE = "/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0115Z/"
LINES = st.one_of(
    st.sampled_from(
        [
            *(
                "WUUS51 KCLE 140016",
                "WUUS51 KCLE 140016 CCA",
                "SVRCLE",
                "CAEOH",
                "$$",
                "$",
                "&&",
                "",
            ),
            *("OHC063-173-140115-", "OHZ001>999-", "140115-", "ohc063", "NCC-019-129-121530-"),
            *(VTEC_LINE, VTEC_LINE.lower(), "/O.NEW.KCLE.SV.W.63.2/", "/O.CAN.KCLE.TO.W.0001."),
            *("LAT...LON 4141 8388 4146", "8375 4158 8361", "Lat...Lon 1 2 3", "...A HEADLINE..."),
            *("TEST...TORNADO WARNING...TEST", "PRECAUTIONARY/PREPAREDNESS ACTIONS...", "<alert>"),
        ]
    ),
    st.text(max_size=30),
    st.text("OHCZ0123456789->/.TKLE ", max_size=60),
)


@given(st.lists(LINES, max_size=25), st.sampled_from(["\n", "\r\n", "\r\r\n", "\n\n", "\r"]))
def test_any_lines_give_a_reading_or_a_refusal(lines: list[str], line_break: str) -> None:
    text = line_break.join(lines)
    product_messages.cap_document(text)
    try:
        reading = product_messages.read(text, NOW, TABLES)
    except CapError as error:
        assert str(error)
        return
    for message in reading.messages:
        assert len(message.infos) == 1
        reception(message)
    assert all(str(error) and error.text for error in reading.rejected)


CHARS = 195_000
HEADING = "WUUS51 KCLE 140016\nSVRCLE\n"
HOSTILE = {
    "lines of places": HEADING + "OHC063-173-\n" * (CHARS // 12),
    "hyphens": HEADING + "-\n" * 9_000 + VTEC_LINE,
    "events": HEADING + "OHC063-140115-\n" + f"{VTEC_LINE}\n" * 3_900,
    "faults": HEADING + "OHC063-140115-\n" + "/O.NEW.KCLE.SV.W.63.2\n" * 8_000,
    "headlines": HEADING + f"OHC063-140115-\n{VTEC_LINE}\n" + "...A" * (CHARS // 4),
    "polygons": HEADING + f"OHC063-140115-\n{VTEC_LINE}\n" + "LAT...LON \n" * 9_000,
    "points": HEADING + f"OHC063-140115-\n{VTEC_LINE}\nLAT...LON" + " 4141 8388" * 19_000,
    "blanks": HEADING + f"OHC063-140115-\n{VTEC_LINE}\n" + " " * CHARS,
    "line breaks": HEADING + f"OHC063-140115-\n{VTEC_LINE}\n" + "\r\n" * 90_000,
    "blank lines below the heading": "WUUS51 KCLE 140016\n" + "\n \n" * 60_000 + VTEC_LINE,
    "tags": "<alert>" + "</alert >" * 100_000,
    "a megabyte": f"{VTEC_LINE}\n" + "x\n" * 500_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_product_takes_no_time_to_speak_of(text: str) -> None:
    began_s = time.process_time()
    product_messages.cap_document(text)
    try:
        reading = product_messages.read(text, NOW, TABLES)
    except CapError:
        pass
    else:
        assert len(reading.messages) <= 4_000
        assert len(reading.rejected) <= 11
    assert time.process_time() - began_s < 1.0  # measured: 60 ms
