"""Which sources, receivers and feeds shall run: an operator can stop them on the page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from eas_station.bus import topics
from eas_station.bus.messages import Control
from eas_station.bus.subscriber import Subscriber
from eas_station.config.units import WEBD
from eas_station.errors import StoreError
from eas_station.service.daemon import Daemon
from eas_station.store.database.database import Database
from eas_station.store.records import desired_states

log = logging.getLogger(__name__)

RECEIVE_S = 0.5
RECONCILE_S = 60.0  # messages can be lost: the database is asked this often in any case
RETRY_S = 5.0  # while the database does not respond


def open_desired_states(
    daemon: Daemon,
    database: Database,
    kind: desired_states.Kind,
    units: Sequence[str] = (WEBD,),
    on_command: Callable[[str], None] | None = None,
) -> DesiredStates:
    """The desired states of one kind; `units` may send control messages to this daemon."""
    return DesiredStates(
        kind,
        partial(_stopped, database, kind),
        partial(daemon.subscribe, units, [topics.control(daemon.unit)]),
        daemon.stopping,
        on_command,
    )


def _stopped(database: Database, kind: desired_states.Kind) -> frozenset[str]:
    with database.read() as connection:
        return desired_states.stopped(connection, kind)


class DesiredStates:
    """The desired states as last read from the database.

    Until the first answer everything runs; while the database does not respond nothing changes.
    """

    def __init__(
        self,
        kind: str,
        ask: Callable[[], frozenset[str]],
        subscribe: Callable[[], Subscriber],
        stopping: threading.Event,
        on_command: Callable[[str], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            kind: "source", "receiver", "feed", for the log.
            ask: returns the names of those that shall be stopped. Raises StoreError.
            subscribe: subscribes to the control topic of this unit.
            on_command: called with the text of a control message, "feed nws", but not with one
                that was sent before this subscription.
        """
        self._kind = kind
        self._ask = ask
        self._subscribe = subscribe
        self._stopping = stopping
        self._on_command = on_command
        self._monotonic = monotonic
        self.asked = threading.Event()  # the database has been asked once, answer or not
        self._stopped: frozenset[str] = frozenset()
        self._answered = True
        self._next_s = monotonic()

    def is_running(self, name: str) -> bool:
        """Whether it shall run; from any thread."""
        return name not in self._stopped

    def run(self) -> None:
        """Keep up with the database until the daemon stops."""
        with self._subscribe() as subscriber:
            while not self._stopping.is_set():
                if self._monotonic() >= self._next_s:
                    self.refresh()
                message = subscriber.receive(RECEIVE_S)
                if message is None:
                    continue
                self._next_s = self._monotonic()
                if self._on_command is None or message.repeated:
                    continue
                if isinstance(message.body, Control):
                    self._on_command(message.body.what)

    def refresh(self) -> None:
        """Ask the database now."""
        try:
            self._take(self._ask())
        except StoreError as error:
            self._next_s = self._monotonic() + RETRY_S
            if self._answered:
                log.warning("cannot read the desired state; keeping the current one: %s", error)
            self._answered = False
        finally:
            self.asked.set()

    def _take(self, stopped: frozenset[str]) -> None:
        self._answered = True
        self._next_s = self._monotonic() + RECONCILE_S
        for name in sorted(stopped ^ self._stopped):
            state = "stopped" if name in stopped else "running"
            log.info("desired state of %s %s: %s", self._kind, name, state)
        self._stopped = stopped
