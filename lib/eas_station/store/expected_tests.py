"""The weekly and monthly tests that a source carries, and when each was last heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from eas_station.store.schema import expected_tests
from eas_station.store.statements import upsert


@dataclass(frozen=True, slots=True)
class ExpectedTest:
    """A test that must come again."""

    source: str
    channel: str
    event_code: str  # RWT, RMT
    learnt: bool  # because it was heard; False: configured
    last_heard_at: datetime | None = None
    last_reception_id: str | None = None
    since_at: datetime | None = None  # when it was first expected


def save(connection: Connection, expected: ExpectedTest) -> None:
    """Expect it from now on, or remember that it was heard."""
    row = {name: getattr(expected, name) for name in ExpectedTest.__slots__}
    upsert(connection, expected_tests, [row], key=("source", "channel", "event_code"))


def forget(connection: Connection, expected: ExpectedTest) -> None:
    """Expect it no longer: the configuration does not name it."""
    table = expected_tests.c
    gone = (table.source == expected.source, table.channel == expected.channel)
    connection.execute(delete(expected_tests).where(*gone, table.event_code == expected.event_code))


def of_source(connection: Connection, source: str) -> tuple[ExpectedTest, ...]:
    """What one source expects, by channel and code."""
    return tuple(expected for expected in all_expected(connection) if expected.source == source)


def all_expected(connection: Connection) -> tuple[ExpectedTest, ...]:
    """Everything expected, by source, channel and code."""
    table = expected_tests.c
    ordered = select(expected_tests).order_by(table.source, table.channel, table.event_code)
    return tuple(ExpectedTest(**row) for row in connection.execute(ordered).mappings())
