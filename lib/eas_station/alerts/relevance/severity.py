"""How grave an alert is: the one order for page, command line, API and every bounded list.

The class of the event decides first (47 CFR 11.31(e): warning, watch, statement), then its
severity (CAP 1.2, 3.2.2). An alert off the air states no severity: that of its event code counts.
"""

from __future__ import annotations

from typing import Protocol

NATIONAL, EXTREME, SEVERE, WARNING, WATCH, ADVISORY, STATEMENT, ADMINISTRATIVE = range(8)
TEST = 9  # 8 is not used
SEVERITIES = {"minor": 1, "moderate": 2, "severe": 3, "extreme": 4}  # CAP 1.2, 3.2.2
_RANKS = {"extreme": EXTREME, "severe": SEVERE}
_CLASS_RANKS = {
    "national": NATIONAL,
    "warning": WARNING,
    "emergency": WARNING,
    "watch": WATCH,
    "advisory": ADVISORY,
    "alert": ADVISORY,  # "Air Quality Alert"
    "statement": STATEMENT,
    "outlook": STATEMENT,
    "admin": ADMINISTRATIVE,
    "test": TEST,
}
_SEVERITY_ONLY = {"moderate": WATCH, "minor": STATEMENT}  # of an event of no known class


class EventTable(Protocol):
    """What is known of event codes; `tables.Tables` is one."""

    def event_class(self, code: str) -> str: ...
    def event_severity(self, code: str) -> str | None: ...


def rank(
    event_code: str | None, event_name: str, severity: str | None, is_test: bool, events: EventTable
) -> int:
    """Where an alert stands: 0 a national emergency to 9 a test.

    Args:
        event_code: SAME EEE, if it has one.
        event_name: its last word is the class where there is no code ("Flood Advisory").
        severity: as the message states it; None, or a word that is none of CAP's: not stated.
    """
    if is_test:
        return TEST
    stated = (severity or "").lower()
    if stated not in SEVERITIES:
        stated = (events.event_severity(event_code) if event_code is not None else None) or ""
    last_word = event_name.rpartition(" ")[2].lower()
    klass = last_word if event_code is None else events.event_class(event_code)
    by_class = _CLASS_RANKS.get(klass)
    if by_class is None:
        return _RANKS.get(stated) or _SEVERITY_ONLY.get(stated, WARNING)
    if by_class in (WARNING, STATEMENT):  # an SVS or FFS may be the continuation of a warning
        return _RANKS.get(stated, by_class)
    return by_class
