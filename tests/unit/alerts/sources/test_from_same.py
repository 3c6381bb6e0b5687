from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from eas_station.alerts.model import Evidence, Reception
from eas_station.alerts.sources import from_same
from eas_station.errors import HeaderError
from eas_station.wire import from_json, to_json

NAMES = {"TOR": "Tornado Warning"}
HEARD_AT = datetime.fromisoformat("2026-04-20T16:05:40Z")


def hear(text: str, received_at: datetime = HEARD_AT, trusted: bool = False) -> Reception:
    return from_same.reception(
        text,
        origin="wx",
        channel="162.550",
        received_at=received_at,
        evidence=Evidence(bursts=3, agreed=True, posterior=0.999),
        clock_trusted=trusted,
        event_name=lambda code: NAMES.get(code, code),
        new_id=lambda: "7d0e3a7e-0000-4000-8000-000000000001",
    )


def test_a_header_becomes_a_reception_with_all_it_says() -> None:
    text = "ZCZC-WXR-TOR-048029-048325+0045-1101605-KEWX/NWS-"
    heard = hear(text)
    assert heard.reception_id == "7d0e3a7e-0000-4000-8000-000000000001"
    assert (heard.via, heard.origin, heard.channel, heard.raw) == ("same", "wx", "162.550", text)
    assert heard.clock_trusted is False
    assert heard.evidence is not None
    assert heard.evidence.bursts == 3
    statement = heard.statement
    assert (statement.kind, statement.status) == ("alert", "actual")
    assert statement.event_name == "Tornado Warning"
    assert (statement.originator, statement.event_code) == ("WXR", "TOR")
    assert statement.callsign == "KEWX/NWS"
    assert statement.same_codes == ("048029", "048325")
    assert statement.issued_at == datetime.fromisoformat("2026-04-20T16:05Z")
    assert statement.expires_at == datetime.fromisoformat("2026-04-20T16:50Z")
    assert statement.ends_at is None
    assert statement.same_header == text


def test_an_unknown_event_keeps_its_code_as_its_name() -> None:
    heard = hear("ZCZC-CIV-XYW-048029+0030-1101605-WOAI/AM -")
    assert heard.statement.event_name == "XYW"


def test_a_reception_survives_the_bus() -> None:
    heard = hear("ZCZC-CIV-XYW-048029+0030-1101605-WOAI/AM -")
    assert from_json(Reception, to_json(heard)) == heard


def test_what_is_no_header_is_no_reception() -> None:
    with pytest.raises(HeaderError):
        hear("ZCZC-WXR-TOR+0045-1101605-KEWX/NWS-")


@pytest.mark.parametrize("spoilt", ["3661605", "0001605", "1102560"])
def test_a_warning_whose_date_is_spoilt_is_still_a_warning(spoilt: str) -> None:
    heard = hear(f"ZCZC-WXR-TOR-048029+0045-{spoilt}-KEWX/NWS-")
    issued_at = heard.received_at.replace(second=0, microsecond=0)
    assert heard.statement.issued_at == issued_at
    assert heard.statement.expires_at == issued_at + timedelta(minutes=45)
    assert heard.raw == heard.statement.same_header


@pytest.mark.parametrize(
    ("issued", "purge", "doubt"),
    [
        ("1101605", "0045", None),
        ("1101620", "0045", None),  # 14 min 20 s ahead: a sender's clock may be so
        ("1101621", "0045", "date in header: 20 Apr 16:21 UTC, not believed"),
        ("1101421", "0045", None),  # over since an hour, less 20 s
        ("1101420", "0045", "date in header: 20 Apr 14:20 UTC, not believed"),
        ("0010002", "0045", "date in header: 1 Jan, not believed"),
        ("2901605", "0045", "date in header: 17 Oct, not believed"),
        ("1092205", "1800", None),
        ("3661605", "0045", "date in header: 3661605, not believed"),
    ],
)
def test_a_date_that_cannot_be_right_is_not_believed(
    issued: str, purge: str, doubt: str | None
) -> None:
    heard = hear(f"ZCZC-WXR-TOR-048029+{purge}-{issued}-KEWX/NWS-", trusted=True)
    assert heard.statement.doubt == doubt
    assert heard.statement.is_early == (doubt is not None and issued in ("1101621", "2901605"))
    if doubt is not None:
        issued_at = HEARD_AT.replace(second=0)
        assert heard.statement.issued_at == issued_at
        assert heard.statement.expires_at == issued_at + timedelta(minutes=45)


def test_by_an_untrusted_clock_no_date_is_judged() -> None:
    heard = hear("ZCZC-WXR-TOR-048029+0045-0010002-KEWX/NWS-")
    assert heard.statement.doubt is None
    assert heard.statement.issued_at == datetime.fromisoformat("2026-01-01T00:02Z")


def test_a_purge_time_of_nothing_counts_as_an_hour() -> None:
    heard = hear("ZCZC-WXR-TOR-048029+0000-1101605-KEWX/NWS-", trusted=True)
    assert heard.statement.expires_at == datetime.fromisoformat("2026-04-20T17:05Z")
    later = from_same.dated(replace(heard, clock_trusted=False), HEARD_AT)
    assert later.statement.expires_at == datetime.fromisoformat("2026-04-20T17:05Z")
