"""How long a request may take. Who waits for something asks how much is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class TooLate(Exception):
    """The request's time is over."""


class Deadline:
    """The end of one request, on the monotonic clock."""

    def __init__(self, longest_s: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_mono = monotonic() + longest_s

    def left_s(self) -> float:
        """How much is left. Raises TooLate when nothing is."""
        left_s = self._ends_mono - self._monotonic()
        if left_s <= 0:
            raise TooLate
        return left_s

    @property
    def is_over(self) -> bool:
        """Is nothing left?"""
        return self._monotonic() >= self._ends_mono


class RequestDeadlines:
    """Which deadline the thread that asks works under. One request is served by one thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def under(self, deadline: Deadline) -> Iterator[None]:
        """Work under this deadline."""
        self._local.deadline = deadline
        try:
            yield
        finally:
            self._local.deadline = None

    def left_s(self) -> float | None:
        """What is left for this thread's request; None: it works for none. Raises TooLate."""
        deadline: Deadline | None = getattr(self._local, "deadline", None)
        return None if deadline is None else deadline.left_s()
