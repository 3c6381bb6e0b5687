"""A CAP message → a reception in the station's words.

Source: CAP 1.2, 3.2. Event codes count by the name SAME only (ECIG 3.4.1.2); the API's `ends`, the
end of the event, goes before `expires`, the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast, get_args

from eas_station.alerts.model import (
    EventRef,
    InfoBlock,
    Kind,
    MessageId,
    Reception,
    Statement,
    Status,
)
from eas_station.alerts.sources import cap_places, cap_to_same
from eas_station.cap.message import CapInfo, CapMessage
from eas_station.cap.products import vtec
from eas_station.errors import CapError

_KINDS: dict[str, Kind] = {"Alert": "alert", "Update": "update", "Cancel": "cancel"}
_STATUSES = frozenset(get_args(Status))
_EVENT_CODE = re.compile("[A-Z]{3}")
# A message holds each place once per event, and the whole nation has fewer places.
MAX_EVENTS = 100
MAX_BLOCKS = 100
MAX_PLACES = 10_000
MAX_REFERENCES = 1_000  # the longest real list has 60


def reception(
    message: CapMessage,
    *,
    origin: str,
    received_at: datetime,
    clock_trusted: bool,
    callsign: str,
    new_id: Callable[[], str],
    language: str = "en-US",
) -> Reception:
    """One hearing of a CAP message.

    Args:
        origin: the feed's name.
        received_at: aware UTC.
        callsign: the station's own, for the header that the message translates to.
        new_id: makes the UUID.
    Raises:
        CapError: a message that warns of nothing (Ack, Error, an unknown msgType).
    """
    said = statement(
        message, callsign=callsign, now=received_at if clock_trusted else None, language=language
    )
    return Reception(
        reception_id=new_id(),
        via="cap",
        origin=origin,
        channel=None,
        received_at=received_at,
        raw=message.raw,
        statement=said,
        signature=_signature(message),
        clock_trusted=clock_trusted,
    )


def _signature(message: CapMessage) -> str | None:
    if message.signature is not None:
        return message.signature
    return None if message.signed or message.version == "nws" else "unsigned"


def statement(
    message: CapMessage, *, callsign: str, now: datetime | None = None, language: str = "en-US"
) -> Statement:
    """What a CAP message says. Raises CapError if it warns of nothing.

    Its words are those of one info block, in our language where there is one; its SAME header does
    not depend on that, for it is every other device's too. Its places are those
    of every info block in that language, until the last of them ends. Blocks that only say "all
    clear" say nothing beside others; in a Cancel all do.
    """
    kind = _KINDS.get(message.message_type)
    if kind is None:
        raise CapError(f"msgType {message.message_type[:40]} warns of nothing", message.raw[:200])
    translation = cap_to_same.translate(message, callsign, now=now)
    own = MessageId(message.sender, message.identifier, message.sent_at)
    references = tuple([MessageId(*reference) for reference in message.references])
    said: dict[str, Any] = {
        "kind": kind,
        "status": _status(message),
        "event_name": "Cancellation" if kind == "cancel" else message.message_type,
        "issued_at": message.sent_at,
        "message": own,
        "references": tuple([reference for reference in references if reference != own]),
        "same_header": translation.header,
        "same_refusal": translation.refusal or translation.blocked,
    }
    info = message.info(language)
    if info is not None:
        said |= _said(message, _blocks(message, info))
    return _bounded(Statement(**said), message)


def _bounded(said: Statement, message: CapMessage) -> Statement:
    """Refuse what no real message comes near, and what would keep the flusher busy: CapError."""
    for name, counted, most in (
        ("events", said.events, MAX_EVENTS),
        ("info blocks", said.blocks, MAX_BLOCKS),
        ("zones", said.ugc_codes, MAX_PLACES),
        ("SAME codes", said.same_codes, MAX_PLACES),
        ("Canadian codes", said.canada_codes, MAX_PLACES),
        ("geocodes", said.geocodes, MAX_PLACES),
        ("references", said.references, MAX_REFERENCES),
    ):
        if len(counted) > most:
            raise CapError(f"{len(counted)} {name} in one message", message.raw[:200])
    return said


def _said(message: CapMessage, blocks: Sequence[CapInfo]) -> dict[str, Any]:
    """The fields of the statement that stand in info blocks."""
    info, last = blocks[0], blocks[0] if len(blocks) == 1 else max(blocks, key=_over_at)
    areas = [area for block in blocks for area in block.areas]
    event_code = _event_code(info)
    said: dict[str, Any] = {
        "event_code": event_code,
        "originator": _originator(info),
        **cap_places.places(areas, message.version)._asdict(),
        "onset_at": info.onset_at,
        "expires_at": last.expires_at,
        "ends_at": last.ends_at,
        "events": _events(message, info),
        "severity": info.severity,
        "urgency": info.urgency,
        "certainty": info.certainty,
        "headline": info.headline,
        "description": info.description,
        "instruction": info.instruction,
        "area_text": cap_places.area_text(areas),
        "sender_name": info.sender_name,
        "language": info.language,
        "web": info.web,
        "correction": _correction(info),
    }
    if info.event or event_code:
        said["event_name"] = info.event or event_code
    if len(blocks) > 1:
        said["blocks"] = tuple(_block(message, block) for block in blocks)
    return said


def _block(message: CapMessage, info: CapInfo) -> InfoBlock:
    """One info block by itself."""
    event_code = _event_code(info)
    return InfoBlock(
        event_name=info.event or event_code or message.message_type,
        event_code=event_code,
        severity=info.severity,
        urgency=info.urgency,
        certainty=info.certainty,
        headline=info.headline,
        description=info.description,
        instruction=info.instruction,
        area_text=cap_places.area_text(info.areas),
        onset_at=info.onset_at,
        over_at=info.ends_at or info.expires_at,
        **cap_places.places(info.areas, message.version)._asdict(),
    )


def _status(message: CapMessage) -> Status:
    status = message.status.lower()
    if status not in _STATUSES:
        raise CapError(f"status {message.status[:40]} is none of CAP's", message.raw[:200])
    return cast(Status, status)


def _blocks(message: CapMessage, info: CapInfo) -> Sequence[CapInfo]:
    """The info blocks that count, in document order: in the language of the chosen one."""
    siblings = [other for other in message.infos if other.language == info.language]
    if message.message_type == "Cancel":
        return siblings
    return [other for other in siblings if "AllClear" not in other.responses] or siblings


def _over_at(info: CapInfo) -> datetime:
    """When an info block is over; one that does not say so counts least."""
    return info.ends_at or info.expires_at or datetime.min.replace(tzinfo=UTC)


def _event_code(info: CapInfo) -> str | None:
    """EEE by the name SAME; the NWS's placeholder, and what is not three capitals, is none."""
    code = next((value for name, value in info.event_codes if name == "SAME"), None)
    if code is None or code == cap_to_same.PLACEHOLDER or _EVENT_CODE.fullmatch(code) is None:
        return None
    return code


def _originator(info: CapInfo) -> str | None:
    originator = info.parameter("EAS-ORG")
    return originator if originator in cap_to_same.ORIGINATORS else None


def _correction(info: CapInfo) -> str | None:
    """BBB of the WMO heading, which text products tell: "WFUS53 KOAX 012004 CCA"."""
    words = (info.parameter("WMOidentifier") or "").split(" ")
    return words[3] if len(words) == 4 else None


def _events(message: CapMessage, info: CapInfo) -> tuple[EventRef, ...]:
    """The P-VTEC events of the message; number 0000 (routine) names no event."""
    texts = info.parameter_values("VTEC")
    if not texts:
        return ()
    earlier = tuple([reference.sent_at for reference in message.references])
    found = vtec.parse(" ".join(texts))
    return tuple(
        EventRef(
            key=event.key(vtec.year_of_issue(event, message.sent_at, earlier)),
            action=event.action,
            product_class=event.product_class,
            begins_at=event.begins_at,
            ends_at=event.ends_at,
        )
        for event in found
        if event.number > 0
    )
