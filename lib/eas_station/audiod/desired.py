"""What the operator wants of this source: running, or stopped."""

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


class Desired:
    """Keeps the operator's wish, told by the database.

    Until the database has answered once, and while it does not, the source runs as it did: a
    station that cannot ask listens.
    """

    def __init__(
        self,
        ask: Callable[[], bool],
        subscribe: Callable[[], Subscriber],
        stopping: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            ask: is the source to run? Raises StoreError.
            subscribe: hears the control topic of this unit.
        """
        self._ask = ask
        self._subscribe = subscribe
        self._stopping = stopping
        self._monotonic = monotonic
        self._running = True
        self._next_s = monotonic()

    @property
    def running(self) -> bool:
        """Is the source to run; from any thread."""
        return self._running

    def run(self) -> None:
        """Follow the wish until the daemon stops."""
        with self._subscribe() as subscriber:
            while not self._stopping.is_set():
                if self._monotonic() >= self._next_s:
                    self._look()
                if subscriber.receive(LOOK_S) is not None:
                    self._next_s = self._monotonic()

    def _look(self) -> None:
        try:
            running = self._ask()
        except StoreError:
            self._next_s = self._monotonic() + RETRY_S
            return
        self._next_s = self._monotonic() + RECONCILE_S
        if running != self._running:
            self._running = running
            log.info("the operator wants this source %s", "running" if running else "stopped")
