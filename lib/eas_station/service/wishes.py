"""What the operator wants to run: sources, receivers and feeds can be stopped on the page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from eas_station.bus.subscriber import Subscriber
from eas_station.errors import StoreError

log = logging.getLogger(__name__)

LOOK_S = 0.5
RECONCILE_S = 60.0  # news can be lost: the database is asked this often in any case
RETRY_S = 5.0  # while the database does not answer


class Wishes:
    """Keeps the operator's wishes, told by the database.

    Until it has answered once everything runs, and while it does not answer all goes on as it
    was: a station that cannot ask listens.
    """

    def __init__(
        self,
        kind: str,
        ask: Callable[[], frozenset[str]],
        subscribe: Callable[[], Subscriber],
        stopping: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            kind: "source", "receiver", "feed", for the log.
            ask: the names of those that are to be stopped. Raises StoreError.
            subscribe: hears the control topic of this unit.
        """
        self._kind = kind
        self._ask = ask
        self._subscribe = subscribe
        self._stopping = stopping
        self._monotonic = monotonic
        self._stopped: frozenset[str] = frozenset()
        self._answered = True
        self._next_s = monotonic()

    def wants(self, name: str) -> bool:
        """Is it to run; from any thread."""
        return name not in self._stopped

    def run(self) -> None:
        """Follow the wishes until the daemon stops."""
        with self._subscribe() as subscriber:
            while not self._stopping.is_set():
                if self._monotonic() >= self._next_s:
                    self.look()
                if subscriber.receive(LOOK_S) is not None:
                    self._next_s = self._monotonic()

    def look(self) -> None:
        """Ask the database now."""
        try:
            stopped = self._ask()
        except StoreError as error:
            self._next_s = self._monotonic() + RETRY_S
            if self._answered:
                log.warning("what is to run is not known, going on as before: %s", error)
            self._answered = False
            return
        self._answered = True
        self._next_s = self._monotonic() + RECONCILE_S
        for name in sorted(stopped ^ self._stopped):
            wish = "stopped" if name in stopped else "running"
            log.info("the operator wants %s %s %s", self._kind, name, wish)
        self._stopped = stopped
