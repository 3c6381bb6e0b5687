from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.cap.products import ugc


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("OHC063-173-175", ("OHC063", "OHC173", "OHC175")),
        ("OHZ001>003-INZ009", ("OHZ001", "OHZ002", "OHZ003", "INZ009")),
        ("LEZ142>143-\n162-LEZ142-", ("LEZ142", "LEZ143", "LEZ162")),
        ("OHCALL", ("OHCALL",)),
        ("063-OHC173", None),
        ("OHC9>8", None),
        ("OHC003>001", None),
        ("OHCALL>003", None),
        ("OHC\u0661\u0662\u0663", None),
        ("OHC063--173", None),
        ("OHZ049-", ("OHZ049",)),
        ("ALC129-097-023-MSC041", ("ALC129", "ALC097", "ALC023", "MSC041")),
        ("OHZ049>051-053", ("OHZ049", "OHZ050", "OHZ051", "OHZ053")),
        ("OHZ001-001", ("OHZ001",)),
        ("OHZ009>007", None),
        ("049-OHZ05-OHX049-ohz049", None),
        ("", None),
    ],
)
def test_places_are_spelled_out(text: str, codes: tuple[str, ...] | None) -> None:
    assert ugc.codes(text) == codes


@given(st.text("OHZC0123456789->ALX \n٣", max_size=60))
def test_no_ugc_line_is_too_strange(text: str) -> None:
    for code in ugc.codes(text) or ():
        assert len(code) == 6
        assert code.isascii()
