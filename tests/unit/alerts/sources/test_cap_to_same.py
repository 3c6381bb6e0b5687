from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.sources import cap_to_same
from eas_station.cap.documents import document
from eas_station.cap.message import CapArea, CapInfo, CapMessage, Named
from eas_station.errors import CapError

SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "cap"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not there")

SENT_AT = datetime(2026, 4, 20, 16, 5, 2, tzinfo=UTC)
INFO = CapInfo(
    language="en-US",
    event="Tornado Warning",
    event_codes=(Named("NationalWeatherService", "TOW"), Named("SAME", "TOR")),
    expires_at=SENT_AT + timedelta(minutes=44, seconds=59),
    parameters=(Named("EAS-ORG", "WXR"), Named("EAS-ORG", "CIV")),
    areas=(
        CapArea("Bexar", geocodes=(Named("UGC", "TXC029"), Named("SAME", "048029"))),
        CapArea("Medina", geocodes=(Named("SAME", "048325"),)),
    ),
)
MESSAGE = CapMessage(
    identifier="M-1",
    sender="someone@example.org",
    sent_at=SENT_AT,
    status="Actual",
    message_type="Alert",
    scope="Public",
    version="1.2",
    raw="<alert/>",
    infos=(INFO,),
    codes=("IPAWSv1.0",),
)


def said(message: CapMessage = MESSAGE, **changed: Any) -> cap_to_same.Translation:
    """The translation of the message with a changed info block."""
    return cap_to_same.translate(message._replace(infos=(INFO._replace(**changed),)), "EASTATN")


def test_the_header_of_the_first_area_with_purge_time_rounded_up() -> None:
    assert said().header == "ZCZC-WXR-TOR-048029+0045-1101605-EASTATN -"
    everywhere = cap_to_same.translate(MESSAGE, "EASTATN", areas="all")
    assert everywhere.header == "ZCZC-WXR-TOR-048029-048325+0045-1101605-EASTATN -"


@pytest.mark.parametrize(
    ("seconds", "tttt"),
    [
        (1, "0015"),
        (15 * 60, "0015"),
        (15 * 60 + 1, "0030"),
        (45 * 60, "0045"),
        (45 * 60 + 0.5, "0100"),
        (3600, "0100"),
        (3601, "0130"),
        (99.5 * 3600, "9930"),
        (10**9, "9930"),
    ],
)
def test_the_purge_time(seconds: float, tttt: str) -> None:
    header = said(expires_at=SENT_AT + timedelta(seconds=seconds)).header
    assert header is not None
    assert f"+{tttt}-" in header


def test_the_first_31_places_are_taken_with_their_repeats() -> None:
    codes = [f"048{n:03}" for n in range(1, 41)]
    geocodes = tuple(Named("SAME", code) for code in ["048001", *codes])
    header = said(areas=(CapArea("Texas", geocodes=geocodes),)).header
    assert header is not None
    assert header.count("-048") == 31
    assert "-048001-048001-048002-" in header
    assert "048030+" in header


@pytest.mark.parametrize(
    ("changed", "refusal", "outcome"),
    [
        ({"event_codes": ()}, "no SAME eventCode", "ignored"),
        ({"event_codes": (Named("SAME", "NWS"),)}, "placeholder eventCode NWS", "ignored"),
        ({"event_codes": (Named("SAME", "tor"),)}, "not three capital letters", "rejected"),
        ({"event_codes": (Named("SAME", "T0R"),)}, "not three capital letters", "rejected"),
        ({"event_codes": (Named("SAME", "ＴＯＲ"),)}, "not three capital letters", "rejected"),
        ({"event_codes": (Named("SAME", "TOR-000000+0600"),)}, "not three", "rejected"),
        (
            {"event_codes": (Named("SAME", "TOR"), Named("SAME", "SVR"))},
            "more than one SAME eventCode",
            "rejected",
        ),
        ({"parameters": ()}, "no valid EAS-ORG", "rejected"),
        ({"parameters": (Named("EAS-ORG", "CIV-EAN"),)}, "no valid EAS-ORG", "rejected"),
        ({"parameters": (Named("EAS-ORG", "EAN"),)}, "no valid EAS-ORG", "rejected"),
        ({"expires_at": None}, "no expires", "rejected"),
        ({"expires_at": SENT_AT}, "expires is not after sent", "ignored"),
        ({"areas": ()}, "no SAME geocode", "ignored"),
        ({"areas": (CapArea("x", geocodes=(Named("SAME", "48029"),)),)}, "six digits", "rejected"),
        ({"areas": (CapArea("x", geocodes=(Named("SAME", "04802\u0669"),)),)}, "six", "rejected"),
    ],
)
def test_why_there_is_no_header(changed: dict[str, Any], refusal: str, outcome: str) -> None:
    translation = said(**changed)
    assert translation.header is None
    assert translation.refusal is not None
    assert refusal in translation.refusal
    assert translation.outcome == outcome


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"status": "Test"}, "status Test: only Actual goes on the air"),
        ({"message_type": "Cancel"}, "msgType Cancel"),
        ({"message_type": "Revoke"}, "msgType Revoke"),
        ({"scope": "Restricted"}, "scope Restricted: only Public goes on the air"),
        ({"infos": ()}, "no info block"),
    ],
)
def test_what_never_goes_on_the_air(changed: dict[str, Any], refusal: str) -> None:
    translation = cap_to_same.translate(MESSAGE._replace(**changed), "EASTATN")
    assert translation == cap_to_same.Translation(None, refusal, "ignored")


