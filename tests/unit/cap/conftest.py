"""Documents made by hand, and the folder of foreign ones where it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "cap"

ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>STATION-1</identifier>
  <sender>warnings@example.org</sender>
  <sent>2026-04-20T11:05:02-05:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <code>IPAWSv1.0</code>
  <info>
    <language>en-US</language>
    <category>Met</category>
    <event>Tornado Warning</event>
    <responseType>Shelter</responseType>
    <urgency>Immediate</urgency>
    <severity>Extreme</severity>
    <certainty>Observed</certainty>
    <eventCode><valueName>SAME</valueName><value>TOR</value></eventCode>
    <effective>2026-04-20T11:05:02-05:00</effective>
    <expires>2026-04-20T11:45:02-05:00</expires>
    <senderName>NWS Somewhere</senderName>
    <headline>Tornado Warning until 11:45</headline>
    <description>A tornado was seen.</description>
    <instruction>Go to the cellar.</instruction>
    <parameter><valueName>EAS-ORG</valueName><value>WXR</value></parameter>
    <area>
      <areaDesc>Bexar, TX</areaDesc>
      <polygon>29.4,-98.5 29.5,-98.5 29.5,-98.4 29.4,-98.5</polygon>
      <circle>29.45,-98.45 12.5</circle>
      <geocode><valueName>SAME</valueName><value>048029</value></geocode>
      <geocode><valueName>UGC</valueName><value>TXC029</value></geocode>
    </area>
  </info>
</alert>
"""

PROPERTIES: dict[str, Any] = {
    "id": "urn:oid:1.001.1",
    "areaDesc": "Wood, OH",
    "geocode": {"SAME": ["039173"], "UGC": ["OHC173"]},
    "references": [],
    "sent": "2026-04-20T11:05:00-04:00",
    "effective": "2026-04-20T11:05:00-04:00",
    "onset": "2026-04-20T11:05:00-04:00",
    "expires": "2026-04-20T11:45:00-04:00",
    "ends": "2026-04-20T12:00:00-04:00",
    "status": "Actual",
    "messageType": "Alert",
    "category": "Met",
    "severity": "Extreme",
    "certainty": "Observed",
    "urgency": "Immediate",
    "event": "Tornado Warning",
    "sender": "w-nws.webmaster@noaa.gov",
    "senderName": "NWS Cleveland OH",
    "headline": "Tornado Warning issued April 20",
    "description": "A tornado was seen.",
    "instruction": None,
    "response": "Shelter",
    "parameters": {
        "BLOCKCHANNEL": ["EAS", "NWEM", "CMAS"],
        "EAS-ORG": ["WXR"],
        "VTEC": ["/O.NEW.KCLE.TO.W.0007.260420T1505Z-260420T1600Z/"],
    },
    "scope": "Public",
    "code": "IPAWSv1.0",
    "language": "en-US",
    "eventCode": {"SAME": ["TOR"], "NationalWeatherService": ["TOW"]},
}


@pytest.fixture
def alert_xml() -> Callable[..., bytes]:
    """A CAP 1.2 alert; each pair (old, new) replaces a piece of its text."""

    def make(*replaced: tuple[str, str]) -> bytes:
        text = ALERT
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        return text.encode()

    return make


@pytest.fixture
def feature() -> Callable[..., dict[str, Any]]:
    """One GeoJSON feature; keywords replace its properties, `...` leaves one out."""

    def make(geometry: object = None, **properties: object) -> dict[str, Any]:
        merged = {**PROPERTIES, **properties}
        kept = {key: value for key, value in merged.items() if value is not ...}
        identifier = kept.get("id")
        return {
            "id": f"https://api.weather.gov/alerts/{identifier}",
            "type": "Feature",
            "geometry": geometry,
            "properties": kept,
        }

    return make


@pytest.fixture
def page() -> Callable[..., bytes]:
    """An answer of the API that holds these features; keywords are further members."""

    def make(*features: object, **top: object) -> bytes:
        return json.dumps({"type": "FeatureCollection", "features": features, **top}).encode()

    return make


@pytest.fixture
def shared_cap() -> Path:
    """The folder of foreign CAP documents beside the project."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    return SHARED
