"""In which order messages were said, not heard.

Sources: CAP 1.2, 3.2.1 (sent, references); NWSI 10-1701 (BBB of the WMO heading); NWSI 10-1703
(VTEC actions).

The time of issue decides, and what a message refers to lies before it whatever the sender's clock
says. A text product tells the minute only. So among messages of one time these decide, in turn:

1. the correction: none, RRA to RRX (delayed), AAA to AAX (amended), CCA to CCX (corrected);
2. the CAP msgType: Alert, Update, Cancel;
3. the VTEC action: NEW, then EXA, EXB and EXT, then CON, then COR, then UPG, CAN and EXP;
4. the order of arrival.
"""

from __future__ import annotations

from datetime import datetime

from eas_station.alerts.model import Statement

_KINDS = {"alert": 0, "update": 1, "cancel": 2}
_CORRECTIONS = ("RR", "AA", "CC")  # NWSI 10-1701: BBB without its last letter
_ACTIONS = {
    "NEW": 0,
    **dict.fromkeys(("EXA", "EXB", "EXT"), 1),
    **dict.fromkeys(("CON", "ROU"), 2),
    "COR": 3,
    **dict.fromkeys(("UPG", "CAN", "EXP"), 4),
}

Order = tuple[datetime, bool, datetime, tuple[int, str], int, int]


def order(statement: Statement) -> Order:
    """Sorts messages as they were said; equal ones stay as they arrived."""
    actions = [_ACTIONS.get(event.action, 0) for event in statement.events]
    at = said_at(statement)
    return (
        at,
        at > statement.issued_at,  # the sender's clock was behind
        statement.issued_at,
        _correction(statement.correction),
        _KINDS[statement.kind],
        max(actions, default=0),
    )


def said_at(statement: Statement) -> datetime:
    """When it was said: not before anything that it refers to."""
    return max([statement.issued_at, *(reference.sent_at for reference in statement.references)])


def _correction(bbb: str | None) -> tuple[int, str]:
    """How far a message is corrected: (0, "") is the first text."""
    if bbb is None or bbb[:2] not in _CORRECTIONS:
        return 0, ""
    return _CORRECTIONS.index(bbb[:2]) + 1, bbb[2:]
