"""What the record knows of one source's channels. Every question may raise StoreError."""

from __future__ import annotations

from datetime import datetime, timedelta

from eas_station.audiod.hearing.margins import MEASURE
from eas_station.store.database.database import Database
from eas_station.store.records import deaf, expected_tests, health_history
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import ExpectedTest

MARGINS_OF = timedelta(days=7)


class HearingQueries:
    """Asks the database; it may be away, and then nobody waits for it."""

    def __init__(self, database: Database, source: str) -> None:
        self._database = database
        self._source = source

    def margins(self, channel: str, now: datetime) -> tuple[float, ...]:
        """The margins of a channel during the last week, oldest first."""
        with self._database.read() as connection:
            samples = health_history.series(
                connection, self._source, channel, MEASURE, now - MARGINS_OF, now
            )
        return tuple(sample.mean for sample in samples)

    def tests(self) -> tuple[ExpectedTest, ...]:
        """What is expected of the source."""
        with self._database.read() as connection:
            return expected_tests.of_source(connection, self._source)

    def forget(self, tests: tuple[ExpectedTest, ...]) -> None:
        """Expect them no longer."""
        with self._database.write() as connection:
            for test in tests:
                expected_tests.forget(connection, test)

    def deaf_between(
        self, channel: str, began_at: datetime, ended_at: datetime
    ) -> tuple[DeafInterval, ...]:
        """When a channel was deaf."""
        with self._database.read() as connection:
            return deaf.between(connection, began_at, ended_at, self._source, channel)

    def deaf_today(self, now: datetime) -> dict[str, float]:
        """For how many seconds each channel was deaf since midnight UTC."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        with self._database.read() as connection:
            sums = deaf.daily_seconds(connection, midnight, now, source=self._source)
        return {channel: seconds for (_, channel, _), seconds in sums.items()}
