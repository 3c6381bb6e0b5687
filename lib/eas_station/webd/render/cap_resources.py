"""The files that a CAP message names (CAP 1.2 §3.2.3), as links. The page loads none by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from eas_station.alerts.model import Reception
from eas_station.cap.documents import document
from eas_station.cap.message import Resource
from eas_station.errors import CapError
from eas_station.webd.render.languages import LIMITS

MOST = 20
LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ResourceLink:
    """One file; `url` is "" if it is no address that a browser may open."""

    title: str
    kind: str  # "audio/mpeg, 120 kB"
    url: str
    address: str  # as text


def resource_links(receptions: Sequence[Reception]) -> tuple[ResourceLink, ...]:
    """The files of the newest CAP message that names any; each once."""
    by_cap = [one for one in receptions if one.via == "cap" and "resource>" in one.raw]
    for reception in sorted(by_cap, key=lambda one: one.statement.issued_at, reverse=True):
        try:
            messages = document.parse(reception.raw.encode("utf-8", "replace"), LIMITS).messages
        except CapError:  # parsed once, but the stored text may have been edited since
            continue
        found = [_link(one) for m in messages for info in m.infos for one in info.resources]
        if found:
            return tuple(dict.fromkeys(found))[:MOST]
    return ()


def _link(resource: Resource) -> ResourceLink:
    address = (resource.uri or "").strip()
    size = resource.size_bytes
    kind = ", ".join(
        part for part in (resource.mime_type, None if size is None else _size(size)) if part
    )
    return ResourceLink(
        (resource.description or "File")[:LONGEST_SHOWN],
        kind[:LONGEST_SHOWN],
        address if _is_web_address(address) else "",
        address[:LONGEST_SHOWN],
    )


def _is_web_address(address: str) -> bool:
    """Whether a browser may open it: http or https, with a host, without a user name."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    plain = address.isprintable() and " " not in address and "\\" not in address
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < 1000 else f"{size_bytes / 1000:.0f} kB"
