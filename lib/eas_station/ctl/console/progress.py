"""A progress bar on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

WIDTH = 30
DELAY_S = 1.0  # no bar for short work
EVERY_S = 0.2


class ProgressBar:
    """Drawn at most five times a second, and only on a terminal."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now = now
        self._began_s = now()
        self._drawn_s = self._began_s + DELAY_S - EVERY_S
        self._visible = False
        self._on_terminal = stream.isatty()

    def show(self, share: float, text: str) -> None:
        """Draw how much is done, 0 to 1."""
        now_s = self._now()
        if not self._on_terminal or now_s - self._drawn_s < EVERY_S:
            return
        self._drawn_s = now_s
        done = round(WIDTH * min(max(share, 0.0), 1.0))
        left = "" if share <= 0 else f", {_clock((now_s - self._began_s) * (1 / share - 1))} left"
        bar = "#" * done + "." * (WIDTH - done)
        self._stream.write(f"\r[{bar}] {100 * share:3.0f} % {text}{left}\x1b[K")
        self._stream.flush()
        self._visible = True

    def clear(self) -> None:
        """Remove the bar, before other output and at the end."""
        if self._visible:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._visible = False


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
