"""What came over the NWWS → CAP messages, so that it walks the same way as all other feeds.

A CAP document is read as it is. A text product gives one message per segment and P-VTEC event:
that is the name by which it joins the CAP message that the NWS makes of it minutes later. A text
without VTEC has no such name, and would stand beside its CAP message for ever: it is left to that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from eas_station.cap.message import CapArea, CapInfo, CapMessage, Named
from eas_station.cap.products import event_names, text_product
from eas_station.cap.products.text_product import Product, Segment
from eas_station.cap.products.vtec import Vtec

OVER = ("CAN", "EXP", "UPG")  # actions by which an event ends: NWS Directive 10-1703
BEGINS = ("NEW", "EXB", "EXA")  # and those by which places come under it
DOMAIN = "nwws-oi.weather.gov"
_CAP = re.compile(r"<\?xml\b|<(?:[A-Za-z_][\w.-]*:)?alert[\s>]")
_CAP_END = re.compile(r"</(?:[A-Za-z_][\w.-]*:)?alert\s*>")

Zones = Mapping[str, tuple[str, ...]]


def cap_document(text: str) -> bytes | None:
    """The CAP document in a product, as under the heading XOUS51 KWBC; None: it is a text.

    Its declaration is left out: what came by XMPP is text, whatever the document says of itself.
    """
    start = _CAP.search(text)
    if start is None:
        return None
    ends = list(_CAP_END.finditer(text, start.start()))
    end = ends[-1].end() if ends else len(text)
    document = re.sub(r"\A<\?xml[^>]*\?>\s*", "", text[start.start() : end])
    return document.encode("utf-8", "backslashreplace")


def messages(text: str, received_at: datetime, zones: Zones) -> tuple[CapMessage, ...]:
    """The messages of a text product. Raises CapError if it is none.

    Args:
        received_at: about when it was sent.
        zones: UGC → SAME codes.
    """
    product = text_product.parse(text, received_at)
    return tuple(
        _message(product, segment, event, zones)
        for segment in product.segments
        for event in segment.events
        if event.number > 0  # 0000 (routine) names no event
    )


def _message(product: Product, segment: Segment, event: Vtec, zones: Zones) -> CapMessage:
    digest = hashlib.blake2b(segment.text.encode("utf-8", "backslashreplace"), digest_size=6)
    name = f"{event.office}.{event.phenomenon}.{event.significance}.{event.number:04d}"
    parts = (
        *(product.office, product.wmo, product.awips or "-"),
        *(f"{product.issued_at:%Y%m%dT%H%MZ}", event.action, name, digest.hexdigest()),
    )
    return CapMessage(
        identifier=":".join(parts),
        sender=f"{product.office}@{DOMAIN}",
        sent_at=product.issued_at,
        status="Actual",
        # Never an Update: it names no messages, and would hold what a later Update releases.
        message_type="Cancel" if event.action in OVER else "Alert",
        scope="Public",
        version="nws",
        raw=segment.text,
        infos=(_info(product, segment, event, zones),),
        notes=("made of a text product",),
    )


def _info(product: Product, segment: Segment, event: Vtec, zones: Zones) -> CapInfo:
    event_name = event_names.event_name(event.phenomenon, event.significance)
    same_code = event_names.same_code(
        event.phenomenon,
        event.significance,
        is_new=event.action in BEGINS,
        category=product.awips[:3],
    )
    parameters = [
        Named("VTEC", event.text),
        Named("WMOidentifier", f"{product.wmo} {product.office} {product.issued_at:%d%H%M}"),
        Named("AWIPSidentifier", product.awips),
        Named("BLOCKCHANNEL", "EAS"),  # as in all of the NWS's messages: it has its own radio
    ]
    if same_code is not None:
        parameters.append(Named("EAS-ORG", "WXR"))
    return CapInfo(
        language="en-US",
        event=event_name,
        categories=("Met",),
        event_codes=() if same_code is None else (Named("SAME", same_code),),
        effective_at=product.issued_at,
        onset_at=event.begins_at,
        expires_at=segment.expires_at,
        ends_at=event.ends_at,
        sender_name=f"NWS {product.office}",
        headline=segment.headline or f"{event_name} by NWS {product.office}",
        description=segment.description,
        instruction=segment.instruction,
        parameters=tuple(parameters),
        areas=(_area(segment, zones),),
    )


def _area(segment: Segment, zones: Zones) -> CapArea:
    same_codes = dict.fromkeys(code for ugc in segment.ugc_codes for code in zones.get(ugc, ()))
    return CapArea(
        description=None,
        polygons=() if segment.polygon is None else (segment.polygon,),
        geocodes=(
            *(Named("SAME", code) for code in same_codes),
            *(Named("UGC", code) for code in segment.ugc_codes),
        ),
    )
