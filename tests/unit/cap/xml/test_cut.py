from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from eas_station.cap.limits import ParseLimits
from eas_station.cap.xml import cut
from eas_station.errors import CapError

CAP12 = "urn:oasis:names:tc:emergency:cap:1.2"
SYNTHETIC = Path(__file__).resolve().parents[5] / "shared" / "cap" / "synthetic_ipaws"


def wrapped(*alerts: str, declarations: str = "") -> bytes:
    feed = "http://gov.fema.ipaws.services/feed"
    inner = "".join(alerts)
    return f'<?xml version="1.0"?>\n<ns1:alerts xmlns:ns1="{feed}"{declarations}>{inner}</ns1:alerts>'.encode()  # noqa: E501


def test_each_alert_is_given_byte_for_byte_as_it_was_sent() -> None:
    first = f"<alert  xmlns='{CAP12}' ><b  c = '1'/>\r\n<!-- x --> &#65; ü</alert >"
    second = f'<p:alert xmlns:p="{CAP12}"/>'
    third = f'<alert xmlns="{CAP12}"><alert/><x/></alert>'
    found = cut.alerts(wrapped(first, " \n", second, third))
    assert found == (first.encode(), second.encode(), third.encode())


def test_what_stands_round_an_alert_is_no_part_of_it() -> None:
    alert = f'<alert xmlns="{CAP12}"><a/></alert>'
    head = '\ufeff<?xml version="1.0" encoding="UTF-8"?><!-- <alert> --><?xml-stylesheet a?>\n'
    assert cut.alerts(f"{head}{alert}<!-- end -->\n".encode()) == (alert.encode(),)


def test_a_feed_without_alerts_gives_none() -> None:
    assert cut.alerts(wrapped()) == ()


def test_a_namespace_that_only_the_envelope_declares_comes_along() -> None:
    declarations = f' xmlns="{CAP12}" xmlns:x="urn:x?&apos;&amp;" xmlns:unused="urn:u"'
    (piece,) = cut.alerts(wrapped("<alert><x:y>1</x:y></alert>", declarations=declarations))
    root = etree.fromstring(piece)
    assert root.tag == f"{{{CAP12}}}alert"
    assert root[0].tag == "{urn:x?'&}y"
    assert b"unused" not in piece
    assert piece.endswith(b"><x:y>1</x:y></alert>")


def test_an_alert_that_declares_what_it_uses_is_left_alone_whatever_the_envelope_says() -> None:
    alert = f'<alert xmlns="{CAP12}" xmlns:x="urn:own"><x:y/></alert>'
    declarations = ' xmlns="urn:other" xmlns:x="urn:outer"'
    assert cut.alerts(wrapped(alert, declarations=declarations)) == (alert.encode(),)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no element found"),
        (b"<alert>", "not well-formed XML"),
        (b"<alert></alerts>", "not well-formed XML"),
        (b"<alert/><alert/>", "not well-formed XML"),
        (b"<alert>&boom;</alert>", "not well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><alert>&b;</alert>', "a DOCTYPE"),
        (b"<!DOCTYPE alert><alert/>", "a DOCTYPE"),
        (b'<?xml version="1.0" encoding="utf-16"?><alert/>', "encoding|utf-16"),
        ('<?xml version="1.0" encoding="latin-1"?><alert>ü</alert>'.encode("latin-1"), "latin-1"),
        (b"<alert>\xff</alert>", "not well-formed XML"),
        (b"<a>" * 200 + b"</a>" * 200, "nested deeper"),
        (b"<alerts>" + b"<alert/>" * 11 + b"</alerts>", "more than 10 alerts"),
        (b"{}", "not well-formed XML"),
        (b"<alert>" + b" " * 2000 + b"</alert>", "a document of 2015 bytes"),
    ],
)
def test_what_is_no_usable_document_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(CapError, match=said):
        cut.alerts(data, ParseLimits(document_bytes=2000, alerts=10))


@given(
    st.lists(
        st.tuples(
            st.text(
                st.characters(
                    exclude_categories=("C",), exclude_characters="<>&", max_codepoint=0xFFFF
                )
            ),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_any_texts_come_back_as_they_were(texts: list[tuple[str, bool]]) -> None:
    pieces = [
        f'<alert xmlns="{CAP12}"/>' if empty else f'<alert xmlns="{CAP12}"><i>{text}</i></alert>'
        for text, empty in texts
    ]
    between = [text for text, _ in texts]
    mixed = [part for pair in zip(between, pieces, strict=True) for part in pair]
    assert cut.alerts(wrapped(*mixed)) == tuple(piece.encode() for piece in pieces)


@given(st.binary(max_size=300))
def test_any_bytes_give_alerts_or_are_refused(data: bytes) -> None:
    try:
        cut.alerts(data)
    except CapError:
        pass


@pytest.mark.shared
@pytest.mark.skipif(not SYNTHETIC.is_dir(), reason=f"{SYNTHETIC} is not there")
def test_the_alerts_of_a_real_envelope_are_its_bytes() -> None:
    data = (SYNTHETIC / "e00_feed_with_evi_family.xml").read_bytes()
    found = cut.alerts(data)
    assert len(found) == 4
    assert all(piece in data for piece in found)
