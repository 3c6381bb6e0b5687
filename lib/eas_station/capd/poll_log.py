"""The record of the polls: those that changed or failed are rows, the others are counted."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from eas_station.capd.loop import Poll
from eas_station.errors import StoreError
from eas_station.store.records.jobs import JobRun
from eas_station.wire import to_json

log = logging.getLogger(__name__)

COUNTED_S = 600.0  # between two writes of the counts of unchanged polls
FIRST_COUNTED_S = 5.0  # after the start, so that the record soon shows the first poll
_LOOK_S = 0.5


class PollLog:
    """Keeps the polls of all feeds, from their threads."""

    def __init__(
        self,
        *,
        append: Callable[[str, str], object],
        count: Callable[[str, datetime, int], None],
        new_id: Callable[[], str],
        is_stopping: Callable[[], bool],
        wait: Callable[[float], object] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            append: spools a row of a kind, as JSON.
            count: adds to the count of a job's unchanged runs at a time. Raises StoreError.
        """
        self._append = append
        self._count = count
        self._new_id = new_id
        self._is_stopping = is_stopping
        self._wait = wait
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._unchanged: Counter[str] = Counter()
        self._last_at: dict[str, datetime] = {}
        self._due_s = monotonic() + FIRST_COUNTED_S

    def record(self, poll: Poll) -> None:
        """Keep one poll."""
        job = f"poll {poll.feed}"
        if poll.outcome == "unchanged":
            with self._lock:
                self._unchanged[job] += 1
                self._last_at[job] = poll.ended_at
            return
        run = JobRun(
            run_id=self._new_id(),
            job=job,
            due_at=poll.due_at,
            started_at=poll.started_at,
            ended_at=poll.ended_at,
            outcome=poll.outcome,
            error=poll.error,
        )
        self._append("job_run", to_json(run))

    def run(self) -> None:
        """Write the counts from time to time, and at the end."""
        while not self._is_stopping():
            if self._monotonic() >= self._due_s:
                self.write_counts()
            self._wait(_LOOK_S)
        self.write_counts()

    def write_counts(self) -> None:
        """Write the counts to the database; what cannot be written waits for the next time."""
        self._due_s = self._monotonic() + COUNTED_S
        with self._lock:
            counted = dict(self._unchanged)
        for job, runs in counted.items():
            try:
                self._count(job, self._last_at[job], runs)
            except StoreError:
                return
            with self._lock:
                self._unchanged[job] -= runs
                if not self._unchanged[job]:
                    del self._unchanged[job]
