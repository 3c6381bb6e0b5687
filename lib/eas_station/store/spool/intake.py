"""The entry of receptions: commit to the spool, then publish."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from eas_station.alerts.model import Reception
from eas_station.errors import FrameError, StoreError
from eas_station.store.spool.spool import Spool
from eas_station.store.spool.texts import cleaned
from eas_station.wire import from_json

log = logging.getLogger(__name__)

MOST_WAITING = 1000  # rows of an earlier process that are published again


class Intake:
    """Takes receptions for one process; safe for several threads."""

    def __init__(self, spool: Spool, publish: Callable[[Reception, bool], object]) -> None:
        """`publish(reception, durable)` publishes reception.new."""
        self._spool = spool
        self._publish = publish
        self._lock = threading.Lock()
        self._durable = True

    def take(self, reception: Reception) -> None:
        """Return when it is committed to the spool and published.

        If the spool fails, it is published as not durable, and waits in memory.
        """
        self.take_all((reception,))

    def take_all(self, receptions: Sequence[Reception]) -> None:
        """Take all receptions of one poll, in this order, in one commit."""
        storable = [cleaned(Reception, reception) for reception in receptions]
        if not storable:
            return
        with self._lock:
            durable = self._commit([body for _, body in storable])
        for reception, _ in storable:
            self._publish(reception, durable)

    def publish_waiting(self) -> None:
        """Publish the receptions that an earlier process has left in the spool.

        For a start while the database does not respond: the page has no other source.
        Raises StoreError.
        """
        for row in self._spool.oldest(MOST_WAITING):
            if row.kind == "reception" and row.row_id > 0:
                try:
                    reception = from_json(Reception, row.body)
                except FrameError as error:
                    log.warning("cannot publish spool row %s: %s", row.row_id, error)
                else:
                    self._publish(reception, True)

    def _commit(self, bodies: Sequence[str]) -> bool:
        try:
            self._spool.append_all("reception", bodies)
        except StoreError as error:
            kept = self._spool.hold("reception", bodies)
            if self._durable or not kept:
                where = "wait in memory" if kept else "are only published"
                log.error("receptions are not durable, they %s: %s", where, error)
            self._durable = False
            return False
        if not self._durable:
            log.info("receptions are durable again")
        self._durable = True
        return True
