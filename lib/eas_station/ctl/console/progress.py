"""A bar on standard error while something takes long; nothing where nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

WIDTH = 30
PATIENCE_S = 1.0  # short work needs no bar
EVERY_S = 0.2


class ProgressBar:
    """Draws at most five times a second, and only on a terminal."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now = now
        self._begun_s = now()
        self._drawn_s = self._begun_s + PATIENCE_S - EVERY_S
        self._visible = False
        self._watched = stream.isatty()

    def show(self, share: float, says: str) -> None:
        """How much is done, 0 to 1, and in words."""
        now_s = self._now()
        if not self._watched or now_s - self._drawn_s < EVERY_S:
            return
        self._drawn_s = now_s
        done = round(WIDTH * min(max(share, 0.0), 1.0))
        left = "" if share <= 0 else f", {_clock((now_s - self._begun_s) * (1 / share - 1))} left"
        bar = "#" * done + "." * (WIDTH - done)
        self._stream.write(f"\r[{bar}] {100 * share:3.0f} % {says}{left}\x1b[K")
        self._stream.flush()
        self._visible = True

    def clear(self) -> None:
        """Wipe the bar away, before something else is printed and at the end."""
        if self._visible:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._visible = False


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
