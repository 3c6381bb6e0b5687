"""Does the operator want this receiver to run: what the database says, asked again on a word."""

from __future__ import annotations

import logging
from collections.abc import Callable

from eas_station.bus import topics
from eas_station.errors import StoreError
from eas_station.service.daemon import Daemon

log = logging.getLogger(__name__)

WEBD = "eas-webd"  # whose page the operator uses
ASK_S = 60.0  # news is a hint: ask again at least this often
LISTEN_S = 0.5


class DesiredState:
    """Runs until the database says "stopped"; while the database is away, as it said last."""

    def __init__(self, daemon: Daemon, ask: Callable[[], str]) -> None:
        """Args: ask: "running" or "stopped" as the database has it. Raises StoreError."""
        self._daemon = daemon
        self._ask = ask
        self._is_wanted = True
        self._is_answered = True

    def is_wanted(self) -> bool:
        """Is the receiver to run."""
        return self._is_wanted

    def run(self) -> None:
        """Ask at the start, at every word of the page, and every minute."""
        own = topics.control(self._daemon.unit)
        with self._daemon.subscribe([WEBD], [own]) as subscriber:
            while not self._daemon.stopping.is_set():
                self._look()
                waited_s = 0.0
                while waited_s < ASK_S and not self._daemon.stopping.is_set():
                    if subscriber.receive(LISTEN_S) is not None:
                        break
                    waited_s += LISTEN_S

    def _look(self) -> None:
        try:
            self._is_wanted = self._ask() != "stopped"
        except StoreError as error:
            if self._is_answered:
                log.warning("the desired state is not known, going on as before: %s", error)
            self._is_answered = False
        else:
            self._is_answered = True
