"""The weekly and monthly tests of a source, and when each was last received.

47 CFR 11.61(a): a required weekly test (RWT) every week, a required monthly test (RMT) every month;
in the week of a monthly test there is no weekly one, so a monthly test counts for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from eas_station.store.database.record_tables import expected_tests
from eas_station.store.database.statements import upsert

NAMES = {"RWT": "weekly test (RWT)", "RMT": "monthly test (RMT)"}
LONGEST = {"RWT": timedelta(days=8), "RMT": timedelta(days=35)}  # between two of them
USUAL = {"RWT": timedelta(days=7), "RMT": timedelta(days=28)}
COUNTS_AS = {"RWT": ("RWT", "RMT"), "RMT": ("RMT",)}
NEAR = timedelta(hours=3)  # a weekly test is sent at about the same time of the week


@dataclass(frozen=True, slots=True)
class ExpectedTest:
    """A test that is expected again."""

    source: str
    channel: str
    event_code: str  # RWT, RMT
    learnt: bool  # expected because it was received; False: configured
    last_heard_at: datetime | None = None
    last_reception_id: str | None = None
    since_at: datetime | None = None  # when it was first expected


def hidden_within(
    event_code: str, last_at: datetime | None, since_at: datetime, now: datetime
) -> tuple[datetime, datetime]:
    """The time in which a test may have been missed while deaf: around its usual time; a monthly
    test has none.

    Args:
        last_at: when one was received; None: never.
        since_at: the start of the interval in which it is due.
    """
    if event_code == "RWT" and last_at is not None:
        due_at = since_at + USUAL[event_code]
        return due_at - NEAR, min(now, due_at + NEAR)
    return since_at, now


def save(connection: Connection, expected: ExpectedTest) -> None:
    """Expect it, or store that it was received."""
    row = {name: getattr(expected, name) for name in ExpectedTest.__slots__}
    upsert(connection, expected_tests, [row], key=("source", "channel", "event_code"))


def forget(connection: Connection, expected: ExpectedTest) -> None:
    """Expect it no longer: it is not configured."""
    table = expected_tests.c
    gone = (table.source == expected.source, table.channel == expected.channel)
    connection.execute(delete(expected_tests).where(*gone, table.event_code == expected.event_code))


def of_source(connection: Connection, source: str) -> tuple[ExpectedTest, ...]:
    """The expected tests of one source, by channel and code."""
    return tuple(expected for expected in all_expected(connection) if expected.source == source)


def all_expected(connection: Connection) -> tuple[ExpectedTest, ...]:
    """All expected tests, by source, channel and code."""
    table = expected_tests.c
    ordered = select(expected_tests).order_by(table.source, table.channel, table.event_code)
    return tuple(ExpectedTest(**row) for row in connection.execute(ordered).mappings())
