"""Text products of the National Weather Service, made up in the documented form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.cap.products import text_product
from eas_station.errors import CapError

NOW = datetime(2026, 4, 14, 0, 17, tzinfo=UTC)
SEVERE = """
000 \nWUUS51 KCLE 140016
SVRCLE
OHC063-173-175-140115-
/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0115Z/

BULLETIN - IMMEDIATE BROADCAST REQUESTED
Severe Thunderstorm Warning

* Severe Thunderstorm Warning for...
  Wood County in northwestern Ohio...

PRECAUTIONARY/PREPAREDNESS ACTIONS...

For your protection move to an interior room.

&&

LAT...LON 4141 8388 4146 8375 4158 8361 4162 8357
      4103 8342
TIME...MOT...LOC 0016Z 286DEG 25KT 4162 8369 4133 8386

HAIL THREAT...RADAR INDICATED

$$

KEC
"""
WINTER = """
WWUS41 KBUF 310930 CCA
WSWBUF

URGENT - WINTER WEATHER MESSAGE...CORRECTED
National Weather Service Buffalo NY
430 AM EST Thu Dec 31 2026

...WINTER STORM ON THE WAY...

NYZ001>003-010-
PAZALL-011700-
/O.UPG.KBUF.WS.A.0009.270101T0000Z-270102T0000Z/
/O.NEW.KBUF.WS.W.0010.261231T2100Z-270102T0000Z/
/00000.0.ER.000000T0000Z.000000T0000Z.000000T0000Z.OO/
Niagara-Orleans-Monroe-
430 AM EST Thu Dec 31 2026

...WINTER STORM WARNING IN EFFECT FROM 4 PM THIS AFTERNOON TO
7 PM EST FRIDAY...

* WHAT...Heavy snow.

$$

NYZ019-020-011700-
/O.CAN.KBUF.WS.A.0009.000000T0000Z-270102T0000Z/

...WINTER STORM WATCH IS CANCELLED...

$$
"""


def test_a_warning_has_its_places_its_event_its_words_and_its_polygon() -> None:
    product = text_product.parse(SEVERE, NOW)
    assert (product.wmo, product.office, product.awips) == ("WUUS51", "KCLE", "SVRCLE")
    assert (product.issued_at, product.correction) == (NOW.replace(minute=16), None)
    (segment,) = product.segments
    assert segment.ugc_codes == ("OHC063", "OHC173", "OHC175")
    assert segment.expires_at == datetime(2026, 4, 14, 1, 15, tzinfo=UTC)
    (event,) = segment.events
    assert (event.key(2026), event.action) == ("KCLE.SV.W.0063.2026", "NEW")
    assert segment.description is not None
    assert segment.description.startswith("BULLETIN")
    assert segment.description.endswith("Wood County in northwestern Ohio...")
    assert segment.instruction == "For your protection move to an interior room."
    assert segment.polygon == (
        (41.41, -83.88), (41.46, -83.75), (41.58, -83.61), (41.62, -83.57), (41.03, -83.42),
        (41.41, -83.88),
    )  # fmt: skip


def test_segments_have_places_and_events_of_their_own_and_the_year_turns() -> None:
    product = text_product.parse(WINTER, datetime(2026, 12, 31, 9, 31, tzinfo=UTC))
    first, second = product.segments
    assert product.correction == "CCA"
    assert first.ugc_codes == ("NYZ001", "NYZ002", "NYZ003", "NYZ010", "PAZALL")
    assert first.expires_at == datetime(2027, 1, 1, 17, 0, tzinfo=UTC)
    assert [(e.action, e.phenomenon, e.significance) for e in first.events] == [
        ("UPG", "WS", "A"), ("NEW", "WS", "W"),
    ]  # fmt: skip
    assert first.headline == (
        "WINTER STORM WARNING IN EFFECT FROM 4 PM THIS AFTERNOON TO 7 PM EST FRIDAY"
    )
    assert second.ugc_codes == ("NYZ019", "NYZ020")
    assert second.headline == "WINTER STORM WATCH IS CANCELLED"
    assert second.polygon is None


def test_the_month_of_a_heading_is_the_nearest_one() -> None:
    at = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
    assert text_product.near(28, 23, 59, at) == datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
    assert text_product.near(1, 0, 10, at) == datetime(2026, 3, 1, 0, 10, tzinfo=UTC)
    new_year = datetime(2027, 1, 1, 0, 5, tzinfo=UTC)
    assert text_product.near(31, 23, 50, new_year) == datetime(2026, 12, 31, 23, 50, tzinfo=UTC)
    assert text_product.near(32, 0, 0, at) is None
    assert text_product.near(1, 24, 0, at) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no WMO heading"),
        ("WUUS51 KCLE 14001", "no WMO heading"),
        ("WUUS51 KCLE 992599", "no time in the WMO heading"),
        ("x" * 200_001, "a product of 200001 characters"),
        ("WUUS51 KCLE 140016\nSVRCLE\n" + "\n" * 20_000, "a product of 20002 lines"),
        (
            "WUUS51 KCLE 140016\nSVRCLE\n" + "OHC001>999-140115-\n$$\n" * 10,
            "more than 5000 places in one product",
        ),
        (
            "WUUS51 KCLE 140016\nSVRCLE\n" + "OHC001-140115-\n$$\n" * 300,
            "more than 200 segments",
        ),
    ],
)
def test_what_is_no_product_is_refused(text: str, said: str) -> None:
    with pytest.raises(CapError, match=said):
        text_product.parse(text, NOW)


@pytest.mark.parametrize(
    "lines",
    [
        "OHC063-173-\n" * 9_000,
        "OHC063-\nOHC063\n" * 4_900,
        "...A\n" * 9_900,
        "LAT...LON " + "4141 8388 " * 15_000,
        "/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0115Z/\n" * 3_000,
        "\n" * 9_900,
    ],
)
def test_a_long_product_of_one_kind_of_line_takes_no_time_to_speak_of(lines: str) -> None:
    text = f"WUUS51 KCLE 140016\nSVRCLE\nOHC063-140115-\n{lines}\n$$\n"
    assert text_product.parse(text, NOW).segments[0].ugc_codes == ("OHC063",)


@given(st.text(max_size=400), st.integers(0, len(SEVERE)), st.integers(0, 40))
def test_any_damage_gives_a_product_or_is_refused(noise: str, at: int, gone: int) -> None:
    text = SEVERE[:at] + noise + SEVERE[at + gone :]
    try:
        product = text_product.parse(text, NOW)
    except CapError:
        return
    for segment in product.segments:
        assert segment.has_list or segment.events or segment.malformed_vtec or "LAT" in segment.text
        if segment.expires_at is not None:
            assert abs(segment.expires_at - product.issued_at).days < 46


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\nb\n\n\n\nc", "a\nb\n\nc"),
        ("\n\n000\n\nWUUS51", "\n000\nWUUS51"),
        ("a\nb\n\nc", "a\nb\n\nc"),
        ("a\r\n\r\nb", "a\nb"),
        ("a\r\r\nb\rc", "a\nb\nc"),
        ("\x01\n\n375\x03", "\n375"),
    ],
)
def test_the_line_breaks_of_the_wire_are_made_single_ones(text: str, expected: str) -> None:
    assert text_product.plain(text) == expected


BAD_PLACES = """
030
WGUS42 KILM 121229
FLWILM

