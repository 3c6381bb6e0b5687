"""What the keys of a [[feed]] may be. Each check of a value gives what is wrong, or None."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

NWS_HOST = "api.weather.gov"
NWS_FASTEST_S = 15.0
FEMA_DOMAIN = "fema.gov"
IPAWS_FASTEST_S = 120.0  # FEMA's wish; RULES 6

# Keys that make sense for some kinds only, and whether those kinds need them.
FEED_KEYS = {
    "nws": dict.fromkeys(("url", "area", "zone", "point", "interval_s", "ca_file"), False),
    "ipaws": dict.fromkeys(("url", "trust_store", "pin_file", "interval_s", "ca_file"), False),
    "nwws": {"login_file": True, "host": False, "port": False, "room": False, "ca_file": False},
    "cap": {"url": True, "interval_s": False, "ca_file": False},
    "folder": {"path": True, "interval_s": False},
}

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")
_ROOM = re.compile(r"[!#-%(-.0-9;=?A-~]{1,200}@[A-Za-z0-9.-]{1,250}\Z")


def url(text: str) -> str | None:
    """Where a feed is."""
    if text.startswith(("https://", "http://")) and hostname(text):
        return None
    return "must be a URL that begins with https:// or http://"


def host(name: str) -> str | None:
    """A name alone."""
    if _HOST.match(name):
        return None
    return 'must be the name of a host, as "nwws-oi.weather.gov"'


def room(name: str) -> str | None:
    """An XMPP room."""
    if _ROOM.match(name):
        return None
    return 'must be a room, as "nwws@conference.nwws-oi.weather.gov"'


def hasty(values: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the interval of a feed whose server asks for patience."""
    kind, interval_s = values.get("kind"), values.get("interval_s")
    if interval_s is None:
        return
    asked = hostname(values.get("url") or "") or ""
    if kind == "nws" and (asked or NWS_HOST) == NWS_HOST and interval_s < NWS_FASTEST_S:
        yield f"{NWS_HOST} must not be asked more often than every {NWS_FASTEST_S:g} seconds"
    if kind == "ipaws" and is_fema(values.get("url")) and interval_s < IPAWS_FASTEST_S:
        yield f"{FEMA_DOMAIN} must not be asked more often than every {IPAWS_FASTEST_S:g} seconds"


def is_fema(text: str | None) -> bool:
    """Does a feed of kind ipaws ask FEMA itself."""
    asked = (hostname(text or "") or "").lower()
    return not asked or asked == FEMA_DOMAIN or asked.endswith(f".{FEMA_DOMAIN}")


def hostname(text: str) -> str | None:
    """The host of a URL; None if it has none."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # read to be checked
        return parts.hostname
    except ValueError:
        return None
