from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.cap.products import ugc, vtec

VTEC = "/O.NEW.KILM.FA.W.0001.130412T1229Z-130412T1530Z/"


def found(*lines: str) -> list[tuple[int, int]]:
    blocks = ugc.find(lines, [vtec.has_line(line) for line in lines])
    return [(block.start, block.end) for block in blocks]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("OHC063-173-175", ("OHC063", "OHC173", "OHC175")),
        ("OHZ001>003-INZ009", ("OHZ001", "OHZ002", "OHZ003", "INZ009")),
        ("LEZ142>143-\n162-LEZ142-", ("LEZ142", "LEZ143", "LEZ162")),
        ("OHCALL", ("OHCALL",)),
        ("OHZ049-", ("OHZ049",)),
        ("ALC129-097-023-MSC041", ("ALC129", "ALC097", "ALC023", "MSC041")),
        ("OHZ049>051-053", ("OHZ049", "OHZ050", "OHZ051", "OHZ053")),
        ("OHZ049>OHZ051", ("OHZ049", "OHZ050", "OHZ051")),
        ("OHZ001-001", ("OHZ001",)),
        ("", ()),
    ],
)
def test_places_are_spelled_out(text: str, codes: tuple[str, ...]) -> None:
    places = ugc.read(text)
    assert (places.codes, places.unread) == (codes, ())


@pytest.mark.parametrize(
    ("text", "codes", "unread"),
    [
        ("063-OHC173", ("OHC173",), ("063",)),
        ("OHC9>8", (), ("OHC9>8",)),
        ("OHC003>001-005", ("OHC005",), ("OHC003>001",)),
        ("OHCALL>003", (), ("OHCALL>003",)),
        ("OHC001>INC003", (), ("OHC001>INC003",)),
        ("OHC\u0661\u0662\u0663", (), ("OHC\u0661\u0662\u0663",)),
        ("OHC063-17-175", ("OHC063", "OHC175"), ("OHC17",)),
        ("OHCO63-175", ("OHC175",), ("OHCO63",)),
        ("INC001-OHK063-065", ("INC001",), ("OHK063", "065")),
        ("OHC063-ALL", ("OHC063", "OHCALL"), ()),
        ("OHC063--173", ("OHC063", "OHC173"), ()),
        ("NCC-019-129", ("NCC019", "NCC129"), ()),
        ("OHC063173-175", ("OHC063", "OHC173", "OHC175"), ()),
        ("OHC063INC001-003", ("OHC063", "INC001", "INC003"), ()),
        ("OHC063173>175", ("OHC063", "OHC173", "OHC174", "OHC175"), ()),
        ("ohc063-ohz001>002", ("OHC063", "OHZ001", "OHZ002"), ()),
    ],
)  # fmt: skip
def test_of_a_list_with_faults_what_can_be_read_is_read_and_the_rest_is_kept(
    text: str, codes: tuple[str, ...], unread: tuple[str, ...]
) -> None:
    places = ugc.read(f"{text}-140115-")
    assert (places.codes, places.unread, places.purge) == (codes, unread, (14, 1, 15))


@pytest.mark.parametrize(
    ("text", "purge"),
    [
        ("OHC063-140115-", (14, 1, 15)),
        ("OHC063-140115", (14, 1, 15)),
        ("OHC063-\n140115-", (14, 1, 15)),
        ("OHC063140115-", (14, 1, 15)),
        ("OHC063-142415-", None),
        ("OHC063-", None),
    ],
)
def test_a_list_ends_with_its_purge_time(text: str, purge: tuple[int, int, int] | None) -> None:
    places = ugc.read(text)
    assert places.purge == purge
    assert places.codes[:1] == ("OHC063",)


@pytest.mark.parametrize(
    "text", ["OHC063-140115-", "OHC063>065-INZ001-003-INCALL-\n140115-", "OHZ000-140115-"]
)
def test_a_list_without_a_fault_is_not_mended(text: str) -> None:
    assert ugc.read(text).mended is None


def test_a_list_with_a_fault_is_kept_as_written() -> None:
    assert ugc.read("NCC-019-129-121530-").mended == "NCC-019-129-121530-"


def test_a_list_may_be_broken_at_its_hyphens_and_before_its_purge_time() -> None:
    assert found("OHC063-173-", "175-", "140115-", "WORDS") == [(0, 3)]
    assert found("OHC063-173-175", "-140115", "", "WORDS") == [(0, 2)]


def test_a_list_without_a_purge_time_is_one_only_above_a_vtec_line() -> None:
    assert found("OHC063-173-", VTEC) == [(0, 1)]
    assert found("OHC063-173-", "WORDS.") == []
    assert found("OH063-173-140115-", VTEC) == [(0, 1)]


def test_what_stands_above_a_list_is_no_part_of_it() -> None:
    assert found("CAEIA", "IAC000-250130-", "", "WORDS-MORE", "OHC063-140115-") == [(1, 2), (4, 5)]
    assert found("829 AM EDT FRI APR 12 2013", "TORILM", VTEC) == []


def test_a_number_in_the_text_begins_no_list() -> None:
    assert found("ORC-122356", "CALL 800-697-390125-", "MPH-131415-") == [(0, 1)]


@given(st.text("OHZC0123456789->ALX \n٣", max_size=60))
def test_any_list_gives_codes_of_six_ascii_characters(text: str) -> None:
    for code in ugc.read(text).codes:
        assert len(code) == 6
        assert code.isascii()
