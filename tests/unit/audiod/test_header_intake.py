"""Decoded headers become receptions; one that fails stops no other."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eas_station.alerts.model import Evidence, Reception
from eas_station.audiod.header_intake import MAX_FILES, HeaderIntake
from eas_station.decoder.text.message import DecodedMessage, DecodeEvidence

TORNADO = "ZCZC-WXR-TOR-039173-039051+0030-1591829-KCLE/NWS-"
NO_HEADER = "ZCZC-WXR-TOR-03917"
BUGGY = "ZCZC-WXR-SVR-039173+0100-1591830-KCLE/NWS-"
NOON = datetime(2025, 6, 8, 18, 30, tzinfo=UTC)


def message(text: str) -> DecodedMessage:
    evidence = DecodeEvidence(2, True, 0.999, snr_db=14.5, repaired=(3, 9))
    return DecodedMessage(0, text, False, 1000, 90_000, evidence)


class Station:
    """Takes receptions as the storage does."""

    def __init__(self, quarantine_dir: Path) -> None:
        self.receptions: list[Reception] = []
        self.intake = HeaderIntake(
            "wx",
            lambda code: f"the {code}",
            lambda: "id-1",
            self.take,
            lambda: True,
            quarantine_dir,
        )

    def take(self, reception: Reception) -> None:
        if reception.statement.event_code == "SVR":
            raise ZeroDivisionError("an injected bug")
        self.receptions.append(reception)


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path / "quarantine")


def test_a_header_becomes_a_reception_with_its_evidence(station: Station) -> None:
    reception = station.intake.take(message(TORNADO), "162.550", NOON)
    assert station.receptions == [reception]
    assert reception is not None
    assert (reception.via, reception.origin, reception.channel) == ("same", "wx", "162.550")
    assert reception.raw == TORNADO
    assert reception.statement.event_name == "the TOR"
    assert reception.statement.issued_at == datetime(2025, 6, 8, 18, 29, tzinfo=UTC)
    assert reception.evidence == Evidence(2, True, 0.999, snr_db=14.5, repaired=(3, 9))
    assert reception.received_at == NOON


def test_an_invalid_header_is_counted_dropped_and_logged_once(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert station.intake.take(message(NO_HEADER), "162.550", NOON) is None
    assert station.intake.rejected == 5
    assert [NO_HEADER in record.getMessage() for record in caplog.records] == [True]
    assert station.receptions == []


def test_a_header_that_raises_is_quarantined_and_the_next_is_taken(
    station: Station, tmp_path: Path
) -> None:
    assert station.intake.take(message(BUGGY), "162.550", NOON) is None
    assert station.intake.take(message(TORNADO), "162.550", NOON) is not None
    (file,) = (tmp_path / "quarantine").iterdir()
    text = file.read_text()
    assert text.startswith(BUGGY)
    assert "ZeroDivisionError: an injected bug" in text
    assert (station.intake.quarantined, station.intake.taken) == (1, 1)


def test_an_unwritable_quarantine_has_no_effect(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    station = Station(tmp_path / "file")
    assert station.intake.take(message(BUGGY), "162.550", NOON) is None
    assert station.intake.take(message(TORNADO), "162.550", NOON) is not None


def test_two_headers_that_raise_at_the_same_time_are_both_kept(
    station: Station, tmp_path: Path
) -> None:
    for _ in range(2):
        station.intake.take(message(BUGGY), "162.550", NOON)
    assert len(list((tmp_path / "quarantine").iterdir())) == 2


def test_the_quarantine_is_bounded(station: Station, tmp_path: Path) -> None:
    for _ in range(MAX_FILES + 5):
        station.intake.take(message(BUGGY), "162.550", NOON)
    assert station.intake.quarantined == MAX_FILES + 5
    assert len(list((tmp_path / "quarantine").iterdir())) == MAX_FILES
