"""The reason of a change of an alert, in one sentence for the operator."""

from __future__ import annotations

from datetime import UTC

from eas_station.alerts.model import Alert, Reception

# The fields whose changes are named, in the operator's words.
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


def of_new(reception: Reception | None) -> str:
    """The reason of a new alert."""
    return f"first received by {_cause(reception)}"


def of_update(reception: Reception | None, previous: Alert, alert: Alert) -> str:
    """The changes by a further reception."""
    changed = dict.fromkeys(
        word for name, word in WORDS.items() if getattr(previous, name) != getattr(alert, name)
    )
    if not changed:
        return f"received again by {_cause(reception)}"
    return f"{_listed(list(changed))} changed by {_cause(reception)}"


def of_joining(reception: Reception | None) -> str:
    """The reason of joining two alerts."""
    return f"joined: {_cause(reception)} shows that two alerts are one warning"


def of_parting(reception: Reception | None) -> str:
    """The reason of separating an alert from another."""
    return f"{_cause(reception)} shows that it is a separate warning"


def _cause(reception: Reception | None) -> str:
    return "the trusted clock" if reception is None else receiver_of(reception)


def of_dating() -> str:
    """The reason of a change once the clock is trusted."""
    return "dated again: the clock was not trusted when it was received"


def of_change_by_time() -> str:
    """The reason of a change when a part begins or ends."""
    return "a part of it began or ended by time"


def of_end(reception: Reception | None, alert: Alert) -> str:
    """The reason of an end by a reception."""
    return f"{alert.end_reason or 'ended'} by {_cause(reception)}"


def of_end_by_time(alert: Alert) -> str:
    """The reason of an end by time."""
    if alert.ends_at is None:
        return "expired"
    return f"expired at {alert.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def receiver_of(reception: Reception) -> str:
    """The feed or channel that received it: "nws", "wx on 162.550"."""
    if reception.channel is None:
        return reception.origin
    return f"{reception.origin} on {reception.channel}"


def _listed(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"
