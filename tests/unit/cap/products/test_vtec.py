from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.cap.products import vtec


def test_a_watch_is_read() -> None:
    (event,) = vtec.parse("/O.NEW.KMOB.TO.A.0641.251125T1805Z-251126T0000Z/")
    assert (event.product_class, event.action, event.office) == ("O", "NEW", "KMOB")
    assert (event.phenomenon, event.significance, event.number) == ("TO", "A", 641)
    assert event.begins_at == datetime(2025, 11, 25, 18, 5, tzinfo=UTC)
    assert event.ends_at == datetime(2025, 11, 26, tzinfo=UTC)
    assert event.key(2025) == "KMOB.TO.A.0641.2025"


def test_several_events_of_one_product_and_its_hydrologic_line() -> None:
    events = vtec.parse(
        "/O.UPG.KBUF.WS.A.0003.260120T0600Z-260121T0600Z/\n"
        "/O.NEW.KBUF.WS.W.0004.260120T0600Z-260121T0600Z/\n"
        "/00000.N.ER.000000T0000Z.000000T0000Z.000000T0000Z.OO/\n"
        "/O.NEW.KBUF.WS.W.0004.260120T0600Z-260121T0600Z/"
    )
    assert [(event.action, event.significance) for event in events] == [("UPG", "A"), ("NEW", "W")]


def test_zeros_mean_already_begun_and_until_further_notice() -> None:
    (event,) = vtec.parse("/T.CON.KTFX.FF.A.0003.000000T0000Z-000000T0000Z/")
    assert (event.product_class, event.begins_at, event.ends_at) == ("T", None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/O.NEW.KMOB.TO.A.641.251125T1805Z-251126T0000Z/",
        "/O.XXX.KMOB.TO.A.0641.251125T1805Z-251126T0000Z/",
        "/O.NEW.KMOB.TO.A.0641.251325T1805Z-251126T0000Z/",
        "/O.NEW.KMOB.TO.A.０６４１.251125T1805Z-251126T0000Z/",
    ],
)
def test_what_is_malformed_is_no_event(text: str) -> None:
    assert vtec.parse(text) == ()


@pytest.mark.parametrize("begins", ["700101T0000Z", "700101T0030Z", "891231T2359Z"])
def test_a_time_before_1990_says_that_it_has_begun(begins: str) -> None:
    (event,) = vtec.parse(f"/O.EXT.KSEW.FL.W.0005.{begins}-200108T1230Z/")
    assert event.begins_at is None
    assert event.ends_at == datetime(2020, 1, 8, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "/o.new.kmob.to.a.0641.251125t1805z-251126t0000z/",
        "/O.NEW.KMOB.TO.A.0641.251125T1805Z-251126T0000Z",
        "  /O.NEW.KMOB.TO.A.0641.251125T1805Z-251126T0000Z/  ",
    ],
)
def test_small_letters_and_a_missing_slash_are_no_fault(line: str) -> None:
    (event,) = vtec.parse(line)
    assert event.text == "/O.NEW.KMOB.TO.A.0641.251125T1805Z-251126T0000Z/"
    assert vtec.malformed(line) == ()


def test_a_line_that_begins_as_a_vtec_and_is_none_is_told() -> None:
    bad = "/O.NEW.KMOB.TO.A.641.251125T1805Z-251126T0000Z/"
    text = f"Words.\n{bad}\n/00000.N.ER.000000T0000Z.000000T0000Z.000000T0000Z.OO/\nNo/where."
    assert vtec.malformed(text) == (bad,)


def test_an_event_keeps_the_year_in_which_it_got_its_number() -> None:
    new_year = datetime(2026, 1, 1, 2, tzinfo=UTC)
    last_year = datetime(2025, 12, 31, 20, tzinfo=UTC)
    (issued,) = vtec.parse("/O.NEW.KBUF.WS.W.0099.260101T0600Z-260102T0600Z/")
    (begun,) = vtec.parse("/O.CON.KBUF.WS.W.0099.000000T0000Z-260102T0600Z/")
    (dated,) = vtec.parse("/O.EXT.KBUF.WS.W.0099.251231T2000Z-260102T0600Z/")
    assert vtec.year_of_issue(issued, last_year) == 2025
    assert vtec.year_of_issue(begun, new_year, (last_year,)) == 2025
    assert vtec.year_of_issue(dated, new_year) == 2025
    assert vtec.year_of_issue(begun, new_year) == 2026


@given(st.text(alphabet="/O.NEWKBUF0123456789TZ-\u0661", max_size=200))
def test_any_text_is_survived(text: str) -> None:
    for event in vtec.parse(text):
        assert event.text in text
