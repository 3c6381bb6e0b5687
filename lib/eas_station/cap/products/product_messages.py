"""A text product or a CAP document of the NWWS → CAP messages, for the same path as other feeds.

A CAP document is read as it is. A text product gives one message per segment and P-VTEC event: by
that name it joins the CAP message that the NWS makes of it minutes later. A product without VTEC
gives one message per segment if its AWIPS category is an EAS event code (NWS Directive 10-518);
other products, forecasts above all, give none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from eas_station.cap.message import CapArea, CapInfo, CapMessage, Named
from eas_station.cap.products import event_names, text_product, vtec
from eas_station.cap.products.text_product import Product, Segment
from eas_station.cap.products.vtec import Vtec
from eas_station.errors import CapError

OVER = ("CAN", "UPG")  # NWS Directive 10-1703; EXP only announces the end
BEGINS = ("NEW", "EXB", "EXA")  # the actions by which places come under an event
MAX_FAULTS = 10  # of one kind, told one by one
DOMAIN = "nwws-oi.weather.gov"
_CAP = re.compile(r"<\?xml\b|<(?:[A-Za-z_][\w.-]*:)?alert[\s>]")
_CAP_END = re.compile(r"</(?:[A-Za-z_][\w.-]*:)?alert\s*>")


class ProductTables(Protocol):
    """What a product does not say itself; `tables.Tables` knows it."""

    @property
    def zones(self) -> Mapping[str, tuple[str, ...]]:
        """UGC → SAME codes."""

    def event_name(self, code: str) -> str:
        """ "Child Abduction Emergency"."""


@dataclass(frozen=True, slots=True)
class ProductReading:
    """The alerts of a product. Both are empty for a forecast."""

    messages: tuple[CapMessage, ...]
    rejected: tuple[CapError, ...]  # parts that should have given an alert, each with its text


def cap_document(text: str) -> bytes | None:
    """The CAP document in a product, as under the heading XOUS51 KWBC; None: it is a text.

    Its declaration is left out: what came by XMPP is text, whatever the document says of itself.
    """
    text = text_product.plain(text)
    start = _CAP.search(text)
    if start is None:
        return None
    ends = list(_CAP_END.finditer(text, start.start()))
    end = ends[-1].end() if ends else len(text)
    document = re.sub(r"\A<\?xml[^>]*\?>\s*", "", text[start.start() : end])
    return document.encode("utf-8", "backslashreplace")


def read(
    text: str, received_at: datetime, tables: ProductTables, awips: str = ""
) -> ProductReading:
    """The messages of a text product. Raises CapError if it should have given some and gives none.

    Args:
        received_at: about when it was sent.
        awips: the identifier that came beside the text, for a text without one.
    """
    text = text_product.plain(text)
    if not _may_warn(text, awips):
        return ProductReading((), ())
    product = text_product.parse(text, received_at, awips)
    messages: list[CapMessage] = []
    rejected: list[CapError] = []
    category = product.awips[:3]
    has_vtec = any(segment.events or segment.malformed_vtec for segment in product.segments)
    for segment in product.segments:
        rejected.extend(_vtec_faults(product, segment))
        subjects = [_by_vtec(event, category) for event in segment.events if event.number > 0]
        if not segment.events and (segment.malformed_vtec or not has_vtec):
            subjects.extend(_by_category(category, tables))
        messages.extend(_message(product, segment, subject, tables) for subject in subjects)
    if not messages and not product.segments:
        raise CapError("neither a list of places nor a VTEC line", text[:200])
    return ProductReading(tuple(messages), tuple(rejected))


def _may_warn(text: str, awips: str) -> bool:
    """Is there a P-VTEC, or an EAS event code as category; forecasts have neither."""
    if vtec.begins_in(text):
        return True
    heading = text_product.heading(text)
    category = ((heading.awips if heading is not None else "") or awips)[:3]
    return event_names.originator(category.upper()) is not None


def _vtec_faults(product: Product, segment: Segment) -> Iterator[CapError]:
    name = f"{product.wmo} {product.office} {product.awips}".rstrip()
    faults = [f"not a P-VTEC: {line[:80]!r}" for line in segment.malformed_vtec[:MAX_FAULTS]]
    more = len(segment.malformed_vtec) - MAX_FAULTS
    if more > 0:
        faults.append(f"{more} more lines are not a P-VTEC")
    faults += [
        f"event number 0000: {event.text}"
        for event in segment.events[:MAX_FAULTS]
        if event.number == 0 and event.action != "ROU"
    ]
    for fault in faults:
        yield CapError(f"{name}: {fault}", segment.text[:200])


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a message is about."""

    name: str  # "Severe Thunderstorm Warning"
    same_code: str | None
    originator: str | None
    event: Vtec | None  # None: a product without VTEC

    @property
    def is_over(self) -> bool:
        return self.event is not None and self.event.action in OVER

    @property
    def identifiers(self) -> tuple[str, ...]:
        event = self.event
        if event is None:
            return (self.same_code or "",)
        name = f"{event.office}.{event.phenomenon}.{event.significance}.{event.number:04d}"
        return event.action, name


