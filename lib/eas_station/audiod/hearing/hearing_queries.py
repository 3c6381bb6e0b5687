"""The database's records of one source's channels. Every query may raise StoreError."""

from __future__ import annotations

from datetime import datetime, timedelta

from eas_station.audiod.hearing.margins import MEASURE
from eas_station.store.database.database import Database
from eas_station.store.records import deaf, expected_tests, health_history
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import ExpectedTest

MARGIN_HISTORY = timedelta(days=7)


class HearingQueries:
    """Queries about one source."""

    def __init__(self, database: Database, source: str) -> None:
        self._database = database
        self._source = source

    def margins(self, channel: str, now: datetime) -> tuple[float, ...]:
        """The margins of a channel in the last week, oldest first."""
        with self._database.read() as connection:
            samples = health_history.series(
                connection, self._source, channel, MEASURE, now - MARGIN_HISTORY, now
            )
        return tuple(sample.mean for sample in samples)

    def tests(self) -> tuple[ExpectedTest, ...]:
        """The tests expected of the source."""
        with self._database.read() as connection:
            return expected_tests.of_source(connection, self._source)

    def forget(self, tests: tuple[ExpectedTest, ...]) -> None:
        """Delete expected tests."""
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
        """The seconds that each channel has been deaf since midnight UTC."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        with self._database.read() as connection:
            sums = deaf.daily_seconds(connection, midnight, now, source=self._source)
        return {channel: seconds for (_, channel, _), seconds in sums.items()}
