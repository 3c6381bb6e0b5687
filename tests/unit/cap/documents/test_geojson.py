from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from eas_station.cap.documents import geojson
from eas_station.cap.message import Named, Reference
from eas_station.errors import CapError

Feature = Callable[..., dict[str, Any]]
Page = Callable[..., bytes]


def test_every_property_of_an_alert_is_read(feature: Feature, page: Page) -> None:
    found = geojson.parse(page(feature(), updated="2026-04-20T15:06:00+00:00"))
    assert found.updated_at == datetime(2026, 4, 20, 15, 6, tzinfo=UTC)
    (message,) = found.messages
    assert message.identifier == "urn:oid:1.001.1"
    assert message.sender == "w-nws.webmaster@noaa.gov"
    assert message.sent_at == datetime(2026, 4, 20, 15, 5, tzinfo=UTC)
    assert (message.status, message.message_type, message.version) == ("Actual", "Alert", "nws")
    assert message.notes == ()
    (info,) = message.infos
    assert info.event_codes[0] == Named("SAME", "TOR")
    assert info.ends_at == datetime(2026, 4, 20, 16, 0, tzinfo=UTC)
    assert info.expires_at == datetime(2026, 4, 20, 15, 45, tzinfo=UTC)
    assert info.instruction is None
    assert info.parameter("EAS-ORG") == "WXR"
    assert info.parameter_values("BLOCKCHANNEL") == ("EAS", "NWEM", "CMAS")
    assert info.areas[0].geocodes == (Named("SAME", "039173"), Named("UGC", "OHC173"))


def test_the_text_of_each_alert_is_its_own_and_exact(feature: Feature, page: Page) -> None:
    document = page(feature(id="urn:oid:1"), feature(id="urn:oid:2", headline="\u00e9 \U0001f32a"))
    first, second = geojson.parse(document).messages
    assert json.loads(second.raw)["properties"]["id"] == "urn:oid:2"
    assert first.raw in document.decode()
    assert second.infos[0].headline == "\u00e9 \U0001f32a"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"sent": None}, "sent is missing"),
        ({"sent": "2026-04-20T11:05:00"}, "not a time"),
        ({"sent": 1776697500}, "sent is missing"),
        ({"status": ...}, "status is missing"),
        ({"status": "Real"}, "not one of"),
        ({"messageType": None}, "messageType is missing"),
        ({"sender": None, "senderName": None}, "senderName is missing"),
    ],
)
def test_nothing_is_invented(
    feature: Feature, page: Page, properties: dict[str, Any], reason: str
) -> None:
    found = geojson.parse(page(feature(id="urn:oid:9"), feature(**properties)))
    assert [message.identifier for message in found.messages] == ["urn:oid:9"]
    (refused,) = found.rejected
    assert reason in str(refused)
    assert refused.text


def test_the_identifier_may_stand_in_the_url_only(feature: Feature, page: Page) -> None:
    lone = feature(id=...)
    lone["id"] = "https://api.weather.gov/alerts/urn:oid:7.001.1"
    (message,) = geojson.parse(page(lone)).messages
    assert message.identifier == "urn:oid:7.001.1"


def test_lists_that_are_strings_objects_or_null_are_understood(
    feature: Feature, page: Page
) -> None:
    odd = feature(
        geocode={"SAME": "039173", "UGC": None},
        parameters=[],
        eventCode=[],
        references="x",
        category=["Met", None, 3],
    )
    (message,) = geojson.parse(page(odd)).messages
    (info,) = message.infos
    assert info.areas[0].geocodes == (Named("SAME", "039173"),)
    assert (info.parameters, info.event_codes, info.categories) == ((), (), ("Met",))
    assert message.references == ()
    assert message.notes == ("a reference without sender, identifier and sent",)


def test_references_and_expired_references_are_one_list(feature: Feature, page: Page) -> None:
    sender = "w-nws.webmaster@noaa.gov"
    update = feature(
        messageType="Update",
        references=[
            {
                "@id": "x",
                "identifier": "urn:oid:a",
                "sender": sender,
                "sent": "2026-04-20T14:00:00Z",
            },
            {"@id": "x", "identifier": None, "sender": sender, "sent": "2026-04-20T14:00:00Z"},
            {},
        ],
        parameters={"expiredReferences": [f"{sender},urn:oid:b,2026-04-20T09:00:00-04:00 x,y"]},
    )
    (message,) = geojson.parse(page(update)).messages
    assert message.references == (
        Reference(sender, "urn:oid:a", datetime(2026, 4, 20, 14, tzinfo=UTC)),
        Reference(sender, "urn:oid:b", datetime(2026, 4, 20, 13, tzinfo=UTC)),
    )
    assert "not a reference: 'x,y'" in message.notes


def test_the_end_may_stand_in_a_parameter_only(feature: Feature, page: Page) -> None:
    ending = {"eventEndingTime": ["2026-04-20T12:30:00-04:00"]}
    (message,) = geojson.parse(page(feature(ends=None, parameters=ending))).messages
    assert message.infos[0].ends_at == datetime(2026, 4, 20, 16, 30, tzinfo=UTC)


SQUARE = [[-83.0, 41.0], [-82.0, 41.0], [-82.0, 42.0], [-83.0, 41.0]]
RING = ((41.0, -83.0), (41.0, -82.0), (42.0, -82.0), (41.0, -83.0))


