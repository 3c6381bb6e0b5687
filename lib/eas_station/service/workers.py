"""The threads of a daemon: named, monitored, and joined at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from eas_station.service.title import name_thread

log = logging.getLogger(__name__)


class WorkerThreads:
    """Threads whose crash ends the process."""

    def __init__(self, on_crash: Callable[[], None]) -> None:
        self.crashed: str | None = None  # the first thread that crashed
        self._on_crash = on_crash
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def spawn(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Start a thread. `name` is shown by `top -H`: at most 15 characters."""
        # A daemon thread cannot keep the process alive when it hangs.
        thread = threading.Thread(target=self._run, args=(name, target), name=name, daemon=True)
        with self._lock:
            self._threads = [t for t in self._threads if t.is_alive()]
            thread.start()
            self._threads.append(thread)
        return thread

    def join(self, longest_s: float) -> tuple[str, ...]:
        """Wait for all threads together; return the names of those that have not ended."""
        deadline_s = time.monotonic() + longest_s
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return tuple(thread.name for thread in threads if thread.is_alive())

    def _run(self, name: str, target: Callable[[], None]) -> None:
        name_thread(name)
        try:
            target()
        except Exception:
            log.exception("thread %s crashed", name)
            self.crashed = self.crashed or name
            self._on_crash()