NCC-019-129-121530-
/O.NEW.KILM.FA.W.0001.130412T1229Z-130412T1530Z/

Words.

&&

LAT...LON 3415 7783 3391 7794 3390 7809 3391 7813
$$
"""


def test_a_list_with_a_fault_loses_neither_the_event_nor_the_polygon() -> None:
    product = text_product.parse(BAD_PLACES, datetime(2013, 4, 12, 12, 30, tzinfo=UTC))
    (segment,) = product.segments
    assert segment.ugc_codes == ("NCC019", "NCC129")
    assert [event.number for event in segment.events] == [1]
    assert segment.polygon is not None
    worse = BAD_PLACES.replace("NCC-019-129-121530-", "NCC 019...129")
    (segment,) = text_product.parse(worse, datetime(2013, 4, 12, 12, 30, tzinfo=UTC)).segments
    assert (segment.ugc_codes, segment.has_list, segment.expires_at) == ((), False, None)
    assert [event.number for event in segment.events] == [1]
    assert segment.polygon is not None


def test_a_product_in_small_letters_is_read() -> None:
    text = SEVERE.lower()
    (segment,) = text_product.parse(text, NOW).segments
    assert text_product.parse(text, NOW).awips == "SVRCLE"
    assert segment.ugc_codes == ("OHC063", "OHC173", "OHC175")
    assert segment.events[0].text == "/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0115Z/"
    assert segment.polygon is not None


def test_a_malformed_vtec_line_is_kept_as_it_is_written() -> None:
    text = SEVERE.replace("260414T0115Z/", "260414T0175Z/")
    (segment,) = text_product.parse(text, NOW).segments
    assert segment.events == ()
    assert segment.malformed_vtec == ("/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0175Z/",)


def test_a_product_says_in_its_title_that_it_is_a_test() -> None:
    assert not text_product.parse(SEVERE, NOW).is_test
    text = SEVERE.replace(
        "Severe Thunderstorm Warning", "TEST...SEVERE THUNDERSTORM WARNING...TEST"
    )
    assert text_product.parse(text, NOW).is_test
