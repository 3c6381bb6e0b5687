"""Alerts without VTEC that nobody can tell apart: one card for all, "3 messages".

They stay several alerts, for each has a message of its own that is updated and cancelled by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from eas_station.alerts.model import Alert

T = TypeVar("T")


def alike(items: Iterable[T], alert_of: Callable[[T], Alert]) -> list[list[T]]:
    """The items in their order; those of one office, event, end and place set together."""
    found: dict[object, list[T]] = {}
    for item in items:
        found.setdefault(_likeness(alert_of(item)), []).append(item)
    return list(found.values())


def _likeness(alert: Alert) -> object:
    places = (frozenset(alert.same_codes), frozenset(alert.ugc_codes), alert.polygons)
    sender = alert.sender_name or alert.originator
    if alert.events or sender is None or not any(places):
        return alert.alert_id  # named by its events, or nothing to compare
    event = (alert.event_name, alert.event_code, alert.status)
    return (sender, event, alert.ends_at, alert.area_text, *places)
