from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from eas_station.cap.documents import document
from eas_station.capd.naad.archive import ListedAlert, is_heartbeat, listed_alerts
from eas_station.errors import CapError

HEARTBEAT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>HB-1</identifier>
<sender>NAADS-Heartbeat</sender><sent>2026-05-01T20:04:00-00:00</sent><status>System</status>
<msgType>Alert</msgType><scope>Public</scope><references>{}</references></alert>"""
FIRST = "cap@example.org,urn:oid:2.49.0.1.124.1.2026,2026-05-01T19:00:00-00:00"
SECOND = "cap@example.org,a-b:c,2026-05-01T23:30:00-04:00"


def listed(references: str) -> tuple[ListedAlert, ...]:
    return listed_alerts(HEARTBEAT.format(references).encode())


def test_a_heartbeat_lists_alerts_by_their_names_in_the_archive() -> None:
    first, second = listed(f"{FIRST}\n  {SECOND}")
    assert first.identifier == "urn:oid:2.49.0.1.124.1.2026"
    assert first.sent_at == datetime(2026, 5, 1, 19, tzinfo=UTC)
    assert first.urls("https://cap.alertready.ca/") == (
        "https://cap.alertready.ca/2026-05-01/"
        "2026_05_01T19_00_00_00_00Iurn_oid_2.49.0.1.124.1.2026.xml",
    )
    assert second.sent_at == datetime(2026, 5, 2, 3, 30, tzinfo=UTC)
    assert second.urls("http://x") == ("http://x/2026-05-01/2026_05_01T23_30_00_04_00Ia_b_c.xml",)


@pytest.mark.parametrize(
    "reference",
    ["", "x", ",", ",,", "a,b", "a,b,", "a,,2026-05-01T19:00:00Z", ",b,2026-05-01T19:00:00Z",
     "a,b,2026-05-01", "a,b,2026-05-01T", "a,b,2026-13-01T19:00:00Z",
     "a,b,0001-01-01T00:00:00+14:00",
     f"a,{'b' * 600},2026-05-01T19:00:00Z"],
)  # fmt: skip
def test_a_malformed_reference_is_none(reference: str) -> None:
    assert [one.identifier for one in listed(f"{reference} {SECOND}")] == ["a-b:c"]


@pytest.mark.parametrize(
    ("sender", "status", "expected"),
    [
        ("NAADS-Heartbeat", "System", True),
        ("NAADS-Heartbeat@naad-adna.pelmorex.com", "System", True),
        ("NAADS-Heartbeat", "Actual", False),
        ("cap-pac@canada.ca", "System", False),
    ],
)
def test_heartbeats(sender: str, status: str, expected: bool) -> None:
    text = HEARTBEAT.replace("NAADS-Heartbeat", sender).replace("System", status).format("")
    (message,) = document.parse(text.encode()).messages
    assert is_heartbeat(message) is expected


def test_a_damaged_heartbeat_is_read_or_refused() -> None:
    whole = HEARTBEAT.format(f"{FIRST} {SECOND}").encode()
    chance = random.Random(1)
    lists = 0
    for _ in range(3_000):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(damaged))
            piece = whole[chance.randrange(len(whole)) :][: chance.randrange(30)]
            damaged[at : at + chance.randrange(20)] = piece
        try:
            lists += bool(listed_alerts(bytes(damaged)))
        except CapError:
            continue
    assert lists > 100