def _by_vtec(event: Vtec, category: str) -> _Subject:
    same_code = event_names.same_code(
        event.phenomenon,
        event.significance,
        is_new=event.action in BEGINS,
        category=category,
    )
    return _Subject(
        name=event_names.event_name(event.phenomenon, event.significance),
        same_code=same_code,
        originator=None if same_code is None else "WXR",
        event=event,
    )


def _by_category(category: str, tables: ProductTables) -> Iterator[_Subject]:
    """The subject of a product without VTEC; at most one."""
    originator = event_names.originator(category)
    if originator is not None:
        yield _Subject(tables.event_name(category), category, originator, None)


def _message(
    product: Product, segment: Segment, subject: _Subject, tables: ProductTables
) -> CapMessage:
    digest = hashlib.blake2b(segment.text.encode("utf-8", "backslashreplace"), digest_size=6)
    parts = (
        *(product.office, product.wmo, product.awips or "-"),
        *(f"{product.issued_at:%Y%m%dT%H%MZ}", *subject.identifiers, digest.hexdigest()),
    )
    return CapMessage(
        identifier=":".join(parts),
        sender=f"{product.office}@{DOMAIN}",
        sent_at=product.issued_at,
        status="Test" if product.is_test else "Actual",
        # Never an Update: it references no message.
        message_type="Cancel" if subject.is_over else "Alert",
        scope="Public",
        version="nws",
        raw=segment.text,
        infos=(_info(product, segment, subject, tables),),
        notes=tuple(_notes(segment)),
    )


def _notes(segment: Segment) -> Iterator[str]:
    yield "made of a text product"
    if not segment.has_list:
        yield "it has no list of places"
    if segment.mended_list is not None:
        yield f"its list of places has faults: {segment.mended_list[:80]!r}"
    for part in segment.unread_places[:MAX_FAULTS]:
        yield f"not a place: {part!r}"
    for line in segment.malformed_vtec[:MAX_FAULTS]:
        yield f"not a P-VTEC: {line[:80]!r}"
    if segment.has_bad_polygon:
        yield "LAT...LON is not a ring on the Earth"


def _info(product: Product, segment: Segment, subject: _Subject, tables: ProductTables) -> CapInfo:
    event, same_code = subject.event, subject.same_code
    return CapInfo(
        language="en-US",
        event=subject.name,
        categories=("Met",) if event is not None else (),
        event_codes=() if same_code is None else (Named("SAME", same_code),),
        effective_at=product.issued_at,
        onset_at=None if event is None else event.begins_at,
        expires_at=segment.expires_at,
        ends_at=None if event is None else event.ends_at,
        sender_name=f"NWS {product.office}",
        headline=segment.headline or f"{subject.name} by NWS {product.office}",
        description=segment.description,
        instruction=segment.instruction,
        parameters=tuple(_parameters(product, subject)),
        areas=(_area(segment, tables),),
    )


def _parameters(product: Product, subject: _Subject) -> Iterator[Named]:
    if subject.event is not None:
        yield Named("VTEC", subject.event.text)
    yield Named("WMOidentifier", _heading(product))
    yield Named("AWIPSidentifier", product.awips)
    yield Named("BLOCKCHANNEL", "EAS")  # as in all of the NWS's messages: it has its own radio
    if subject.originator is not None:
        yield Named("EAS-ORG", subject.originator)


def _heading(product: Product) -> str:
    """The WMO heading with its BBB: "WFUS53 KOAX 012004 CCA"."""
    heading = f"{product.wmo} {product.office} {product.issued_at:%d%H%M}"
    return heading if product.correction is None else f"{heading} {product.correction}"


def _area(segment: Segment, tables: ProductTables) -> CapArea:
    """The places. Parts of the list that could not be read stay: they may name ours."""
    zones = tables.zones
    same_codes = dict.fromkeys(code for ugc in segment.ugc_codes for code in zones.get(ugc, ()))
    return CapArea(
        description=None,
        polygons=() if segment.polygon is None else (segment.polygon,),
        geocodes=(
            *(Named("SAME", code) for code in same_codes),
            *(Named("UGC", code) for code in (*segment.ugc_codes, *segment.unread_places)),
        ),
    )
