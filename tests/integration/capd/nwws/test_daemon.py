"""eas-capd on the wire and on the API at once: one warning is one alert."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from eas_station.bus import topics
from eas_station.bus.subscriber import Subscriber
from eas_station.clock import utc_now
from eas_station.store.database import alert_tables

ATTRIBUTES = {"cccc": "KCLE", "ttaaii": "WUUS51", "awipsid": "SVRCLE"}


def vtec(action: str) -> str:
    now = utc_now()
    return f"/O.{action}.KCLE.SV.W.0063.{now:%y%m%dT%H%M}Z-{now.year + 1 - 2000}0101T0000Z/"


def product(action: str, places: str = "OHC063-173-175-") -> str:
    text = f"""
375 \nWUUS51 KCLE {utc_now():%d%H%M}
SVRCLE
{places}{utc_now():%d}2359-
{vtec(action)}

BULLETIN - IMMEDIATE BROADCAST REQUESTED

$$
"""
    return text.replace("\n", "\n\n")


def api_answer() -> bytes:
    """The CAP message that the weather service makes of the first product."""
    properties = {
        "id": "urn:oid:2.49.0.1.840.0.made-up.001.1",
        "sender": "w-nws.webmaster@noaa.gov",
        "sent": f"{utc_now():%Y-%m-%dT%H:%M:00}+00:00",
        "expires": "2099-01-01T00:00:00Z",
        "status": "Actual",
        "messageType": "Alert",
        "event": "Severe Thunderstorm Warning",
        "geocode": {"SAME": ["039173"], "UGC": ["OHC063", "OHC173", "OHC175"]},
        "eventCode": {"SAME": ["SVR"]},
        "parameters": {"VTEC": [vtec("NEW")], "EAS-ORG": ["WXR"]},
    }
    return json.dumps(
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": properties}]}
    ).encode()


def alerts_of(station: Any) -> list[Any]:
    with station.database.read() as connection:
        return list(connection.execute(select(alert_tables.alerts)).mappings())


def test_a_product_of_the_wire_and_the_apis_message_are_one_alert(
    xmpp: Any,
    bot: Any,
    server: Any,
    station_of: Callable[..., Any],
    feed: Callable[..., str],
    wait_for: Callable[..., Any],
    tmp_path: Path,
) -> None:
    (tmp_path / "credentials_wire").write_text("station\nsecret\n")
    server.serve("/api", b'{"type": "FeatureCollection", "features": []}')
    station = station_of(
        f'[[feed]]\nname = "wire"\nkind = "nwws"\nlogin_file = "credentials/wire"\n'
        f'host = "localhost"\nport = {xmpp.port}\nca_file = "{xmpp.folder / "cert.pem"}"\n'
        + feed("api", "nws", f"{server.url}/api?x=1")
    )
    station.start(CREDENTIALS_DIRECTORY=str(tmp_path))
    subscriber = Subscriber(station.runtime_dir, ["eas-capd"], [topics.status("eas-capd")])
    running = station.item(subscriber, "wire", lambda item: item.state == "running")
    assert running.sentence.endswith("no product so far")
    subscriber.close()

    bot.post(product("NEW"), id="1.1", **ATTRIBUTES)
    wait_for(lambda: station.reception_count() == 1)
    (alert,) = alerts_of(station)
    assert (alert["event_name"], alert["event_code"]) == ("Severe Thunderstorm Warning", "SVR")
    assert alert["same_codes"] == ["039063", "039173", "039175"]

    server.serve("/api", api_answer())
    wait_for(lambda: station.reception_count() == 2)
    (same,) = alerts_of(station)
    assert (same["alert_id"], same["reception_count"]) == (alert["alert_id"], 2)

    bot.post(product("CAN", "OHC063-"), id="1.2", **ATTRIBUTES)
    wait_for(lambda: station.reception_count() == 3)
    (left,) = alerts_of(station)
    assert (left["ugc_codes"], left["ended_at"]) == (["OHC173", "OHC175"], None)

    bot.post(product("EXP", "OHC173-175-"), id="1.3", **ATTRIBUTES)
    wait_for(lambda: station.reception_count() == 4)
    (expiring,) = alerts_of(station)
    assert (expiring["ends_at"], expiring["ended_at"]) == (left["ends_at"], None)

    bot.post(product("CAN", "OHC173-175-"), id="1.4", **ATTRIBUTES)
    wait_for(lambda: station.reception_count() == 5)
    (over,) = alerts_of(station)
    assert over["ended_at"] is not None
    assert "secret" not in station.log()
    assert station.stop() < 10.0
