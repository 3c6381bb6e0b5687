"""The watchdog is fed by the work: who must progress, and who has not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Beat:
    """One loop's promise to progress within its deadline. Call it whenever it has."""

    def __init__(self, name: str, deadline_s: float, monotonic: Callable[[], float]) -> None:
        self.name = name
        self.deadline_s = deadline_s
        self._monotonic = monotonic
        self._last_s = monotonic()

    def __call__(self) -> None:
        """The loop has progressed."""
        self._last_s = self._monotonic()

    def age_s(self) -> float:
        """Seconds since the loop last progressed."""
        return self._monotonic() - self._last_s


class Beats:
    """Every loop that the process cannot do without."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._beats: dict[str, Beat] = {}
        self._lock = threading.Lock()

    def add(self, name: str, deadline_s: float) -> Beat:
        """From now on `name` must beat at least every `deadline_s`."""
        beat = Beat(name, deadline_s, self._monotonic)
        with self._lock:
            self._beats[name] = beat
        return beat

    def remove(self, name: str) -> None:
        """The loop has ended as it should: it need not beat any more."""
        with self._lock:
            self._beats.pop(name, None)

    def stale(self) -> tuple[str, ...]:
        """The names of the loops that have missed their deadline."""
        with self._lock:
            return tuple(b.name for b in self._beats.values() if b.age_s() > b.deadline_s)