@pytest.mark.parametrize(
    ("geometry", "rings"),
    [
        ({"type": "Polygon", "coordinates": [SQUARE]}, (RING,)),
        ({"type": "Polygon", "coordinates": [[[*p, 12.0] for p in SQUARE]]}, (RING,)),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, (RING, RING)),
        (
            {
                "type": "GeometryCollection",
                "geometries": [{"type": "Polygon", "coordinates": [SQUARE]}],
            },
            (RING,),
        ),
        ({"type": "Point", "coordinates": [-83.0, 41.0]}, ()),
        ({"type": "Polygon", "coordinates": []}, ()),
        ({"type": "Polygon", "coordinates": [[[41.0, -183.0], [1, 2], [3, 4]]]}, ()),
        ({"type": "Polygon", "coordinates": [[[True, False], [1, 2], [3, 4]]]}, ()),
        ({"type": "Polygon", "coordinates": "all"}, ()),
        ([], ()),
    ],
)
def test_geometries(feature: Feature, page: Page, geometry: object, rings: object) -> None:
    (message,) = geojson.parse(page(feature(geometry))).messages
    assert message.infos[0].areas[0].polygons == rings
    assert bool(message.notes) == (not rings)


def test_a_number_that_is_none_costs_the_geometry_only(feature: Feature, page: Page) -> None:
    ring = [*SQUARE[:2], [float("nan"), float("inf")], SQUARE[0]]
    (message,) = geojson.parse(page(feature({"type": "Polygon", "coordinates": [ring]}))).messages
    assert message.infos[0].areas[0].polygons == ()
    assert message.notes == ("the geometry is not a ring on the Earth",)


@pytest.mark.parametrize("poison", ["\\u0000", "\\ud800", "\\udfff\\ud800"])
def test_nul_and_lone_surrogates_are_replaced_and_said(
    feature: Feature, page: Page, poison: str
) -> None:
    document = page(feature()).replace(b"A tornado was seen", f"A {poison} was seen".encode())
    (message,) = geojson.parse(document).messages
    assert message.infos[0].description is not None
    assert "\ufffd" in message.infos[0].description
    message.infos[0].description.encode()
    assert message.notes == ("NUL characters or lone surrogates were replaced",)
    assert poison in message.raw


def test_an_alert_with_two_equal_keys_is_refused(feature: Feature, page: Page) -> None:
    document = page(feature(), feature(id="urn:oid:2"))
    twice = document.replace(b'"status": "Actual"', b'"status": "Test", "status": "Actual"', 1)
    found = geojson.parse(twice)
    assert [message.identifier for message in found.messages] == ["urn:oid:2"]
    assert "'status' occurs twice" in str(found.rejected[0])


@pytest.mark.parametrize(
    "document",
    [
        b"null",
        b"[]",
        b"{}",
        b'{"features": null}',
        b'{"type": "FeatureCollection", "features": {}}',
        b'{"type": "FeatureCollection", "features": []',
        b'{"type": "FeatureCollection", "features": []} x',
        b'{"features": [], "features": []}',
        b'{"features": [{} {}]}',
        b'{"features": [' + b"[" * 100_000,
        b'{"a": ' + b'{"a": ' * 100_000,
        b'{"features": [], 3: 4}',
        b'{"status": 503, "title": "Service Unavailable"}',
        b'{"features": [], "a": ' + b"9" * 10_000,
        b"\xff\xfe{",
        "{\u00e9".encode("latin-1"),
    ],
)
def test_what_is_no_whole_answer_is_refused(document: bytes) -> None:
    with pytest.raises(CapError):
        geojson.parse(document)


def test_every_cut_of_an_answer_is_refused(feature: Feature, page: Page) -> None:
    document = page(feature(), title="x")
    for end in range(0, len(document), 7):
        with pytest.raises(CapError):
            geojson.parse(document[:end])


def test_an_empty_answer_is_an_answer() -> None:
    found = geojson.parse(b'\xef\xbb\xbf{"type": "FeatureCollection", "features": []}')
    assert (found.messages, found.rejected) == ((), ())


def test_members_that_are_no_objects_are_refused_alone(feature: Feature, page: Page) -> None:
    found = geojson.parse(page(None, 3, "x", [], {"properties": None}, feature()))
    assert len(found.messages) == 1
    assert len(found.rejected) == 5


def test_a_lone_feature_and_json_ld_are_answers(feature: Feature) -> None:
    lone = json.dumps(feature()).encode()
    assert geojson.parse(lone).messages[0].raw.encode() == lone
    graph = {"@context": {}, "@graph": [feature()["properties"]]}
    (message,) = geojson.parse(json.dumps(graph).encode()).messages
    assert message.identifier == "urn:oid:1.001.1"
    single = {**feature()["properties"], "@type": "wx:Alert"}
    assert len(geojson.parse(json.dumps(single).encode()).messages) == 1


def test_the_next_page_is_named(feature: Feature, page: Page) -> None:
    following = "https://api.weather.gov/alerts?cursor=abc"
    assert geojson.parse(page(feature(), pagination={"next": following})).next_url == following
    assert geojson.parse(page(feature(), pagination=[])).next_url is None


def test_a_key_that_occurs_twice_is_found_among_very_many() -> None:
    """Looking for it key by key would take longer than a test may."""
    keys = ",".join(f'"k{number}":1' for number in range(100_000))
    alert = f'{{"type":"Feature","properties":{{{keys},"k99999":2}}}}'
    page = geojson.parse(f'{{"features":[{alert}]}}'.encode())
    assert "occurs twice" in str(page.rejected[0])
