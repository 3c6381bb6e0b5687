from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import Named, Reference
from eas_station.cap.xml import cap_xml
from eas_station.errors import CapError

Alert = Callable[..., bytes]


def test_every_field_of_an_alert_is_read(alert_xml: Alert) -> None:
    (message,) = cap_xml.parse(alert_xml())
    assert (message.identifier, message.sender) == ("STATION-1", "warnings@example.org")
    assert message.sent_at == datetime(2026, 4, 20, 16, 5, 2, tzinfo=UTC)
    assert (message.status, message.message_type, message.scope) == ("Actual", "Alert", "Public")
    assert (message.version, message.codes, message.signed) == ("1.2", ("IPAWSv1.0",), False)
    assert message.notes == ()
    (info,) = message.infos
    assert (info.language, info.event, info.severity) == ("en-US", "Tornado Warning", "Extreme")
    assert info.event_codes == (Named("SAME", "TOR"),)
    assert info.expires_at == datetime(2026, 4, 20, 16, 45, 2, tzinfo=UTC)
    assert info.instruction == "Go to the cellar."
    (area,) = info.areas
    assert area.polygons == (((29.4, -98.5), (29.5, -98.5), (29.5, -98.4), (29.4, -98.5)),)
    assert area.circles == ((29.45, -98.45, 12.5),)
    assert area.geocodes == (Named("SAME", "048029"), Named("UGC", "TXC029"))


def test_the_text_of_a_lone_alert_is_kept_exactly(alert_xml: Alert) -> None:
    document = alert_xml(("A tornado was seen.", "A tornado was seen at Ca\u00f1on <!-- sic -->."))
    (message,) = cap_xml.parse(document)
    assert message.raw.encode() == document
    assert message.infos[0].description == "A tornado was seen at Ca\u00f1on ."


def test_comments_cdata_and_instructions_do_not_cut_a_text(alert_xml: Alert) -> None:
    split = "<value>04<!-- x -->80<?y z?><![CDATA[29]]></value>"
    (message,) = cap_xml.parse(alert_xml(("<value>048029</value>", split)))
    assert message.infos[0].areas[0].geocodes[0] == Named("SAME", "048029")


def test_a_prefix_is_free(alert_xml: Alert) -> None:
    text = alert_xml().decode().replace("xmlns=", "xmlns:c=")
    for name in ("alert", "identifier", "sender", "sent", "status", "msgType", "scope"):
        text = text.replace(f"<{name}", f"<c:{name}").replace(f"</{name}", f"</c:{name}")
    text = text.replace("<c:senderName", "<senderName").replace("</c:senderName", "</senderName")
    (message,) = cap_xml.parse(text.encode())
    assert message.identifier == "STATION-1"
    assert message.infos == ()  # its elements are in no namespace


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<status>Actual</status>", "", "status is missing"),
        ("<status>Actual</status>", "<status>actual</status>", "not one of"),
        ("<scope>Public</scope>", "", "scope is missing"),
        ("<identifier>STATION-1</identifier>", "<identifier> </identifier>", "is missing"),
        ("</sender>", "</sender><sender>b@example.org</sender>", "2 times"),
        ("2026-04-20T11:05:02-05:00</sent>", "2026-02-30T11:05:02-05:00</sent>", "not a time"),
        ("2026-04-20T11:05:02-05:00</sent>", "2026-04-20T11:05:02</sent>", "not a time"),
        ("2026-04-20T11:05:02-05:00</sent>", "2026-04-20 11:05:02-05:00</sent>", "not a time"),
        ("2026-04-20T11:05:02-05:00</sent>", "0001-01-01T00:00:00+14:00</sent>", "not a time"),
        ("2026-04-20T11:05:02-05:00</sent>", "２０２６-04-20T11:05:02Z</sent>", "not a time"),
        ("emergency:cap:1.2", "emergency:cap:1.0", "not CAP 1.1 or 1.2"),
        (' xmlns="urn:oasis:names:tc:emergency:cap:1.2"', "", "not CAP 1.1 or 1.2"),
    ],
)
def test_what_is_no_alert_is_refused_with_its_reason(
    alert_xml: Alert, old: str, new: str, reason: str
) -> None:
    with pytest.raises(CapError, match=reason) as refused:
        cap_xml.parse(alert_xml((old, new)))
    assert "<alert" in refused.value.text


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE alert>",
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE alert [<!ENTITY % p "x">%p;]>',
        "<!-- " + 5000 * "x" + " --><!DOCTYPE alert>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_in_any_form_is_refused(alert_xml: Alert, doctype: str, encoding: str) -> None:
    text = alert_xml().decode().replace('encoding="UTF-8"?>', f'encoding="{encoding}"?>{doctype}')
    with pytest.raises(CapError, match=r"DOCTYPE|not well-formed"):
        cap_xml.parse(text.encode(encoding))


