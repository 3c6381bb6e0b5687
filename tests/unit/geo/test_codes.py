from __future__ import annotations

import csv
from pathlib import Path

import pytest

from eas_station.geo.codes import counties_of, matches

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


def test_unknown_zones_have_no_counties() -> None:
    zones = {"NMZ201": ("035031", "035045"), "NMC000": ("035000",)}
    assert counties_of(("NMZ201", "NMZ999", "NMCALL"), zones) == {
        "NMZ201": ("035031", "035045"),
        "NMCALL": ("035000",),
    }
