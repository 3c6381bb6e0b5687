"""Writes down who logged in and who was refused, off the way of the requests.

What operators change is audited in the same transaction (`desk`); this is for the rest. While the
database is away it waits here; beyond a thousand rows the journal alone has it.
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

MOST = 1000  # rows that wait
AT_ONCE = 100
RETRY_S = 5.0
LOOK_S = 1.0
LONGEST_NAME = 64  # what somebody typed as a name

log = logging.getLogger(__name__)


class AuditLog:
    """Rows for the audit, from any thread; written by a thread of its own."""

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
        """Take one row; never waits."""
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
            if len(self._waiting) < MOST:
                self._waiting.append(entry)
                self._full = False
            elif not self._full:
                self._full = True
                log.error("the audit cannot be written: what comes now is in this log alone")
        self._some.set()

    def run(self, stopping: threading.Event, beat: Callable[[], None]) -> None:
        """Write until told to stop, and then what is left."""
        while not stopping.is_set():
            beat()
            self._some.wait(LOOK_S)
            if not self.write_some():
                stopping.wait(RETRY_S)
        self.write_some()

    def write_some(self) -> bool:
        """Write what waits, a hundred rows at most. False: the database does not take them."""
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
            log.debug("the audit waits: %s", error)
            return False
        with self._lock:
            for _ in rows:
                self._waiting.popleft()
        return True
