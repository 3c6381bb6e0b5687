"""eas-capd on an IPAWS service: signatures, the PIN, and where a restart goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from eas_station.bus import topics
from eas_station.bus.subscriber import Subscriber
from eas_station.clock import utc_now
from eas_station.store.database import alert_tables

SYNTHETIC = Path(__file__).resolve().parents[4] / "shared" / "cap" / "synthetic_ipaws"
RECENT = "/IPAWSOPEN_EAS_SERVICE/rest/eas/recent"
PIN = "4711-very-secret"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SYNTHETIC.is_dir(), reason=f"{SYNTHETIC} is not there"),
]


def envelope(*names: str) -> bytes:
    """Alerts of the collection in one answer, byte for byte."""
    alerts = [
        re.sub(rb"\A\s*<\?xml[^>]*\?>\s*", b"", (SYNTHETIC / f"{name}.xml").read_bytes())
        for name in names
    ]
    head = b'<ns1:alerts xmlns:ns1="http://gov.fema.ipaws.services/feed">'
    return head + b"".join(alerts) + b"</ns1:alerts>"


class Ipaws:
    """Answers whatever time it is asked for."""

    def __init__(self, server: Any) -> None:
        self.times: list[datetime] = []
        self.queries: list[str] = []
        self.body = envelope()
        server.answers = self
        self._server = server

    def get(self, path: str) -> Callable[[Any], None] | None:
        """As a dict of answers by path."""
        where, _, query = path.partition("?")
        if not where.startswith(f"{RECENT}/"):
            return None
        self.times.append(datetime.fromisoformat(where.removeprefix(f"{RECENT}/")))
        self.queries.append(query)

        def respond(request: Any) -> None:
            request.send_response(200)
            request.send_header("Content-Type", "application/xml")
            request.send_header("Content-Length", str(len(self.body)))
            request.end_headers()
            request.wfile.write(self.body)

        return respond


def receptions(station: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """By identifier and signature: what was said."""
    wanted = select(alert_tables.receptions.c.statement, alert_tables.receptions.c.signature)
    with station.database.read() as connection:
        return {
            (said["message"]["identifier"], signature): said
            for said, signature in connection.execute(wanted)
        }


def test_a_forged_alert_is_shown_as_that_and_never_relayed(
    server: Any,
    station_of: Callable[..., Any],
    feed: Callable[..., str],
    wait_for: Callable[..., Any],
    tmp_path: Path,
) -> None:
    pytest.importorskip("xmlsec", reason="xmlsec is not installed")
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    ipaws = Ipaws(server)
    ipaws.body = envelope("s02_tampered_text", "a01_rwt", "s01_signed_valid")
    (tmp_path / "pin").write_text(f"{PIN}\n")
    trust = str(SYNTHETIC / "certs" / "test_root_ca.pem")
    station = station_of(
        feed("ipaws", "ipaws", f"{server.url}{RECENT}", trust_store=trust,
             pin_file=str(tmp_path / "pin"))
    )  # fmt: skip
    began_at = utc_now()
    station.start()
    subscriber = Subscriber(station.runtime_dir, ["eas-capd"], [topics.status("eas-capd")])
    wait_for(lambda: station.reception_count() == 3)
    item = station.item(subscriber, "ipaws", lambda item: item.counters["new"] == 3)
    found = receptions(station)
    forged = "invalid: digest mismatch: the alert was changed after it was signed"
    assert set(found) == {
        ("TESTVEC-SIG-1", forged),
        ("TESTVEC-SIG-1", "valid"),
        ("TESTVEC-RWT_CDT_1776701102", "valid"),
    }
    assert found["TESTVEC-SIG-1", forged]["same_refusal"] == f"signature {forged}"
    assert found["TESTVEC-SIG-1", "valid"]["same_header"].startswith("ZCZC-CIV-SPW-048029+0100-")
    with station.database.read() as connection:
        assert len(connection.execute(select(alert_tables.alerts.c.alert_id)).all()) == 3

    assert began_at - ipaws.times[0] > timedelta(hours=23)
    polls = len(ipaws.times)
    wait_for(lambda: len(ipaws.times) > polls + 1)
    assert began_at - ipaws.times[-1] < timedelta(minutes=6)
    assert set(ipaws.queries) == {f"pin={PIN}"}
    station.stop()
    polls = len(ipaws.times)
    station.start()
    wait_for(lambda: len(ipaws.times) > polls)
    assert began_at - ipaws.times[polls] < timedelta(minutes=6)
    assert station.reception_count() == 3
    station.stop()
    subscriber.close()
    assert "digest mismatch" in station.log()
    database = (station.folder / "state" / "station.sqlite").read_bytes()
    assert PIN not in f"{station.log()}{item}"
    assert PIN.encode() not in database


def test_without_a_trust_store_nothing_is_verified_and_the_feed_says_so(
    server: Any,
    station_of: Callable[..., Any],
    feed: Callable[..., str],
    wait_for: Callable[..., Any],
) -> None:
    Ipaws(server).body = envelope("s01_signed_valid")
    station = station_of(feed("ipaws", "ipaws", f"{server.url}{RECENT}"))
    station.start()
    subscriber = Subscriber(station.runtime_dir, ["eas-capd"], [topics.status("eas-capd")])
    item = station.item(subscriber, "ipaws", lambda item: item.state == "running")
    assert item.sentence.endswith("signatures are not verified: trust_store is not configured")
    wait_for(lambda: station.reception_count() == 1)
    (said,) = receptions(station).values()
    assert said["same_refusal"] == (
        "never relayed: signature unchecked: trust_store is not configured"
    )
    subscriber.close()
    station.stop()
    modules = (station.folder / "modules").read_text()
    assert "xmlsec" not in modules
    assert "slixmpp" not in modules
