"""The audit log of logins and refusals, written in a thread of its own.

A change by an operator is audited in the transaction of the change (`operator_actions`). While the
database is not responding, rows wait here; beyond a thousand they are in the journal only.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from eas_station.errors import StoreError
from eas_station.store.database.database import Database
from eas_station.store.records import audit
from eas_station.store.records.audit import AuditEntry

WAITING_MOST = 1000  # rows
AT_ONCE = 100
RETRY_S = 5.0
POLL_S = 1.0
LONGEST_NAME = 64  # of a name that a client sent

log = logging.getLogger(__name__)


class AuditLog:
    """Takes rows from any thread and writes them in its own."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._waiting: deque[AuditEntry] = deque()
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._full = False

    def note(
        self,
        who: str,
        action: str,
        outcome: Literal["done", "refused", "failed"],
        address: str,
        detail: str | None = None,
        subject: str | None = None,
    ) -> None:
        """Take one row, without waiting."""
        who = who[:LONGEST_NAME]
        log.info(
            "%s by %s from %s: %s",
            *(action, repr(who), address, outcome if detail is None else f"{outcome}, {detail}"),
            extra={"EAS_WHO": who, "EAS_ACTION": action, "EAS_ADDRESS": address},
        )
        entry = AuditEntry(
            *(str(uuid.uuid4()), self._now(), who, action, outcome, subject, address, detail)
        )
        with self._lock:
            if len(self._waiting) < WAITING_MOST:
                self._waiting.append(entry)
                self._full = False
            elif not self._full:
                self._full = True
                log.error("the audit log is full: further entries are only in the journal")
        self._some.set()

    def run(self, stopping: threading.Event, beat: Callable[[], None]) -> None:
        """Write until told to stop, then write the rest."""
        while not stopping.is_set():
            beat()
            self._some.wait(POLL_S)
            if not self.write_some():
                stopping.wait(RETRY_S)
        self.write_some()

    def write_some(self) -> bool:
        """Write waiting rows, a hundred at most. False: the database is not responding."""
        with self._lock:
            rows = list(self._waiting)[:AT_ONCE]
            if not rows:
                self._some.clear()
                return True
        try:
            with self._database.write() as connection:
                for row in rows:
                    audit.record(connection, row)
        except StoreError as error:
            log.debug("the audit log is waiting: %s", error)
            return False
        with self._lock:
            for _ in rows:
                self._waiting.popleft()
        return True
