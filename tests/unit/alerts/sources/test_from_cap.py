from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.model import EventRef, MessageId, Reception, Statement
from eas_station.alerts.sources import from_cap
from eas_station.cap.documents import document
from eas_station.cap.message import CapArea, CapInfo, CapMessage, Named, Reference
from eas_station.errors import CapError
from eas_station.wire import from_json, to_json

SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "cap"

SENT_AT = datetime(2026, 4, 20, 16, 5, tzinfo=UTC)
RECEIVED_AT = SENT_AT + timedelta(seconds=40)
RING = ((29.4, -98.5), (29.5, -98.5), (29.5, -98.4), (29.4, -98.5))
INFO = CapInfo(
    language="en-US",
    event="Tornado Warning",
    responses=("Shelter",),
    severity="Extreme",
    event_codes=(Named("NationalWeatherService", "TOW"), Named("SAME", "TOR")),
    onset_at=SENT_AT,
    expires_at=SENT_AT + timedelta(minutes=45),
    ends_at=SENT_AT + timedelta(hours=2),
    headline="Tornado Warning until noon",
    parameters=(
        Named("EAS-ORG", "WXR"),
        Named("BLOCKCHANNEL", "EAS"),
        Named("VTEC", "/O.NEW.KEWX.TO.W.0007.260420T1605Z-260420T1805Z/"),
        Named("VTEC", "/O.ROU.KEWX.FL.S.0000.000000T0000Z-000000T0000Z/"),
    ),
    areas=(
        CapArea(
            "Bexar, TX",
            polygons=(RING,),
            circles=((29.4, -98.5, 3.0),),
            geocodes=(
                *(Named("SAME", "048029"), Named("SAME", "048029"), Named("SAME", "bad")),
                *(Named("UGC", "TXC029"), Named("UGC", "TX029"), Named("FIPS6", "048031")),
            ),
        ),
        CapArea("Medina, TX", geocodes=(Named("SAME", "048325"),)),
    ),
)
UGC_CODES = tuple(f"{a}{b}Z{n:03}" for a in "AB" for b in "ABCDEF" for n in range(1000))[:11000]
MESSAGE = CapMessage(
    identifier="M-1",
    sender="w-nws.webmaster@noaa.gov",
    sent_at=SENT_AT,
    status="Actual",
    message_type="Alert",
    scope="Public",
    version="nws",
    raw="{}",
    infos=(INFO,),
    codes=("IPAWSv1.0",),
)


def statement(message: CapMessage = MESSAGE, **changed: Any) -> Statement:
    """What the message says, its fields changed."""
    return from_cap.statement(message._replace(**changed), callsign="EASTATN")


def test_a_warning_in_the_stations_words() -> None:
    said = statement()
    assert (said.kind, said.status, said.event_name) == ("alert", "actual", "Tornado Warning")
    assert (said.event_code, said.originator, said.callsign) == ("TOR", "WXR", None)
    assert said.same_codes == ("048029", "048325")
    assert said.ugc_codes == ("bad", "TXC029", "TX029")  # a malformed code may name our place
    assert (said.polygons, said.circles) == ((RING,), ((29.4, -98.5, 3.0),))
    assert (said.issued_at, said.ends_at) == (SENT_AT, SENT_AT + timedelta(hours=2))
    assert said.message == MessageId("w-nws.webmaster@noaa.gov", "M-1", SENT_AT)
    assert said.events == (
        EventRef(
            key="KEWX.TO.W.0007.2026",
            action="NEW",
            product_class="O",
            begins_at=SENT_AT,
            ends_at=SENT_AT + timedelta(hours=2),
        ),
    )
    assert said.same_header is None
    assert said.same_refusal == "geocode 'bad' is not six digits"
    assert said.area_text == "Bexar, TX; Medina, TX"


def test_a_blocked_message_keeps_its_header_and_says_so() -> None:
    good = INFO._replace(areas=(CapArea("Bexar", geocodes=(Named("SAME", "048029"),)),))
    said = statement(infos=(good,))
    assert said.same_header == "ZCZC-WXR-TOR-048029+0045-1101605-EASTATN -"
    assert said.same_refusal == "blocked by BLOCKCHANNEL=EAS"


@pytest.mark.parametrize("code", ["NWS", "tor", "TOR-000000", ""])
def test_a_placeholder_or_a_malformed_code_is_no_event_code(code: str) -> None:
    said = statement(infos=(INFO._replace(event_codes=(Named("SAME", code),)),))
    assert said.event_code is None
    assert said.event_name == "Tornado Warning"


def test_an_unknown_event_code_is_kept() -> None:
    info = INFO._replace(event=None, event_codes=(Named("SAME", "XYW"),))
    said = statement(infos=(info,))
    assert (said.event_code, said.event_name) == ("XYW", "XYW")


@pytest.mark.parametrize("message_type", ["Ack", "Error", "Revoke", "alert"])
def test_what_warns_of_nothing_is_no_reception(message_type: str) -> None:
    with pytest.raises(CapError, match="warns of nothing"):
        statement(message_type=message_type)


def test_a_cancel_without_an_info_block_is_a_cancel() -> None:
    reference = Reference("w-nws.webmaster@noaa.gov", "M-0", SENT_AT)
    said = statement(message_type="Cancel", infos=(), references=(reference,))
    assert (said.kind, said.event_name, said.same_codes) == ("cancel", "Cancellation", ())
    assert said.references == (MessageId("w-nws.webmaster@noaa.gov", "M-0", SENT_AT),)
    assert said.same_refusal == "msgType Cancel"


