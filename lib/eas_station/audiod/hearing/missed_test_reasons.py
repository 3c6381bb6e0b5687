"""The likely reason why a test did not come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from eas_station.audiod.hearing.channel_assessment import Assessment
from eas_station.audiod.hearing.expected_tests import Overdue
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import hidden_within

SHORTEST = timedelta(seconds=2)  # deafness that can hide a burst
UNKNOWN = "nothing is known to be wrong here, so perhaps it was not sent"


def window(overdue: Overdue, now: datetime) -> tuple[datetime, datetime]:
    """When deafness may have hidden the test: about its usual time; a monthly one has none."""
    return hidden_within(overdue.event_code, overdue.last_at, overdue.since_at, now)


def likely(
    overdue: Overdue, found: Assessment, intervals: Sequence[DeafInterval], now: datetime
) -> str:
    """Why it did not come, in half a sentence.

    Args:
        found: how its channel is now.
        intervals: what is known to have been deaf within `window`.
    """
    longest = max(intervals, key=lambda one: _length(one, overdue, now), default=None)
    if longest is not None and _length(longest, overdue, now) >= SHORTEST:
        at = "about that time" if overdue.last_at is not None else "meanwhile"
        return f"{overdue.channel} was deaf {at}, {_when(longest)}: {longest.why}"
    if found.state in ("deaf", "silent"):
        return f"{overdue.channel} is {found.state} now ({found.sentence})"
    if found.state == "hearing" and found.problem:
        return f"{overdue.channel} is hardly heard ({found.sentence})"
    return UNKNOWN


def _length(interval: DeafInterval, overdue: Overdue, now: datetime) -> timedelta:
    """How much of the window it was deaf."""
    first, last = window(overdue, now)
    ended_at = now if interval.ended_at is None else interval.ended_at
    return min(last, ended_at) - max(first, interval.began_at)


def _when(interval: DeafInterval) -> str:
    began = f"{interval.began_at:%Y-%m-%d %H:%M:%S}"
    if interval.ended_at is None:
        return f"since {began} UTC"
    same_day = interval.ended_at.date() == interval.began_at.date()
    ended = f"{interval.ended_at:%H:%M:%S}" if same_day else f"{interval.ended_at:%Y-%m-%d %H:%M}"
    return f"{began} to {ended} UTC"
