"""Why an alert changed, in one sentence for the operator."""

from __future__ import annotations

from datetime import UTC

from eas_station.alerts.model import Alert, Reception

# What of an alert an operator would notice, in the operator's words.
WORDS = {
    "event_name": "event",
    "event_code": "event",
    "status": "status",
    "is_test": "status",
    "same_codes": "area",
    "ugc_codes": "area",
    "polygons": "area",
    "area_text": "area",
    "onset_at": "begin",
    "ends_at": "end",
    "end_reason": "end",
    "ended_at": "end",
    "severity": "severity",
    "urgency": "severity",
    "certainty": "severity",
    "headline": "text",
    "description": "text",
    "instruction": "text",
    "relevance": "relevance",
    "same_header": "SAME header",
}


def of_new(reception: Reception) -> str:
    """Why there is a new alert."""
    return f"first heard by {hearer(reception)}"


def of_update(reception: Reception, previous: Alert, alert: Alert) -> str:
    """What a further reception changed."""
    changed = dict.fromkeys(
        word for name, word in WORDS.items() if getattr(previous, name) != getattr(alert, name)
    )
    if not changed:
        return f"heard again by {hearer(reception)}"
    return f"{_listed(list(changed))} changed by {hearer(reception)}"


def of_dating() -> str:
    """Why an alert changed when the clock came to be trusted."""
    return "dated anew: the clock was not trusted when it was heard"


def of_change_by_time() -> str:
    """Why an alert changed when one of its parts began or ended."""
    return "a part of it has begun or ended: its time has come"


def of_end(reception: Reception, alert: Alert) -> str:
    """Why a reception ended an alert."""
    return f"{alert.end_reason or 'ended'} by {hearer(reception)}"


def of_end_by_time(alert: Alert) -> str:
    """Why an alert ended without a further reception."""
    if alert.ends_at is None:
        return "its time ran out"
    return f"its time ran out at {alert.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def hearer(reception: Reception) -> str:
    """Who heard it: "nws", "wx on 162.550"."""
    if reception.channel is None:
        return reception.origin
    return f"{reception.origin} on {reception.channel}"


def _listed(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"