def test_an_entity_bomb_is_refused(alert_xml: Alert) -> None:
    lines = ['<!ENTITY a0 "ha">']
    lines += [f'<!ENTITY a{n} "{10 * f"&a{n - 1};"}">' for n in range(1, 12)]
    bomb = alert_xml(
        ('encoding="UTF-8"?>', f'encoding="UTF-8"?><!DOCTYPE alert [{"".join(lines)}]>'),
        ("A tornado was seen.", "&a11;"),
    )
    with pytest.raises(CapError, match=r"DOCTYPE|not well-formed"):
        cap_xml.parse(bomb)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b" \n",
        b"<alert",
        b"\x00\x01\x02",
        b"<a>" * 30_000,
        b"<a>" * 150 + b"</a>" * 150,
        gzip.compress(b"<alert/>", mtime=0),
        b'<?xml version="1.0" encoding="klingon"?><alert/>',
    ],
)
def test_what_is_no_document_is_refused(document: bytes) -> None:
    with pytest.raises(CapError):
        cap_xml.parse(document)


def test_blanks_and_a_byte_order_mark_before_the_declaration_are_forgiven(alert_xml: Alert) -> None:
    (message,) = cap_xml.parse(b"\xef\xbb\xbf\r\n " + alert_xml())
    assert message.identifier == "STATION-1"


def test_the_bytes_decide_the_encoding_and_a_lie_is_refused(alert_xml: Alert) -> None:
    text = alert_xml(("Bexar", "Ca\u00f1on")).decode()
    honest = text.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    (message,) = cap_xml.parse(honest)
    assert message.infos[0].areas[0].description == "Ca\u00f1on, TX"
    assert "Ca\u00f1on" in message.raw
    with pytest.raises(CapError):
        cap_xml.parse(text.encode("latin-1"))


def test_one_bad_alert_does_not_sink_its_neighbours(alert_xml: Alert) -> None:
    good = alert_xml().decode().partition("?>")[2]
    bad = good.replace("STATION-1", "STATION-2").replace("<sent>2026", "<sent>x2026")
    other = good.replace("STATION-1", "STATION-3")
    feed = f'<f:alerts xmlns:f="http://gov.fema.ipaws.services/feed">{good}{bad}{other}</f:alerts>'
    messages = cap_xml.parse(feed.encode())
    assert [message.identifier for message in messages] == ["STATION-1", "STATION-3"]
    assert "STATION-3" in messages[1].raw
    assert "STATION-1" not in messages[1].raw


def test_a_test_envelope_makes_a_test_of_what_is_inside(alert_xml: Alert) -> None:
    inner = alert_xml().decode().partition("?>")[2]
    envelope = (
        '<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0">'
        "<distributionStatus>Test</distributionStatus>"
        "<contentObject><xmlContent><embeddedXMLContent>"
        f"{inner}</embeddedXMLContent></xmlContent></contentObject></EDXLDistribution>"
    )
    (message,) = cap_xml.parse(envelope.encode())
    assert message.status == "Test"
    assert "envelope" in message.notes[0]


def test_references_and_expired_references_are_one_list(alert_xml: Alert) -> None:
    earlier = "a@example.org,A-1,2026-04-20T10:00:00-05:00"
    older = "a@example.org,A,0,2026-04-20T09:00:00-05:00 nonsense"
    (message,) = cap_xml.parse(
        alert_xml(
            ("<code>", f"<references>\n {earlier}\n {earlier} </references><code>"),
            (
                "<area>",
                "<parameter><valueName>expiredReferences</valueName>"
                f"<value>{older}</value></parameter><area>",
            ),
        )
    )
    assert message.references == (
        Reference("a@example.org", "A-1", datetime(2026, 4, 20, 15, tzinfo=UTC)),
        Reference("a@example.org", "A,0", datetime(2026, 4, 20, 14, tzinfo=UTC)),
    )
    assert message.notes == ("not a reference: 'nonsense'",)


