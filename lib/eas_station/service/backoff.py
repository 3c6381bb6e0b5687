"""The wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Waits that double from `first_s` to `longest_s`, each shortened at random.

    The jitter keeps many stations from returning to one server in the same second.
    """

    def __init__(
        self,
        first_s: float = 1.0,
        longest_s: float = 60.0,
        jitter: float = 0.2,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`jitter`: the largest fraction that a wait is shortened by, 0 to 1."""
        self.tries = 0  # failures since the last success
        self._first_s = first_s
        self._longest_s = longest_s
        self._jitter = jitter
        self._chance = chance

    def next_s(self) -> float:
        """The wait after one more failure."""
        wait_s = min(self._longest_s, self._first_s * 2.0 ** min(self.tries, 30))
        self.tries += 1
        return wait_s * (1.0 - self._jitter * self._chance())

    def reset(self) -> None:
        """An attempt succeeded: the next failure is the first again."""
        self.tries = 0
