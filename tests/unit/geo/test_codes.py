from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.geo.codes import (
    counties_of,
    expand_ugc,
    matches,
)

CASES = Path(__file__).resolve().parents[4] / "shared/data/cases/location_match.csv"


def cases() -> list[dict[str, str]]:
    """Rows that codes alone decide: not EAN, which is an event, nor Canada's twins."""
    if not CASES.exists():
        return []
    with CASES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [
        row for row in rows if row["match"] in ("yes", "no") and ":" not in row["alert_location"]
    ]


@pytest.mark.parametrize(
    ("filter_code", "alert_code", "concerns"),
    [
        ("048029", "048029", True),
        ("048029", "048000", True),
        ("048029", "000000", True),
        ("048000", "048029", True),
        ("048029", "148029", True),
        ("148029", "048029", True),
        ("148029", "948029", False),
        ("148029", "048000", True),
        ("048029", "048325", False),
        ("048029", "047000", False),
        ("000000", "048029", False),
        ("000000", "000000", True),
        ("075650", "077650", False),
        ("051840", "051069", False),
    ],
)
def test_a_place_concerns_a_filter(filter_code: str, alert_code: str, concerns: bool) -> None:
    assert matches(filter_code, alert_code) is concerns


@pytest.mark.skipif(not CASES.exists(), reason=f"{CASES} is absent")
@pytest.mark.parametrize("case", cases(), ids=lambda c: f"{c['filter']}-{c['alert_location']}")
def test_every_shared_case_matches_as_it_says(case: dict[str, str]) -> None:
    assert matches(case["filter"], case["alert_location"]) == (case["match"] == "yes")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("OHZ049-252200-", ("OHZ049",)),
        ("ALC129-097-023-MSC041-252200-", ("ALC129", "ALC097", "ALC023", "MSC041")),
        ("OHZ049>051-053-252200-", ("OHZ049", "OHZ050", "OHZ051", "OHZ053")),
        ("OHZ049>051-\nMIC001-252200-", ("OHZ049", "OHZ050", "OHZ051", "MIC001")),
        ("OHCALL-252200-", ("OHC000",)),
        ("OHZ001-001-252200-", ("OHZ001",)),
        ("OHZ009>007-", ()),
        ("049-OHZ05-OHX049-ohz049-", ()),
        ("", ()),
    ],
)
def test_a_ugc_line_names_its_zones(text: str, codes: tuple[str, ...]) -> None:
    assert expand_ugc(text) == codes


@given(st.text("OHZC0123456789->ALX \n٣", max_size=60))
def test_no_ugc_line_is_too_strange(text: str) -> None:
    for code in expand_ugc(text):
        assert len(code) == 6
        assert code.isascii()


def test_unknown_zones_have_no_counties() -> None:
    zones = {"NMZ201": ("035031", "035045"), "NMC000": ("035000",)}
    assert counties_of(("NMZ201", "NMZ999", "NMCALL"), zones) == {
        "NMZ201": ("035031", "035045"),
        "NMCALL": ("035000",),
    }
