from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from eas_station.alerts import from_same
from eas_station.alerts.model import Evidence, Reception
from eas_station.errors import HeaderError
from eas_station.wire import from_json, to_json

NAMES = {"TOR": "Tornado Warning"}
HEARD_AT = datetime.fromisoformat("2026-04-20T16:05:40Z")


def hear(text: str, received_at: datetime = HEARD_AT) -> Reception:
    return from_same.reception(
        text,
        origin="wx",
        channel="162.550",
        received_at=received_at,
        evidence=Evidence(bursts=3, agreed=True, posterior=0.999),
        clock_trusted=False,
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
