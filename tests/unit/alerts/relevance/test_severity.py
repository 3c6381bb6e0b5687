"""The one order of how grave alerts are."""

from __future__ import annotations

import pytest

from eas_station import tables
from eas_station.alerts.relevance import severity

KNOWN = tables.load()


def off_air(code: str) -> int:
    return severity.rank(code, KNOWN.event_name(code), None, KNOWN.is_test_code(code), KNOWN)


def by_cap(code: str | None, name: str, stated: str | None) -> int:
    return severity.rank(code, name, stated, False, KNOWN)


def test_off_the_air_the_event_decides() -> None:
    order = ["EAN", "TOR", "SVR", "LSW", "TOA", "SPS", "ADR", "RWT"]
    ranks = [off_air(code) for code in order]
    assert ranks == sorted(ranks)
    assert len(set(ranks[:3])) == 3
    assert off_air("EVI") == off_air("TOR") == severity.EXTREME
    assert off_air("EAN") == severity.NATIONAL
    assert off_air("SVR") == by_cap("SVR", "Severe Thunderstorm Warning", "Severe")
    assert off_air("TOR") < off_air("SPS") < off_air("RWT")


@pytest.mark.parametrize(
    ("code", "name", "stated", "expected"),
    [
        ("TOR", "Tornado Warning", "Extreme", severity.EXTREME),
        ("SVR", "Severe Thunderstorm Warning", "Extreme", severity.EXTREME),
        ("FLW", "Flood Warning", "Moderate", severity.WARNING),
        ("SVS", "Severe Weather Statement", "Extreme", severity.EXTREME),
        ("SPS", "Special Weather Statement", "Moderate", severity.STATEMENT),
        ("TOA", "Tornado Watch", "Extreme", severity.WATCH),
        (None, "Winter Weather Advisory", "Moderate", severity.ADVISORY),
        (None, "Flood Watch", "Severe", severity.WATCH),
        (None, "Air Quality Alert", "Unknown", severity.ADVISORY),
        (None, "Orange thunderstorm", "Severe", severity.SEVERE),
        (None, "Gul vind", "Moderate", severity.WATCH),
        (None, "Green", "Minor", severity.STATEMENT),
        (None, "Something new", None, severity.WARNING),
        (None, "Something new", "Unknown", severity.WARNING),
        ("XYW", "XYW", None, severity.WARNING),
        ("XYA", "XYA", "Extreme", severity.WATCH),
    ],
)
def test_class_first_then_severity(
    code: str | None, name: str, stated: str | None, expected: int
) -> None:
    assert by_cap(code, name, stated) == expected


def test_a_test_is_last_whatever_it_states() -> None:
    assert severity.rank("TOR", "Tornado Warning", "Extreme", True, KNOWN) == severity.TEST


def test_every_code_of_the_table_has_a_known_severity() -> None:
    assert {event.severity for event in KNOWN.events.values()} <= set(severity.SEVERITIES)
