"""Moves rows from the spool to the database: in order, effectively once, in batches."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from eas_station.alerts.model import AdmissionRules, Change, Reception
from eas_station.errors import FrameError, OutsideError
from eas_station.store.alerts import alert_queries
from eas_station.store.alerts.batch import AlertBatch
from eas_station.store.database.database import Database
from eas_station.store.database.revision import demand_current
from eas_station.store.records import (
    clips,
    deaf,
    expected_tests,
    feeds,
    health_history,
    jobs,
    operator_action,
)
from eas_station.store.spool.spool import Spool, SpoolRow
from eas_station.store.spool.texts import cleaned
from eas_station.wire import from_json

log = logging.getLogger(__name__)

BATCH = 100  # rows per transaction; other writers wait for the lock meanwhile


@dataclass(frozen=True, slots=True)
class Destination:
    """How rows of one kind are read and stored."""

    kind: type[Any]
    record: Callable[[Connection, Any], None]


DESTINATIONS: Mapping[str, Destination] = {
    "clip": Destination(clips.Clip, clips.record),
    "deaf_interval": Destination(deaf.DeafInterval, deaf.record),
    "job_run": Destination(jobs.JobRun, jobs.record_run),
    "operator": Destination(operator_action.Action, operator_action.record),
    "feed_state": Destination(feeds.FeedState, feeds.save),
    "expected_test": Destination(expected_tests.ExpectedTest, expected_tests.save),
    "health": Destination(health_history.HealthBatch, health_history.record_batch),
}


class Flusher:
    """Moves the rows of one process; used by one thread."""

    def __init__(
        self,
        spool: Spool,
        database: Database,
        admission: AdmissionRules | None,
        now: Callable[[], datetime],
        on_change: Callable[[Change], object],
        *,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        batch: int = BATCH,
    ) -> None:
        """
        Args:
            admission: None in a process without receptions.
            on_change: called with every change, in order, after its transaction is committed.
            batch: the most rows in one transaction.
        """
        self.quarantined = 0  # rows since the start
        self._spool = spool
        self._database = database
        self._admission = admission
        self._now = now
        self._on_change = on_change
        self._new_id = new_id
        self._batch = batch
        self._undated = admission is not None  # there may be times of an untrusted clock

    def run_once(self) -> int:
        """Move the oldest rows; return how many. Raises StoreError; then they stay in the spool."""
        rows = self._spool.oldest(self._batch)
        if rows:
            self._move(rows)
        return len(rows)

    def end_overdue(self, now: datetime) -> int:
        """Record changes by time; return the number of changed alerts. Raises StoreError.

        To be called while the clock is trusted. Alerts that were received while it was not are
        dated first.
        """
        if self._undated and self._admission is not None:
            self._date(self._admission, now)
        changed = 0
        while self._any_due(now):
            with self._database.write() as connection:
                demand_current(connection)
                batch = AlertBatch(connection, now)
                count = batch.record_changes_by_time(self._batch, self._admission)
                changes = batch.write()
            self._publish(changes)
            if not count:
                break
            changed += count
        return changed

    def _date(self, admission: AdmissionRules, now: datetime) -> None:
        with self._database.read() as connection:
            undated = alert_queries.undated(connection)
        for at in range(0, len(undated), self._batch):
            with self._database.write() as connection:
                demand_current(connection)
                batch = AlertBatch(connection, now)
                batch.date_again(undated[at : at + self._batch], admission, self._new_id)
                changes = batch.write()
            self._publish(changes)
        self._undated = False

    def _move(self, rows: Sequence[SpoolRow]) -> None:
        """Commit the rows, publish the changes, remove the rows from the spool.

        A row that hits a bug is found by halving, and quarantined. A crash before the rows are
        removed delivers them again, which changes nothing.
        """
        try:
            changes = self._commit(rows)
        except (OutsideError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - one bad row must not stop the others
            if len(rows) == 1:
                self._quarantine(rows[0])
                return
            middle = len(rows) // 2
            self._move(rows[:middle])
            self._move(rows[middle:])
            return
        self._publish(changes)
        self._spool.remove(row.row_id for row in rows)

    def _commit(self, rows: Sequence[SpoolRow]) -> tuple[Change, ...]:
        heard = [_read(Reception, row) for row in rows if row.kind == "reception"]
        others = [_read_other(row) for row in rows if row.kind != "reception"]
        with self._database.write() as connection:
            demand_current(connection)
            changes = self._admit(connection, heard) if heard else ()
            for destination, value in others:
                destination.record(connection, value)
        return changes

    def _admit(self, connection: Connection, heard: Sequence[Reception]) -> tuple[Change, ...]:
        if self._admission is None:
            raise TypeError("a reception in a process without receptions")
        self._undated |= not all(reception.clock_trusted for reception in heard)
        batch = AlertBatch(connection, self._now())
        batch.admit_all(heard, self._admission, self._new_id)
        return batch.write()

    def _any_due(self, now: datetime) -> bool:
        with self._database.read() as connection:
            if self._admission is not None:
                return alert_queries.any_due(connection, now)
            return bool(alert_queries.overdue(connection, now, 1))

    def _publish(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._on_change(change)

    def _quarantine(self, row: SpoolRow) -> None:
        self.quarantined += 1
        log.exception(
            "a row of the spool hit a bug and is quarantined",
            extra={"EAS_SPOOL_ROW": row.row_id, "EAS_SPOOL_KIND": row.kind},
        )
        self._spool.quarantine(row.row_id, traceback.format_exc())


def _read_other(row: SpoolRow) -> tuple[Destination, Any]:
    destination = DESTINATIONS.get(row.kind)
    if destination is None:
        raise FrameError(f"a spool row of unknown kind {row.kind}", row.body[:200])
    return destination, _read(destination.kind, row)


def _read(kind: type[Any], row: SpoolRow) -> Any:
    value = from_json(kind, row.body)
    return cleaned(kind, value)[0] if "\\u0000" in row.body else value
