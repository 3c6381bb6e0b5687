"""Automatic gain: high enough for sensitivity, low enough not to clip.

An 8-bit converter adds quantisation noise. Gain that lifts the antenna's noise well above it is
enough: more gain does not add sensitivity, and clips sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.sdrd.receivers.iq_receiver import nearest_db

CLIPS_AT = 127.0 / 127.5  # of full scale on either rail: the first and the last of 256 codes
MAX_CLIPPED = 1e-4  # of the samples
# Rounding to 8 bits adds noise of -50 dBFS over the whole capture (variance of 1/12 step² on each
# rail), or -45 dBFS with a constant input. At 10 dB above it, it costs 0.4 dB.
MIN_FLOOR_DBFS = -40.0
MAX_FLOOR_DBFS = -28.0  # above, gain only costs headroom
MAX_POWER_DBFS = -12.0  # of everything received: the peaks of seven carriers add up
SETTLE_S = 2  # measurements ignored after a step
STEADY_S = 3  # consecutive measurements that ask for the same step
HOLD_S = 600  # after clipping, the gain that clipped is not used

_POINTS = 1024  # of a spectrum
_USED = 0.8  # of its width: the receiver's filter attenuates the edges
_FLOOR_QUANTILE = 0.3  # of the points: between and beside the channels


@dataclass(frozen=True, slots=True)
class GainReading:
    """Measurements of some samples. Full scale is a carrier of amplitude 1."""

    clipped: float  # share of the samples, 0 to 1
    power_dbfs: float  # of everything
    floor_dbfs: float  # noise over the whole capture, measured between the channels


def measure(iq: NDArray[np.complex64]) -> GainReading:
    """Measure samples, shape (n,), n ≥ 1024; DC is included."""
    rails = np.abs(np.ascontiguousarray(iq).view(np.float32))
    clipped = np.count_nonzero(rails >= CLIPS_AT) / iq.size
    rows = iq[: iq.size // _POINTS * _POINTS].reshape(-1, _POINTS)[:32]
    window = np.hanning(_POINTS).astype(np.float32)
    density = np.mean(np.abs(np.fft.fft(rows * window)) ** 2, axis=0)
    inner = np.sort(np.fft.fftshift(density)[round(_POINTS * (1 - _USED) / 2) :][: _inner()])
    floor = float(inner[int(_FLOOR_QUANTILE * inner.size)]) / float((window**2).sum())
    power = float(np.mean(rails**2)) * 2
    return GainReading(min(1.0, clipped), _dbfs(power), _dbfs(floor))


def _inner() -> int:
    return round(_POINTS * _USED)


def _dbfs(power: float) -> float:
    return 10 * float(np.log10(max(power, 1e-12)))


class AutoGain:
    """Measurements in, one a second; gain steps out. Pure.

    A step needs three consecutive measurements in its direction; the two after it are ignored. "Too
    low" and "too high" are 12 dB apart, more than any step, and a gain that clipped is not used for
    ten minutes. So the gain settles.
    """

    def __init__(self, gains_db: Sequence[float], gain_db: float | None = None) -> None:
        """
        Args:
            gains_db: of the tuner, ascending, at least one.
            gain_db: to begin with; None: the middle one.
        """
        self._gains_db = tuple(gains_db)
        begin_db = self._gains_db[len(self._gains_db) // 2] if gain_db is None else gain_db
        self.gain_db = nearest_db(self._gains_db, begin_db)
        self._asked = 0  # consecutive requests: > 0 for more gain, < 0 for less
        self._settling = SETTLE_S
        self._ceiling_db: float | None = None  # the gain that clipped
        self._hold = 0  # seconds for which the ceiling still applies

    def step(
        self, reading: GainReading, may_step: Callable[[], bool] = lambda: True
    ) -> float | None:
        """Take a second's measurement; gives the gain to set now, None for no change.

        Args:
            may_step: called before a step; False: not now, the step is tried again next second.
        """
        self._hold = max(0, self._hold - 1)
        if not self._hold:
            self._ceiling_db = None
        if self._settling:
            self._settling -= 1
            return None
        step_db = self._step_db(reading)
        same = step_db != 0 and (step_db > 0) == (self._asked > 0)
        self._asked = (self._asked if same else 0) + (1 if step_db > 0 else -1 if step_db else 0)
        if abs(self._asked) < STEADY_S:
            return None
        chosen_db = self._chosen_db(step_db)
        if chosen_db != self.gain_db and not may_step():
            return None
        self._asked = 0
        if reading.clipped > MAX_CLIPPED:
            self._ceiling_db, self._hold = self.gain_db, HOLD_S
        if chosen_db == self.gain_db:
            return None
        self.gain_db, self._settling = chosen_db, SETTLE_S
        return chosen_db

    def _step_db(self, reading: GainReading) -> float:
        """By how much the gain should change; 0: not at all."""
        if reading.clipped > MAX_CLIPPED:
            return -6.0
        if reading.power_dbfs > MAX_POWER_DBFS + 3:
            return MAX_POWER_DBFS - reading.power_dbfs
        if reading.floor_dbfs > MAX_FLOOR_DBFS:
            return MIN_FLOOR_DBFS + 3 - reading.floor_dbfs
        if reading.floor_dbfs < MIN_FLOOR_DBFS:
            room_db = MAX_POWER_DBFS - reading.power_dbfs
            return max(0.0, min(MIN_FLOOR_DBFS + 3 - reading.floor_dbfs, room_db))
        return 0.0

    def _chosen_db(self, step_db: float) -> float:
        """The tuner's gain in that direction, no farther than the step where there is a choice."""
        if step_db < 0:
            lower = [db for db in self._gains_db if db < self.gain_db]
            far = [db for db in lower if db <= self.gain_db + step_db]
            return far[-1] if far else lower[0] if lower else self.gain_db
        limit_db = self.gain_db + step_db
        higher = [
            db
            for db in self._gains_db
            if self.gain_db < db <= limit_db and (self._ceiling_db is None or db < self._ceiling_db)
        ]
        return higher[-1] if higher else self.gain_db
