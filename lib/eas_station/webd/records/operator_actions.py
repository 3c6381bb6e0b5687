"""Actions of operators, each in one transaction with its row of the audit log."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime

from eas_station.bus import topics
from eas_station.bus.messages import Control
from eas_station.config.units import CAPD, receiver_unit, source_unit
from eas_station.errors import StoreError
from eas_station.store.database.database import Database
from eas_station.store.records import operator_action
from eas_station.store.records.desired_states import Desired, Kind
from eas_station.store.records.operator_action import Action, ActionKind
from eas_station.webd.http.operator import Operator

WRITERS = 2  # workers that can wait for the database's write lock
WAIT_S = 2.0

Publish = Callable[[str, Control], object]

log = logging.getLogger(__name__)


class OperatorActions:
    """Performs actions of operators. Thread-safe."""

    def __init__(
        self,
        database: Database,
        publish: Publish,
        changed: Callable[[], None],
        now: Callable[[], datetime],
        left_s: Callable[[], float | None],
    ) -> None:
        """
        Args:
            changed: called after every action, to refresh the state.
            left_s: the time left for the request of this thread.
        """
        self._database, self._publish, self._changed = database, publish, changed
        self._now, self._left_s = now, left_s
        self._places = threading.BoundedSemaphore(WRITERS)

    def set_desired(
        self, operator: Operator, address: str, kind: Kind, name: str, desired: Desired
    ) -> Action | None:
        """Start or stop a source, a receiver or a feed; notifies its daemon."""
        done = self.perform(operator, address, "set_desired", f"{kind} {name}", desired)
        if done is not None:
            unit = {"source": source_unit(name), "receiver": receiver_unit(name), "feed": CAPD}
            self._publish(topics.control(unit[kind]), Control(f"{kind} {name}"))
        return done

    def perform(
        self,
        operator: Operator,
        address: str,
        kind: ActionKind,
        subject: str,
        value: str | None = None,
    ) -> Action | None:
        """Perform an action. None: its subject does not exist. Raises StoreError."""
        action = Action(
            *(str(uuid.uuid4()), self._now(), operator.audit_name, kind, subject, value, address),
        )
        if not self._places.acquire(timeout=WAIT_S):
            raise StoreError("too many changes are waiting for the database")
        try:
            with self._database.write(self._left_s()) as connection:
                done = operator_action.perform(connection, action)
        finally:
            self._places.release()
        log.info(
            "%s %s by %s from %s: %s",
            *(kind, subject, repr(operator.audit_name), address, "done" if done else "not found"),
            extra={"EAS_WHO": operator.audit_name, "EAS_ACTION": kind, "EAS_ADDRESS": address},
        )
        self._changed()
        return action if done else None
