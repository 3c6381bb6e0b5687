"""Which samples a live receiver has lost: its count held against a clock.

A receiver makes samples at its crystal's rate, and they arrive late by a varying time. So at an
arrival the count is behind the clock by what was lost, by the lateness, and by what the two
crystals have drifted apart. The least of it over some seconds is free of most lateness; where it
has grown by more than drift and jitter explain, samples were lost.
"""

from __future__ import annotations

CRYSTALS_PPM = 200.0  # a cheap dongle's and the host's together
JITTER_S = 0.05  # of the least lateness within a window
WINDOW_S = 4.0  # a stall shorter than this is made up for within it
STALL_S = 0.5  # after such a pause a backlog may follow: the window begins anew
OVERDUE_S = 20.0  # but a stream of nothing but pauses is judged after so long


class SampleClock:
    """Counts samples as they arrive. Times are of one steady clock, in seconds.

    A loss is told when the window in which it was found ends, up to two windows after it happened;
    one of less than `JITTER_S` when it has grown to that with later ones. A steady loss of less
    than `CRYSTALS_PPM` looks like a crystal and is not told.
    """

    def __init__(self, rate_hz: int, heard_at: float | None = None) -> None:
        """`heard_at`: when the sample before the first one came; None: there was none."""
        self.heard_at = heard_at
        self._rate_hz = rate_hz
        self._pausing = True
        self._began_s = 0.0
        self._count = 0  # since then: arrived and lost
        self._baseline: float | None = None  # samples that the count is behind when nothing is lost
        self._least = 0.0
        self._window_s = 0.0
        self._judged_s = 0.0

    def give_back(self, samples: int) -> None:
        """The last so many, arrived or lost, are not to be had after all: lost with what follows.

        Only while the stream is over.
        """
        if self.heard_at is not None:
            self.heard_at -= samples / self._rate_hz

    def pause(self) -> None:
        """The stream ends here; the next samples are those of another."""
        self._pausing = True

    def take(self, samples: int, now_s: float) -> int:
        """The next samples have arrived; gives how many were lost before them."""
        before, self.heard_at = self.heard_at, now_s
        if self._pausing:
            self._restart(samples, now_s)
            return 0 if before is None else self._away(samples, now_s - before)
        self._count += samples
        behind = (now_s - self._began_s) * self._rate_hz - self._count
        is_overdue = now_s - self._judged_s > OVERDUE_S
        if before is not None and now_s - before > STALL_S and not is_overdue:
            self._open_window(behind, now_s)
            return 0
        self._least = min(self._least, behind)
        if now_s - self._window_s < WINDOW_S and not is_overdue:
            return 0
        if is_overdue and self._baseline is None:
            self._baseline = 0.0  # the first samples of all were in time
        lost = self._judge(now_s - self._judged_s)
        self._judged_s = now_s
        self._count += lost
        self._open_window(behind - lost, now_s)
        return lost

    def _away(self, samples: int, away_s: float) -> int:
        return max(0, round(away_s * self._rate_hz) - samples)

    def _restart(self, samples: int, now_s: float) -> None:
        self._pausing = False
        self._began_s = now_s
        self._count = 0  # the first samples set the clock
        self._baseline = None
        self._judged_s = now_s
        self._open_window(0.0, now_s)

    def _open_window(self, behind: float, now_s: float) -> None:
        self._least, self._window_s = behind, now_s

    def _judge(self, seconds: float) -> int:
        """The window is over: what was lost in it. Follows the drift of the crystals."""
        if self._baseline is None:
            self._baseline = self._least
            return 0
        drifted = self._baseline + CRYSTALS_PPM * 1e-6 * seconds * self._rate_hz
        if self._least > drifted + JITTER_S * self._rate_hz:
            return round(self._least - self._baseline)
        self._baseline = min(self._least, drifted)
        return 0