def test_an_unknown_event_code_is_translated_all_the_same() -> None:
    header = said(event_codes=(Named("SAME", "XYW"),)).header
    assert header == "ZCZC-WXR-XYW-048029+0045-1101605-EASTATN -"


def test_a_blocked_message_has_a_header_that_is_not_wanted() -> None:
    blocking = (*INFO.parameters, Named("BLOCKCHANNEL", "NWEM"), Named("BLOCKCHANNEL", "EAS"))
    translation = said(parameters=blocking)
    assert translation.header == "ZCZC-WXR-TOR-048029+0045-1101605-EASTATN -"
    assert (translation.refusal, translation.blocked) == (None, "blocked by BLOCKCHANNEL=EAS")


def test_outside_ipaws_the_originator_is_civil_and_the_life_an_hour() -> None:
    foreign = MESSAGE._replace(codes=())
    translation = said(foreign, parameters=(), expires_at=None)
    assert translation.header == "ZCZC-CIV-TOR-048029+0100-1101605-EASTATN -"


@pytest.mark.parametrize("sender", ["w-nws.webmaster@noaa.gov", "KSTO@NWS.NOAA.GOV"])
def test_a_weather_service_product_is_never_a_civil_authoritys(sender: str) -> None:
    assert said(MESSAGE._replace(codes=(), sender=sender), parameters=()).header is None
    imposter = MESSAGE._replace(codes=(), sender="x@notnoaa.gov")
    assert said(imposter, parameters=()).header is not None


def test_cap_1_1_names_its_places_fips6() -> None:
    places = (CapArea("Bexar", geocodes=(Named("FIPS6", "048029"),)),)
    assert said(areas=places).header is None
    assert said(MESSAGE._replace(version="1.1"), areas=places).header is not None


@pytest.mark.parametrize(
    ("signature", "outcome", "header", "why"),
    [
        ("valid", "accepted", True, None),
        (None, "accepted", True, None),
        ("invalid: not signed", "rejected", False, "signature invalid: not signed"),
        (
            "unchecked: no trust store",
            "accepted",
            True,
            "never relayed: signature unchecked: no trust store",
        ),
    ],
)
def test_what_is_not_verified_is_never_relayed(
    signature: str | None, outcome: str, header: bool, why: str | None
) -> None:
    found = said(MESSAGE._replace(signature=signature))
    assert (found.outcome, found.header is not None) == (outcome, header)
    assert (found.refusal or found.blocked) == why


def test_a_message_from_the_future_is_refused_where_the_clock_is_trusted() -> None:
    early = SENT_AT - timedelta(minutes=16)
    assert cap_to_same.translate(MESSAGE, "X", now=early).header is None
    assert cap_to_same.translate(MESSAGE, "X", now=early + timedelta(minutes=1)).header is not None


def test_a_call_sign_that_no_header_can_carry_is_refused() -> None:
    for callsign in ("TOOLONGCALL", "A-B", "\u00c9"):
        translation = cap_to_same.translate(MESSAGE, callsign)
        assert (translation.header, translation.outcome) == (None, "rejected")


@needs_shared
@pytest.mark.shared
def test_every_expected_header_and_refusal_of_the_collection_is_exact() -> None:
    documents: dict[str, tuple[CapMessage, ...]] = {}
    wrong = []
    with (SHARED / "same_expected.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        if row["file"] not in documents:
            documents[row["file"]] = document.parse((SHARED / row["file"]).read_bytes()).messages
        message = documents[row["file"]][int(row["n"])]
        translation = cap_to_same.translate(message, "LLLLLLLL")
        said = translation.header or "", translation.refusal or translation.blocked or ""
        if said != (row["ecig_header"], row["note"]):
            wrong.append((row["file"], row["n"], said))
    assert len(rows) > 600
    assert wrong == []


@needs_shared
@pytest.mark.shared
def test_every_expected_header_of_the_manifest_is_exact() -> None:
    files = json.loads((SHARED / "manifest.json").read_text(encoding="utf-8"))["files"]
    wrong = []
    asked = 0
    for entry in files:
        expected = entry.get("expect", {})
        header = expected.get("same_header")
        silent = expected.get("result") in ("rejected", "ignored", "not_aired", "cancel")
        silent = silent or expected.get("outcome", "").startswith(("reject", "ignored"))
        # Signatures are not judged here.
        if header is None and (not silent or "signature" in expected or "w06" in entry["file"]):
            continue
        asked += 1
        try:
            messages = document.parse((SHARED / entry["file"]).read_bytes()).messages
        except CapError:
            messages = ()
        now = datetime.fromisoformat(entry["now"])
        headers = [cap_to_same.translate(m, "LLLLLLLL", now=now).header for m in messages]
        if any(found != header for found in headers) or (header is not None and not headers):
            wrong.append((entry["file"], headers))
    assert asked > 80
    assert wrong == []