def test_a_message_does_not_refer_to_itself() -> None:
    itself = Reference(MESSAGE.sender, MESSAGE.identifier, MESSAGE.sent_at)
    assert statement(references=(itself,)).references == ()


def test_a_continued_event_keeps_its_number_of_last_year() -> None:
    new_year = datetime(2027, 1, 1, 3, tzinfo=UTC)
    vtec = Named("VTEC", "/O.CON.KEWX.WS.W.0007.000000T0000Z-270102T1805Z/")
    earlier = Reference(MESSAGE.sender, "M-0", datetime(2026, 12, 31, 20, tzinfo=UTC))
    said = statement(
        sent_at=new_year,
        message_type="Update",
        references=(earlier,),
        infos=(INFO._replace(parameters=(vtec,)),),
    )
    assert said.events[0].key == "KEWX.WS.W.0007.2026"


def test_the_words_are_ours_and_the_places_of_every_block_in_our_language() -> None:
    spanish = INFO._replace(language="es-US", headline="Aviso", areas=(CapArea("Espa\u00f1a"),))
    north = INFO._replace(areas=(CapArea("North", geocodes=(Named("SAME", "048031"),)),))
    over = north._replace(responses=("AllClear",), areas=(CapArea("South"),))
    said = statement(infos=(spanish, INFO, north, over))
    assert (said.language, said.headline) == ("en-US", "Tornado Warning until noon")
    assert said.same_codes == ("048029", "048325", "048031")
    assert said.area_text == "Bexar, TX; Medina, TX; North"


@pytest.mark.parametrize("status", ["Actual", "Exercise", "System", "Test", "Draft"])
def test_the_status_is_kept(status: str) -> None:
    said = statement(status=status)
    assert said.status == status.lower()
    assert said.same_header is None


def test_a_reception_travels_and_comes_back_the_same() -> None:
    heard = from_cap.reception(
        MESSAGE,
        origin="nws",
        received_at=RECEIVED_AT,
        clock_trusted=True,
        callsign="EASTATN",
        new_id=lambda: "0b0e",
    )
    assert (heard.via, heard.origin, heard.channel, heard.raw) == ("cap", "nws", None, "{}")
    assert (heard.reception_id, heard.received_at) == ("0b0e", RECEIVED_AT)
    assert heard.signature is None
    assert from_json(Reception, to_json(heard)) == heard


def test_an_unsigned_document_is_said_to_be() -> None:
    def signature(message: CapMessage) -> str | None:
        return from_cap.reception(
            message,
            origin="x",
            received_at=RECEIVED_AT,
            clock_trusted=False,
            callsign="X",
            new_id=lambda: "1",
        ).signature

    assert signature(MESSAGE._replace(version="1.2")) == "unsigned"
    assert signature(MESSAGE._replace(version="1.2", signed=True)) is None


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not there")
def test_every_foreign_message_becomes_a_statement_or_is_refused() -> None:
    made = refused = 0
    for path in sorted(SHARED.rglob("*.*")):
        try:
            messages = document.parse(path.read_bytes()).messages if path.is_file() else ()
        except CapError:
            continue
        for message in messages:
            try:
                said = from_cap.statement(message, callsign="EASTATN")
            except CapError:
                refused += 1
                continue
            made += 1
            assert from_json(Statement, to_json(said)) == said
    assert made > 1500
    assert refused < 10


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            {
                "parameters": tuple(
                    Named("VTEC", f"/O.NEW.KEWX.TO.W.{n:04}.260420T1605Z-260420T1805Z/")
                    for n in range(1, 200)
                )
            },
            "199 events",
        ),
        (
            {"areas": (CapArea(None, geocodes=tuple(Named("UGC", code) for code in UGC_CODES)),)},
            "11000 zones",
        ),
        (
            {
                "areas": (
                    CapArea(None, geocodes=tuple(Named("SAME", f"{n:06}") for n in range(11000))),
                )
            },
            "11000 SAME codes",
        ),
    ],
)
def test_what_would_take_the_flusher_hours_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(CapError, match=why):
        statement(infos=(INFO._replace(**changed),))


def test_a_message_that_refers_to_thousands_is_refused() -> None:
    references = tuple(Reference("s", f"M-{n}", SENT_AT) for n in range(1001))
    with pytest.raises(CapError, match="1001 references"):
        statement(references=references)


def test_the_words_are_those_of_what_is_dangerous_still() -> None:
    over = INFO._replace(
        event="Tornado Warning ended",
        severity="Minor",
        responses=("AllClear",),
        expires_at=SENT_AT + timedelta(minutes=5),
        ends_at=None,
        areas=(CapArea("South", geocodes=(Named("SAME", "048031"),)),),
    )
    said = statement(infos=(over, INFO))
    assert (said.event_name, said.severity) == ("Tornado Warning", "Extreme")
    assert said.ends_at == SENT_AT + timedelta(hours=2)
    assert said.same_codes == ("048029", "048325")


def test_all_places_are_in_force_until_the_last_of_their_blocks_ends() -> None:
    short = INFO._replace(ends_at=None, expires_at=SENT_AT + timedelta(minutes=10))
    later = short._replace(
        expires_at=SENT_AT + timedelta(hours=6),
        areas=(CapArea("North", geocodes=(Named("SAME", "048031"),)),),
    )
    said = statement(infos=(short, later))
    assert said.expires_at == SENT_AT + timedelta(hours=6)
    assert said.ends_at is None
