"""Other languages of a CAP message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eas_station.webd.render.languages import MOST_BLOCKS, other_languages

INFO = """<info><language>{0}</language><category>Met</category><event>{1}</event>
<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
<headline>{2}</headline><instruction>{3}</instruction>
<area><areaDesc>Wood</areaDesc></area></info>"""
ALERT = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>i</identifier>
<sender>s</sender><sent>2025-11-22T03:12:00-05:00</sent><status>Actual</status>
<msgType>Alert</msgType><scope>Public</scope>{0}</alert>"""
ENGLISH = INFO.format("en-US", "Tornado Warning", "Tornado!", "Take cover.")
SPANISH = INFO.format("es-US", "Aviso de Tornado", "¡Tornado!", "Busque refugio.")


@pytest.fixture
def cap(make: Any) -> Any:
    def build(raw: str, **fields: Any) -> Any:
        one = make.reception(via="cap", raw=raw, channel=None, evidence=None)
        return replace(one, statement=replace(one.statement, **fields))

    return build


def test_another_language_has_the_words_of_the_sender(cap: Any) -> None:
    (found,) = other_languages((cap(ALERT.format(ENGLISH + SPANISH), language="en-US"),))
    assert (found.language, found.title) == ("es-US", "Aviso de Tornado")
    assert found.paragraphs == ("¡Tornado!", "Busque refugio.")


def test_an_alert_shown_in_spanish_has_english_as_other_language(cap: Any) -> None:
    (found,) = other_languages((cap(ALERT.format(ENGLISH + SPANISH), language="es-US"),))
    assert found.title == "Tornado Warning"


def test_another_region_of_the_same_language_is_not_another_language(cap: Any) -> None:
    british = INFO.format("en-GB", "Tornado Warning", "Tornado!", "Take cover.")
    assert other_languages((cap(ALERT.format(ENGLISH + british)),)) == ()
    assert other_languages((cap(ALERT.format(ENGLISH)),)) == ()


def test_the_newest_message_with_other_languages_counts(cap: Any, make: Any) -> None:
    old = cap(ALERT.format(ENGLISH + INFO.format("fr-CA", "Alerte", "x", "y")))
    new = cap(ALERT.format(ENGLISH + SPANISH), issued_at=make.now.replace(hour=9))
    newest = cap("<alert>", issued_at=make.now.replace(hour=10))
    (found,) = other_languages((old, new, newest))
    assert found.language == "es-US"


@pytest.mark.parametrize(
    "raw",
    ["", "<info><info><info><info><language>", '{"type": "Feature"}', "<script>alert(1)</script>"],
)
def test_a_text_that_is_no_cap_message_has_no_languages(cap: Any, raw: str) -> None:
    assert other_languages((cap(raw),)) == ()


def test_an_entity_is_not_expanded(cap: Any) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "boom">]>' + ALERT.format(ENGLISH + SPANISH)
    assert other_languages((cap(bomb.replace("¡Tornado!", "&x;")),)) == ()


def test_the_number_of_languages_is_limited(cap: Any) -> None:
    many = "".join(INFO.format(f"q{chr(97 + n)}", f"n{n}", "h", "i") for n in range(20))
    assert len(other_languages((cap(ALERT.format(ENGLISH + many)),))) == MOST_BLOCKS
