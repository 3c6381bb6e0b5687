"""What the operator wants to run: sources, receivers and feeds can be stopped on the page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from eas_station.bus.messages import Control
from eas_station.bus.subscriber import Subscriber
from eas_station.errors import StoreError

log = logging.getLogger(__name__)

LOOK_S = 0.5
RECONCILE_S = 60.0  # news can be lost: the database is asked this often in any case
RETRY_S = 5.0  # while the database does not answer


class DesiredStates:
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
        command: Callable[[str], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            kind: "source", "receiver", "feed", for the log.
            ask: the names of those that are to be stopped. Raises StoreError.
            subscribe: hears the control topic of this unit.
            command: told what a message there is about, "feed nws", unless it is an old one.
        """
        self._kind = kind
        self._ask = ask
        self._subscribe = subscribe
        self._stopping = stopping
        self._command = command
        self._monotonic = monotonic
        self.looked = threading.Event()  # the database has been asked once, answer or not
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
                message = subscriber.receive(LOOK_S)
                if message is None:
                    continue
                self._next_s = self._monotonic()
                if self._command and isinstance(message.body, Control) and not message.repeated:
                    self._command(message.body.what)

    def look(self) -> None:
        """Ask the database now."""
        try:
            self._take(self._ask())
        except StoreError as error:
            self._next_s = self._monotonic() + RETRY_S
            if self._answered:
                log.warning("what is to run is not known, going on as before: %s", error)
            self._answered = False
        finally:
            self.looked.set()

    def _take(self, stopped: frozenset[str]) -> None:
        self._answered = True
        self._next_s = self._monotonic() + RECONCILE_S
        for name in sorted(stopped ^ self._stopped):
            wish = "stopped" if name in stopped else "running"
            log.info("the operator wants %s %s %s", self._kind, name, wish)
        self._stopped = stopped
