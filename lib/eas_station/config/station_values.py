"""What the keys of [station] may be. Each check of a value gives what is wrong, or None."""

from __future__ import annotations

import re

from eas_station.geo import canada

NATIONAL_EVENTS = ("ean", "national emergency message")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")  # RFC 5646, 2.1


def ignored_events(events: tuple[str, ...]) -> str | None:
    """Event codes or names; national emergencies concern everybody."""
    wrong = [event for event in events if event.strip().lower() in ("", *NATIONAL_EVENTS)]
    if not wrong:
        return None
    named = ", ".join(map(repr, wrong))
    return f"{named}: must be an event code or name, and not that of a national emergency"


def canada_codes(codes: tuple[str, ...]) -> str | None:
    """SGC codes of a province, division or municipality, and CLC codes."""
    wrong = [code for code in codes if not canada.is_code(code)]
    if not wrong:
        return None
    form = 'an SGC code of 2, 4 or 7 digits, as "35" or "3519036", or a CLC of 6, as "041420"'
    return f"{', '.join(map(repr, wrong))} must be {form}"


def language(tag: str) -> str | None:
    """A language tag of BCP 47."""
    if _LANGUAGE.fullmatch(tag):
        return None
    return 'must be a language as "en-US", "fr" or "fr-CA"'
