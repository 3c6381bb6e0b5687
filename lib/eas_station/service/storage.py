"""The way of receptions into the database: first the spool, then the database.

While the database does not respond, what comes in waits in the spool.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Sequence

from eas_station.alerts.model import AdmissionRules, Reception
from eas_station.bus import topics
from eas_station.bus.change_publisher import ChangePublisher
from eas_station.bus.messages import ItemState, ReceptionNew
from eas_station.errors import SpoolError, StoreError
from eas_station.service.backoff import Backoff
from eas_station.service.daemon import Daemon
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool

log = logging.getLogger(__name__)

IDLE_S = 5.0  # the flusher looks for overdue alerts this often
FLUSH_DEADLINE_S = 60.0  # a flush that takes longer hangs


def open_database(
    daemon: Daemon, pool_size: int = 2, longest_statement_s: float = math.inf
) -> Database:
    """The configured database, closed when the daemon stops."""
    config = daemon.config.database
    database = Database(
        config.url,
        statement_timeout_s=min(config.statement_timeout_s, longest_statement_s),
        slow_query_s=config.slow_query_s,
        pool_size=pool_size,
        application_name=daemon.unit,
    )
    daemon.on_stop(database.close)
    return database


def open_storage(daemon: Daemon, database: Database, admission: AdmissionRules) -> Storage:
    """The daemon's own spool, and what moves its rows to the database."""
    spool = Spool(daemon.config.paths.state_dir / f"{daemon.unit}.spool")
    daemon.on_stop(spool.close)
    changes = ChangePublisher(daemon.publisher)

    def publish(reception: Reception, durable: bool) -> None:
        news = ReceptionNew(reception, stored=False, durable=durable)
        daemon.publisher.publish(topics.RECEPTION_NEW, news)

    flusher = Flusher(spool, database, admission, daemon.now, changes)
    return Storage(daemon, Intake(spool, publish), spool, flusher, changes)


class Storage:
    """How one daemon stores what it receives, with the thread that flushes the spool."""

    def __init__(
        self,
        daemon: Daemon,
        intake: Intake,
        spool: Spool,
        flusher: Flusher,
        changes: ChangePublisher,
    ) -> None:
        """`changes` publishes what the flusher has committed."""
        self._daemon = daemon
        self._changes = changes
        self._intake = intake
        self._spool = spool
        self._flusher = flusher
        self._backoff = Backoff()
        self._awake = threading.Event()
        self._database_fault: str | None = None
        self._spool_fault: str | None = None
        self._quarantined = 0
        self._database_known = False
        self._append_fault: str | None = None

    def start(self) -> None:
        """Start the thread that flushes."""
        self._heartbeat = self._daemon.heartbeat("flusher", FLUSH_DEADLINE_S)
        self._daemon.spawn("flusher", self._run)

    def take(self, reception: Reception) -> None:
        """Spool a reception and publish it; the flusher moves it to the database."""
        self.take_all((reception,))

    def take_all(self, receptions: Sequence[Reception]) -> None:
        """Take several receptions in this order, in one commit to the spool."""
        self._intake.take_all(receptions)
        self.wake()

    def append(self, kind: str, json: str) -> bool:
        """Spool a row of another kind; False: the spool did not take it."""
        try:
            self._spool.append(kind, json)
        except StoreError as error:
            self._append_fault = str(error)
            self._note_spool(str(error))
            return False
        self._append_fault = None
        self.wake()
        return True

    def wake(self) -> None:
        """Flush now."""
        self._awake.set()

    def _run(self) -> None:
        while not self._daemon.stopping.is_set():
            self._heartbeat()
            self._wait(self._flush())
        if self._database_fault is None:
            self._flush()  # rows since the last flush

    def _wait(self, wait_s: float) -> None:
        """Sleep until `wake`, in short steps: `stopping` must be noticed too."""
        offline = self._database_fault is not None
        while wait_s > 0 and not self._daemon.stopping.is_set():
            step_s = min(wait_s, 0.5)
            if offline:  # more rows do not bring the database back
                self._daemon.stopping.wait(step_s)
            elif self._awake.wait(step_s):
                break
            self._heartbeat()
            wait_s -= step_s
        self._awake.clear()

    def _flush(self) -> float:
        """Flush; return the wait before the next flush."""
        try:
            moved = self._flusher.run_once()
            if self._daemon.clock_trust.trusted():
                self._flusher.end_overdue(self._daemon.now())
        except SpoolError as error:
            self._note_spool(str(error))
            return self._backoff.next_s()
        except StoreError as error:
            if not self._database_known:
                self._publish_waiting()
            self._note_database(str(error))
            self._note_depth()
            return self._backoff.next_s()
        self._backoff.reset()
        self._note_database(None)
        self._note_depth()
        return 0.0 if moved else IDLE_S

    def _publish_waiting(self) -> None:
        """At a start without the database, publish what waits in the spool for the page."""
        try:
            self._intake.publish_waiting()
        except StoreError as error:
            self._note_spool(str(error))

    def _note_depth(self) -> None:
        try:
            depth = self._spool.depth()
            quarantined = self._spool.quarantine_depth()
        except StoreError as error:
            self._note_spool(str(error))
            return
        self._note_spool(self._append_fault)  # a full disk can still be read
        self._note_quarantine(quarantined)
        self._daemon.set_storage(depth, self._changes.last_change_id)

    def _note_database(self, fault: str | None) -> None:
        if self._database_known and (fault is None) == (self._database_fault is None):
            return
        self._database_known = True
        self._database_fault = fault
        since = self._daemon.now()
        if fault is None:
            log.info("database online")
            sentence = "database online"
        else:
            log.warning("database offline: %s", fault)
            sentence = f"database offline since {since:%Y-%m-%d %H:%M:%S}Z: {fault}"
        self._daemon.set_item(
            ItemState(
                name="database",
                kind="database",
                state="running" if fault is None else "reconnecting",
                sentence=sentence,
                since_at=since,
            )
        )

    def _note_quarantine(self, count: int) -> None:
        """Rows in quarantine are missing from the database: show them."""
        if count == self._quarantined:
            return
        self._quarantined = count
        rows = "1 row is" if count == 1 else f"{count} rows are"
        self._daemon.set_item(
            ItemState(
                name="quarantine",
                kind="quarantine",
                state="failed" if count else "running",
                sentence=f"{rows} missing from the database: quarantined in the spool after a bug"
                if count
                else "no rows in quarantine",
                since_at=self._daemon.now(),
            )
        )

    def _note_spool(self, fault: str | None) -> None:
        if fault == self._spool_fault:
            return
        self._spool_fault = fault
        if fault is None:
            log.info("spool writable again")
        else:
            log.error("spool unusable, receptions are not durable: %s", fault)
        self._daemon.set_item(
            ItemState(
                name="spool",
                kind="spool",
                state="running" if fault is None else "failed",
                sentence="spool writable" if fault is None else f"spool unusable: {fault}",
                since_at=self._daemon.now(),
            )
        )
