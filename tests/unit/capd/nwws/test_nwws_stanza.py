from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

from eas_station.capd.nwws import nwws_stanza


def element(text: str | None = "x", **attributes: str) -> ElementTree.Element:
    made = ElementTree.Element(nwws_stanza.TAG, attributes)
    made.text = text
    return made


def test_a_product_has_its_names_its_number_and_its_time() -> None:
    stanza = nwws_stanza.read(
        element(
            cccc="KCLE", ttaaii="WUUS51", awipsid="SVRCLE", id="14425.29",
            issue="2026-04-14T00:16:00Z",
        )
    )  # fmt: skip
    assert stanza.name == "SVRCLE WUUS51 KCLE"
    assert (stanza.process, stanza.sequence) == (14425, 29)
    assert stanza.issued_at == datetime(2026, 4, 14, 0, 16, tzinfo=UTC)


def test_what_is_malformed_is_not_known() -> None:
    stanza = nwws_stanza.read(
        element(None, cccc="../x", ttaaii="A" * 11, awipsid="ÄÖ", id="1.x", issue="today")
    )
    assert (stanza.name, stanza.text) == ("a product", "")
    assert (stanza.process, stanza.sequence, stanza.issued_at) == (None, None, None)
