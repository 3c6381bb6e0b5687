"""May a received text be acted on, and may its date be believed: 47 CFR 11.33(a)(10), FCC 18-94.

What is not valid is recorded and shown all the same; it is not relayed and raises no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from eas_station.errors import HeaderError
from eas_station.same import header

EARLIEST = timedelta(minutes=15)  # FCC 18-94: how far ahead of us a sender's clock may be
LATE = timedelta(hours=1)  # a repeat so long after the end is still of that date
SHORTEST = timedelta(hours=1)  # of a header whose purge time is 0000

Standing = Literal[
    "valid",
    "lenient",  # readable only by leniency: shown, flagged, never relayed
    "expired",
    "too_far_in_future",
    "invalid",
    "eom",
    "lenient_eom",  # a damaged NNNN: ends a message only if another burst agrees
]


@dataclass(frozen=True, slots=True)
class Validity:
    """What a text is worth at the moment of its reception."""

    standing: Standing
    why: str  # a sentence for the operator


def judge(text: str, received_at: datetime) -> Validity:
    """What a text is worth when it is received at `received_at` (aware). Never raises."""
    if header.is_end_of_message(text):
        return Validity("eom", "end of message")
    if text == "NNN":
        return Validity("lenient_eom", "three N only")
    try:
        parsed = header.parse(text, received_at)
    except HeaderError as error:
        return Validity("invalid", str(error))
    if parsed.expires_at <= received_at:
        return Validity("expired", f"over since {parsed.expires_at:%H:%M} UTC")
    if parsed.issued_at - received_at > EARLIEST:
        return Validity("too_far_in_future", f"issued at {parsed.issued_at:%H:%M} UTC, not yet")
    faults = header.faults(text)
    if not header.is_well_formed(text) or _minutes_exceed_59(text):
        return Validity("lenient", "; ".join(faults))
    return Validity("valid", "; ".join(faults) or "well-formed and in its time")


def lifetime(valid_for: timedelta) -> timedelta:
    """How long a message counts; no sender means "over at once"."""
    return valid_for or SHORTEST


def is_believed(issued_at: datetime, valid_for: timedelta, heard_at: datetime) -> bool:
    """Can a header have been issued then, if it is heard at `heard_at` by a trusted clock.

    If not, it is an old recording, or its sender's clock is wrong.
    """
    return heard_at - lifetime(valid_for) - LATE <= issued_at <= heard_at + EARLIEST


def _minutes_exceed_59(text: str) -> bool:
    return int(text.partition("+")[2][2:4]) > 59