@pytest.mark.parametrize(
    "ring",
    [
        "-98.5,29.4 -98.5,29.5 -98.4,29.5 -98.5,29.4",
        "NaN,-98.5 29.5,-98.5 29.5,-98.4 NaN,-98.5",
        "29.4,-98.5 29.5,-98.5",
        "29.4,-98.5 29.4,-98.5 29.4,-98.5 29.4,-98.5",
        "２９.4,-98.5 29.5,-98.5 29.5,-98.4 29.4,-98.5",
        "29.4,-98.5,3 29.5,-98.5,3 29.5,-98.4,3 29.4,-98.5,3",
        "hello",
    ],
)
def test_a_bad_polygon_is_left_out_and_the_alert_stays(alert_xml: Alert, ring: str) -> None:
    good = "29.4,-98.5 29.5,-98.5 29.5,-98.4 29.4,-98.5"
    (message,) = cap_xml.parse(alert_xml((good, ring)))
    assert message.infos[0].areas[0].polygons == ()
    assert message.infos[0].areas[0].geocodes[0].value == "048029"
    assert message.notes[0].startswith("not a polygon")


def test_an_unclosed_ring_in_odd_white_space_is_closed(alert_xml: Alert) -> None:
    good = "29.4,-98.5 29.5,-98.5 29.5,-98.4 29.4,-98.5"
    (message,) = cap_xml.parse(alert_xml((good, "\n29.4,-98.5\t29.5,-98.5\n\n 2.95e1,-98.4 ")))
    (ring,) = message.infos[0].areas[0].polygons
    assert ring == ((29.4, -98.5), (29.5, -98.5), (29.5, -98.4), (29.4, -98.5))


def test_an_expiry_beyond_the_calendar_is_the_last_day_of_it(alert_xml: Alert) -> None:
    late = ("2026-04-20T11:45:02-05:00</expires>", "9999-12-31T23:59:59-05:00</expires>")
    (message,) = cap_xml.parse(alert_xml(late))
    assert message.infos[0].expires_at == datetime(9999, 12, 30, tzinfo=UTC)


def test_an_expiry_that_is_no_time_is_not_known_and_said(alert_xml: Alert) -> None:
    (message,) = cap_xml.parse(alert_xml(("2026-04-20T11:45:02-05:00</expires>", "soon</expires>")))
    assert message.infos[0].expires_at is None
    assert message.notes == ("expires is not a time with an offset: 'soon'",)


def test_a_message_without_a_language_is_american_english(alert_xml: Alert) -> None:
    (message,) = cap_xml.parse(alert_xml(("<language>en-US</language>", "")))
    assert message.infos[0].language == "en-US"


def test_the_info_block_of_the_language_is_found(alert_xml: Alert) -> None:
    text = alert_xml().decode()
    info = text[text.index("<info>") : text.index("</info>") + len("</info>")]
    spanish = info.replace("en-US", "es-US").replace("Tornado Warning<", "Aviso de Tornado<")
    (message,) = cap_xml.parse(text.replace(info, spanish + info).encode())
    assert [i.event for i in message.infos] == ["Aviso de Tornado", "Tornado Warning"]
    for language, event in (("en-US", "Tornado Warning"), ("ES", "Aviso de Tornado")):
        chosen = message.info(language)
        assert chosen is not None
        assert chosen.event == event
    fallback = message.info("fr-CA")
    assert fallback is not None
    assert fallback.event == "Tornado Warning"


def test_a_resource_is_described_and_never_fetched(alert_xml: Alert) -> None:
    resource = (
        "<resource><resourceDesc>EAS Broadcast Content</resourceDesc>"
        "<mimeType>audio/x-ipaws-audio-mp3</mimeType><size>１２</size>"
        "<uri>file:///etc/passwd</uri><derefUri>AAAA</derefUri></resource>"
    )
    (message,) = cap_xml.parse(alert_xml(("<area>", f"{resource}<area>")))
    (found,) = message.infos[0].resources
    assert (found.uri, found.deref_uri, found.size_bytes) == ("file:///etc/passwd", "AAAA", None)


def test_limits_refuse_instead_of_cutting(alert_xml: Alert) -> None:
    geocode = "<geocode><valueName>SAME</valueName><value>048029</value></geocode>"
    big = alert_xml((geocode, 60 * geocode))
    with pytest.raises(CapError, match="61 times geocode"):
        cap_xml.parse(big, ParseLimits(values=50))
    with pytest.raises(CapError, match="bytes"):
        cap_xml.parse(big, ParseLimits(document_bytes=1000))
    with pytest.raises(CapError, match="characters"):
        cap_xml.parse(big, ParseLimits(alert_chars=1000))
    assert len(cap_xml.parse(big)[0].infos[0].areas[0].geocodes) == 61


def test_a_signature_is_noticed(alert_xml: Alert) -> None:
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></alert>'
    (message,) = cap_xml.parse(alert_xml(("</alert>", signature)))
    assert message.signed
