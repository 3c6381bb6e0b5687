"""Detects lost samples by comparing the sample count with a clock.

Samples arrive at the rate of the receiver's crystal, with a varying delay. The count is behind the
clock by

    behind = lost samples + delay + drift between the two crystals.

Its minimum over some seconds contains almost no delay. Where it grows by more than drift and jitter
explain, samples were lost.
"""

from __future__ import annotations

CRYSTALS_PPM = 200.0  # of a cheap dongle and the host together
JITTER_S = 0.05  # of the minimum delay within a window
WINDOW_S = 4.0  # a shorter stall is caught up within it
STALL_S = 0.5  # after such a pause a backlog may follow: the window restarts
OVERDUE_S = 20.0  # a stream of nothing but pauses is judged after this


class SampleClock:
    """Counts samples as they arrive. Times are seconds of one steady clock.

    A loss is reported at the end of the window in which it is detected, up to two windows after it
    happened. Losses shorter than `JITTER_S` are reported when they add up to it. A steady loss of
    less than `CRYSTALS_PPM` looks like drift and is not detected.
    """

    def __init__(self, rate_hz: int, received_at_s: float | None = None) -> None:
        """Args: received_at_s: when the sample before the first arrived; None: there is none."""
        self.received_at_s = received_at_s
        self._rate_hz = rate_hz
        self._pausing = True
        self._began_s = 0.0
        self._count = 0  # since `_began_s`: received and lost
        self._baseline: float | None = None  # samples behind without losses
        self._least = 0.0
        self._window_s = 0.0
        self._judged_s = 0.0

    def give_back(self, samples: int) -> None:
        """Count the last samples, received or lost, as lost: they were not used.

        Only while the stream is paused.
        """
        if self.received_at_s is not None:
            self.received_at_s -= samples / self._rate_hz

    def pause(self) -> None:
        """The stream ends; the next samples are of another connection."""
        self._pausing = True

    def take(self, samples: int, now_s: float) -> int:
        """Count the next samples; gives how many were lost before them."""
        before, self.received_at_s = self.received_at_s, now_s
        if self._pausing:
            self._restart(samples, now_s)
            return 0 if before is None else self._lost_while_away(samples, now_s - before)
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
            self._baseline = 0.0  # assume the first samples were not delayed
        lost = self._judge(now_s - self._judged_s)
        self._judged_s = now_s
        self._count += lost
        self._open_window(behind - lost, now_s)
        return lost

    def _lost_while_away(self, samples: int, away_s: float) -> int:
        return max(0, round(away_s * self._rate_hz) - samples)

    def _restart(self, samples: int, now_s: float) -> None:
        self._pausing = False
        self._began_s = now_s
        self._count = 0  # the clock starts with the first samples
        self._baseline = None
        self._judged_s = now_s
        self._open_window(0.0, now_s)

    def _open_window(self, behind: float, now_s: float) -> None:
        self._least, self._window_s = behind, now_s

    def _judge(self, seconds: float) -> int:
        """The samples lost in the window that ended. Follows the drift of the crystals."""
        if self._baseline is None:
            self._baseline = self._least
            return 0
        drifted = self._baseline + CRYSTALS_PPM * 1e-6 * seconds * self._rate_hz
        if self._least > drifted + JITTER_S * self._rate_hz:
            return round(self._least - self._baseline)
        self._baseline = min(self._least, drifted)
        return 0
