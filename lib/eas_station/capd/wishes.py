"""Which feeds the operator has stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from eas_station.bus.subscriber import Subscriber
from eas_station.errors import StoreError

log = logging.getLogger(__name__)

LOOK_S = 0.5
RECONCILE_S = 60.0  # news can be lost: the database is asked this often in any case
RETRY_S = 5.0  # while the database does not answer


class Wishes:
    """Keeps the operator's wishes, told by the database. While it does not answer they stay."""

    def __init__(
        self,
        ask: Callable[[], frozenset[str]],
        subscribe: Callable[[], Subscriber],
        is_stopping: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            ask: the names of the feeds that are to be stopped. Raises StoreError.
            subscribe: hears the control topic of this unit.
        """
        self._ask = ask
        self._subscribe = subscribe
        self._is_stopping = is_stopping
        self._monotonic = monotonic
        self._stopped: frozenset[str] = frozenset()
        self._next_s = monotonic()

    def wants(self, feed: str) -> bool:
        """Is the feed to be polled; from any thread."""
        return feed not in self._stopped

    def run(self) -> None:
        """Follow the wishes until the daemon stops."""
        with self._subscribe() as subscriber:
            while not self._is_stopping():
                if self._monotonic() >= self._next_s:
                    self.look()
                if subscriber.receive(LOOK_S) is not None:
                    self._next_s = self._monotonic()

    def look(self) -> None:
        """Ask the database now."""
        try:
            stopped = self._ask()
        except StoreError:
            self._next_s = self._monotonic() + RETRY_S
            return
        self._next_s = self._monotonic() + RECONCILE_S
        if stopped != self._stopped:
            log.info("feeds stopped by the operator: %s", ", ".join(sorted(stopped)) or "none")
            self._stopped = stopped
