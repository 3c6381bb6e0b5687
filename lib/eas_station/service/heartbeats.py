"""Heartbeats of the critical loops: the watchdog is fed only while every loop progresses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Heartbeat:
    """The heartbeat of one loop, which calls it whenever it has progressed."""

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


class Heartbeats:
    """The heartbeats of all critical loops of the process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._heartbeats: dict[str, Heartbeat] = {}
        self._lock = threading.Lock()

    def add(self, name: str, deadline_s: float) -> Heartbeat:
        """Require progress of the loop `name` within every `deadline_s`."""
        heartbeat = Heartbeat(name, deadline_s, self._monotonic)
        with self._lock:
            self._heartbeats[name] = heartbeat
        return heartbeat

    def remove(self, name: str) -> None:
        """The loop has ended as intended."""
        with self._lock:
            self._heartbeats.pop(name, None)

    def stale(self) -> tuple[str, ...]:
        """The names of the loops that have missed their deadline."""
        with self._lock:
            return tuple(h.name for h in self._heartbeats.values() if h.age_s() > h.deadline_s)
