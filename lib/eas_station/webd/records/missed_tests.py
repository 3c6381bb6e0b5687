"""Overdue tests, and the deaf intervals that may explain them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from eas_station.store.records import deaf
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import COUNTS_AS, LONGEST, ExpectedTest, hidden_within

SHORTEST = timedelta(seconds=2)  # a deaf interval that can hide a burst

Key = tuple[str, str, str]  # source, channel, event code


@dataclass(frozen=True, slots=True)
class Missed:
    """One overdue test."""

    last_at: datetime | None
    since_at: datetime


def overdue(expected: Sequence[ExpectedTest], now: datetime) -> dict[Key, Missed]:
    """The tests that are overdue."""
    missed = {}
    for one in expected:
        last_at, since_at = counted(one, expected)
        if since_at is not None and one.event_code in LONGEST:
            if now - since_at > LONGEST[one.event_code]:
                key = (one.source, one.channel, one.event_code)
                missed[key] = Missed(last_at, since_at)
    return missed


def counted(
    one: ExpectedTest, expected: Sequence[ExpectedTest]
) -> tuple[datetime | None, datetime | None]:
    """When a test that counts as this one last came, and when the wait for the next began."""
    counts = COUNTS_AS.get(one.event_code, (one.event_code,))
    heard = [
        other.last_heard_at
        for other in expected
        if (other.source, other.channel) == (one.source, one.channel)
        and other.event_code in counts
        and other.last_heard_at is not None
    ]
    last_at = max(heard, default=None)
    return last_at, max((at for at in (last_at, one.since_at) if at is not None), default=None)


def hidden(
    connection: Connection, missed: Mapping[Key, Missed], now: datetime
) -> dict[Key, DeafInterval]:
    """The longest deaf interval at the time of each overdue test."""
    found = {}
    for (source, channel, code), one in missed.items():
        first, last = hidden_within(code, one.last_at, one.since_at, now)

        def length(interval: DeafInterval, first: datetime = first, last: datetime = last) -> float:
            until = min(last, interval.ended_at or now)
            return (until - max(first, interval.began_at)).total_seconds()

        among = deaf.between(connection, first, last, source, channel)
        longest = max(among, key=length, default=None)
        if longest is not None and length(longest) >= SHORTEST.total_seconds():
            found[source, channel, code] = longest
    return found
