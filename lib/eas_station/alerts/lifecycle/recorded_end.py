"""How an alert ends, when that was recorded, and when time alone changes it before.

An operator's end holds until a message renews the alert: one that was issued later and holds a
place.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from eas_station.alerts.lifecycle.lifecycle import Course
from eas_station.alerts.model import ENDED_BY_OPERATOR, Alert, EndKind, Statement
from eas_station.alerts.relevance import info_blocks
from eas_station.alerts.vtec.message_order import said_at


class RecordedEnd(NamedTuple):
    """How an alert ends, and when that was recorded; None: it has not."""

    ends_at: datetime | None
    end_reason: str | None
    end_kind: EndKind
    ended_at: datetime | None


def recorded_end(
    course: Course, at: datetime | None, previous: Alert | None, now: Callable[[], datetime]
) -> RecordedEnd:
    """How an alert ends, and when that was recorded.

    Args:
        at: a trusted time; None: there is none.
        previous: the alert as it was.
        now: when an end by a message is recorded.
    """
    closed_at = _closed_at(course, at, previous)
    if closed_at is not None:
        return RecordedEnd(closed_at, ENDED_BY_OPERATOR, "time", closed_at)
    recorded = None if previous is None else previous.ended_at
    if course.end_reason is not None:  # a message: at once
        recorded = recorded or now()
    elif recorded is not None and (course.ends_at is None or course.ends_at > recorded):
        recorded = None
    return RecordedEnd(course.ends_at, course.end_reason, course.end_kind, recorded)


def next_change(course: Course, speaking: Statement, at: datetime | None) -> datetime | None:
    """When time alone changes an alert before its end: a place is released, or a block begins."""
    if at is None:
        return None
    times = (course.next_end(at), info_blocks.next_change(speaking, at))
    coming = [time for time in times if time is not None and time != course.ends_at]
    return min(coming, default=None)


def _closed_at(course: Course, at: datetime | None, previous: Alert | None) -> datetime | None:
    """When an operator ended an alert that no message has renewed since; None: none did."""
    if previous is None or previous.end_reason != ENDED_BY_OPERATOR:
        return None
    closed_at = previous.ended_at
    if closed_at is None or (course.ends_at is not None and course.ends_at <= closed_at):
        return None
    renewed = any(said_at(said) > closed_at for said in course.holders(at))
    return None if renewed else closed_at
