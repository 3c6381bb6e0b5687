"""How long a request may take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class TooLate(Exception):
    """The deadline of the request has passed."""


class Deadline:
    """The end of one request, on the monotonic clock."""

    def __init__(self, longest_s: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_mono = monotonic() + longest_s

    def left_s(self) -> float:
        """The time left. Raises TooLate if there is none."""
        left_s = self._ends_mono - self._monotonic()
        if left_s <= 0:
            raise TooLate
        return left_s

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self._monotonic() >= self._ends_mono


class RequestDeadlines:
    """The deadline of each thread. One thread serves one request."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def under(self, deadline: Deadline) -> Iterator[None]:
        """Hold the calling thread to this deadline."""
        self._local.deadline = deadline
        try:
            yield
        finally:
            self._local.deadline = None

    def left_s(self) -> float | None:
        """The time left for this thread's request. None: it serves none. Raises TooLate."""
        deadline: Deadline | None = getattr(self._local, "deadline", None)
        return None if deadline is None else deadline.left_s()
