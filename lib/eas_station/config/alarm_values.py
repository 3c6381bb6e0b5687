"""What single keys of [alarm] may be, and what a [[source]] may expect."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

EXPECTED = re.compile(r"(?:(?:mono|\d{2,4}\.\d{3}) )?(?:RWT|RMT)\Z")


def webhook(url: str) -> str | None:
    """Something that can be posted to."""
    if url.isprintable() and " " not in url and _leads_somewhere(url):
        return None
    return "must be a URL that begins with https:// or http://"


def expect(entries: tuple[str, ...]) -> str | None:
    """Tests, of every channel or of one."""
    wrong = [entry for entry in entries if not EXPECTED.match(entry)]
    if not wrong:
        return None
    form = 'must be "RWT" or "RMT", of one channel alone as "162.550 RWT"'
    return f"{', '.join(map(repr, wrong))} {form}"


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
