"""Any CAP document → messages. Its content tells its form, not its name or its media type."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from eas_station.cap.documents import feed, geojson
from eas_station.cap.documents.feed import FeedLink
from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import CapMessage
from eas_station.cap.xml import cap_xml, tree
from eas_station.errors import CapError

Form = Literal["cap", "ipaws", "edxl", "feed", "geojson"]

_IPAWS = "http://gov.fema.ipaws.services/feed"
_HTML = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00<")  # the starts of XML in UTF-16
_EDXL = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document holds. A bad alert is rejected, the others are read."""

    form: Form
    messages: tuple[CapMessage, ...]  # in document order
    rejected: tuple[CapError, ...]  # alerts that cannot be read, each with its first text
    links: tuple[FeedLink, ...] = ()  # feed: where further alerts are
    next_url: str | None = None  # geojson: the next page
    updated_at: datetime | None = None  # geojson: of the whole answer
    unchanged: int = 0  # geojson: alerts left out because their text is known


def parse(
    data: bytes, limits: ParseLimits | None = None, is_known: Callable[[str], bool] | None = None
) -> Parsed:
    """Read a CAP alert, an IPAWS or EDXL envelope, an Atom or RSS feed, or the NWS's GeoJSON.

    Args:
        is_known: was the text of an alert in GeoJSON read before; then it is left out.

    Raises CapError if the document as a whole is none of these, is cut off or is hostile. A feed
    may be empty, a document may not.
    """
    limits = limits or ParseLimits()
    start = tree.trimmed(data)[:4096]
    if start.startswith(b"{"):
        page = geojson.parse(data, limits, is_known)
        found = page.messages, page.rejected, (), page.next_url, page.updated_at, page.unchanged
        return Parsed("geojson", *found)
    if start and not start.startswith((b"<", *_WIDE)):
        raise CapError("neither XML nor a JSON object", tree.shown(data))
    if _HTML.match(start) is not None:
        raise CapError("an HTML page, not an alert", tree.shown(data))
    root = tree.parse(data, limits)
    if feed.is_feed(root):
        read = feed.read(root, limits)
        return Parsed("feed", read.messages, read.rejected, read.links)
    form = _form(root_name=tree.split(root), shown=tree.shown(data))
    messages, rejected = cap_xml.read(root, limits, data)
    return Parsed(form, messages, rejected)


def _form(root_name: tuple[str, str], shown: str) -> Form:
    namespace, name = root_name
    if name == "alert":
        return "cap"
    if (namespace, name) == (_IPAWS, "alerts"):
        return "ipaws"
    if (namespace, name) == (_EDXL, "EDXLDistribution"):
        return "edxl"
    raise CapError(f"<{name[:60]}> is not a CAP document", shown)
