"""What the keys of [station] may be. Each check of a value gives what is wrong, or None."""

from __future__ import annotations

NATIONAL_EVENTS = ("ean", "national emergency message")


def ignored_events(events: tuple[str, ...]) -> str | None:
    """Event codes or names; national emergencies concern everybody."""
    wrong = [event for event in events if event.strip().lower() in ("", *NATIONAL_EVENTS)]
    if not wrong:
        return None
    named = ", ".join(map(repr, wrong))
    return f"{named}: must be an event code or name, and not that of a national emergency"
