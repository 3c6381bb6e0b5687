"""The crystal's error, corrected slowly: broadcasting stations are right, our crystal is not."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable

WINDOW_S = 30  # seconds over which the median is taken
FIRST_S = 10  # the first time: nobody has been listening for long
HEARD_LEAST = 0.6  # of those seconds there must have been a carrier
WORTH_PPM = 1.0  # 160 Hz at 162 MHz; below, a step would only disturb
MOST_PPM = 200


class AutoPpm:
    """Errors across channels in, one a second; whole corrections out. Pure.

    A correction leaves at most half a millionth, and one is made from a whole one on: in between
    nothing moves. While no carrier is heard the correction stays.
    """

    def __init__(self, ppm: int = 0, is_known: bool = False) -> None:
        """
        Args:
            ppm: the correction so far; positive: the crystal runs fast.
            is_known: it was measured before, so there is no hurry.
        """
        self.ppm = ppm
        self._errors: deque[float | None] = deque(maxlen=WINDOW_S)
        self._needed = WINDOW_S if is_known else FIRST_S

    def step(
        self, error_ppm: float | None, may_step: Callable[[], bool] = lambda: True
    ) -> int | None:
        """Take a second's measurement; gives the correction to be set now, None: as it is.

        Args:
            error_ppm: by how many millionths carriers appear too high; None: no carrier.
            may_step: is asked before a step; False: it would disturb, ask again next second.
        """
        self._errors.append(error_ppm)
        heard = [error for error in self._errors if error is not None]
        if len(self._errors) < self._needed or len(heard) < HEARD_LEAST * len(self._errors):
            return None
        error = statistics.median(heard)
        if abs(error) < WORTH_PPM:
            return None
        # A crystal that runs slow tunes too low: then carriers appear too high.
        corrected = max(-MOST_PPM, min(MOST_PPM, self.ppm - round(error)))
        if corrected != self.ppm and not may_step():
            return None
        self._errors.clear()
        self._needed = WINDOW_S
        if corrected == self.ppm:
            return None
        self.ppm = corrected
        return corrected
