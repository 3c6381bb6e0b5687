"""Automatic frequency correction: transmitters are accurate, the dongle's crystal is not."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable

WINDOW_S = 30  # of the median
FIRST_S = 10  # of the first correction
MIN_HEARD = 0.6  # share of the seconds with a carrier
MIN_STEP_PPM = 1.0  # 160 Hz at 162 MHz; a smaller step would only disturb
MAX_PPM = 200


class AutoPpm:
    """Frequency errors in, one a second; corrections in whole ppm out. Pure.

    A correction leaves an error of at most 0.5 ppm, and the next is made from 1 ppm on, so that it
    does not oscillate. Without a carrier the correction stays.
    """

    def __init__(self, ppm: int = 0, is_known: bool = False) -> None:
        """
        Args:
            ppm: the present correction; positive: the crystal runs fast.
            is_known: it was measured before: wait for a whole window.
        """
        self.ppm = ppm
        self._errors: deque[float | None] = deque(maxlen=WINDOW_S)
        self._needed = WINDOW_S if is_known else FIRST_S

    def step(
        self, error_ppm: float | None, may_step: Callable[[], bool] = lambda: True
    ) -> int | None:
        """Take a second's measurement; gives the correction to set now, None for no change.

        Args:
            error_ppm: frequency error of the carriers; None: no carrier.
            may_step: called before a step; False: not now, the step is tried again next second.
        """
        self._errors.append(error_ppm)
        heard = [error for error in self._errors if error is not None]
        if len(self._errors) < self._needed or len(heard) < MIN_HEARD * len(self._errors):
            return None
        error = statistics.median(heard)
        if abs(error) < MIN_STEP_PPM:
            return None
        # A crystal that runs slow tunes too low: carriers appear too high.
        corrected = max(-MAX_PPM, min(MAX_PPM, self.ppm - round(error)))
        if corrected != self.ppm and not may_step():
            return None
        self._errors.clear()
        self._needed = WINDOW_S
        if corrected == self.ppm:
            return None
        self.ppm = corrected
        return corrected
