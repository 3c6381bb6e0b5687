"""The queries of the pages and the API, each one short read of the database.

Every method raises StoreError if the database is not responding. Only a few workers can wait for it
at a time, so pages that need no database are served while it hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from eas_station.alerts.model import Alert, Change, Reception
from eas_station.errors import StoreError
from eas_station.store.alerts import alert_queries, flags, receptions
from eas_station.store.alerts.alert_queries import EVERYTHING, AlertFilter, PageState
from eas_station.store.alerts.flags import AlertFlags
from eas_station.store.database.database import Database
from eas_station.store.records import clips as recordings
from eas_station.store.records import jobs, settings
from eas_station.store.records.settings import Settings
from eas_station.webd.state.snapshot import AlertEntry, Job, in_force

READERS = 6  # workers that can wait for the database
WAIT_S = 2.0  # for one of those places
RUNS_SHOWN = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of the log."""

    entries: tuple[AlertEntry, ...]  # newest first
    next_cursor: str | None


class RecordQueries:
    """Reads the database for the routes. Thread-safe."""

    def __init__(
        self,
        database: Database,
        clock_trusted: Callable[[], bool],
        now: Callable[[], datetime],
        left_s: Callable[[], float | None] = lambda: None,
    ) -> None:
        """
        Args:
            left_s: the time left for the request of this thread; None: it serves no request.
        """
        self._database, self._left_s = database, left_s
        self._clock_trusted, self._now = clock_trusted, now
        self._places = threading.BoundedSemaphore(READERS)

    def log_page(
        self,
        limit: int,
        cursor: str | None,
        state: PageState = "all",
        where: AlertFilter = EVERYTHING,
    ) -> EntryPage:
        """Alerts of all times. Raises InputError for an invalid cursor."""
        now = self._now() if self._clock_trusted() else None
        with self._read() as connection:
            page = alert_queries.page(connection, state, limit, cursor, now=now, where=where)
            heard = receptions.reception_rows_of(connection, [one.alert_id for one in page.alerts])
        entries = tuple(self._entry(one, heard[one.alert_id]) for one in page.alerts)
        return EntryPage(entries, page.next_cursor)

    def count(self, state: PageState, where: AlertFilter, most: int) -> int:
        """The number of alerts; counting stops at `most`."""
        now = self._now() if self._clock_trusted() else None
        with self._read() as connection:
            return alert_queries.count(connection, state, where, now, most)

    def entry(self, alert_id: str) -> AlertEntry | None:
        """One alert with its receptions in full."""
        with self._read() as connection:
            return self._full(connection, alert_id)

    def entry_of(self, reception_id: str) -> AlertEntry | None:
        """The alert that this reception became part of."""
        with self._read() as connection:
            found = receptions.alerts_of(connection, [reception_id]).get(reception_id)
            return self._full(connection, found[0]) if found else None

    def history(self, alert_id: str) -> tuple[Change, ...]:
        """The changes of one alert, oldest first."""
        with self._read() as connection:
            return alert_queries.changes_of(connection, alert_id)

    def changes_after(self, change_id: int, limit: int) -> tuple[Change, ...]:
        """The changes of all alerts after this one, in order."""
        with self._read() as connection:
            return alert_queries.changes_after(connection, change_id, limit)

    def clips(self, alert_id: str) -> tuple[recordings.Clip, ...]:
        """The recordings of one alert."""
        with self._read() as connection:
            return recordings.of_alert(connection, alert_queries.current_id(connection, alert_id))

    def clip(self, clip_id: str) -> recordings.Clip | None:
        """One recording."""
        with self._read() as connection:
            return recordings.by_id(connection, clip_id)

    def flags(self, alert_id: str) -> AlertFlags:
        """The flags that operators have set on one alert."""
        with self._read() as connection:
            current_id = alert_queries.current_id(connection, alert_id)
            return flags.of(connection, [current_id]).get(current_id, AlertFlags(current_id))

    def settings(self) -> Settings:
        """The settings."""
        with self._read() as connection:
            return settings.read(connection)

    def jobs(self) -> tuple[Job, ...]:
        """Every job with its last runs."""
        with self._read() as connection:
            return read_jobs(connection)

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Any other query."""
        with self._read() as connection:
            return question(connection)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        left_s = self._left_s()
        if not self._places.acquire(timeout=WAIT_S if left_s is None else min(WAIT_S, left_s)):
            raise StoreError("too many requests are waiting for the database")
        try:
            with self._database.read(self._left_s()) as connection:
                yield connection
        finally:
            self._places.release()

    def _full(self, connection: Connection, alert_id: str) -> AlertEntry | None:
        alert = alert_queries.by_id(connection, alert_id)
        if alert is None:
            return None
        alert_id = alert.alert_id  # it may have become part of another
        return self._entry(alert, receptions.receptions_of(connection, [alert_id])[alert_id])

    def _entry(
        self, alert: Alert, heard: Sequence[Reception] | Sequence[receptions.ReceptionRow]
    ) -> AlertEntry:
        active = in_force(alert, self._now(), self._clock_trusted())
        return AlertEntry(alert, tuple(heard), active)


def read_jobs(connection: Connection) -> tuple[Job, ...]:
    """Every job with its last runs."""
    runs = jobs.last_runs(connection, RUNS_SHOWN)
    return tuple(Job(one, runs.get(one.job, ())) for one in jobs.totals(connection))
