"""The tuner's gain, chosen by what the converter shows: neither clipping nor deaf.

An 8-bit converter has noise of its own. Gain that lifts the noise from the antenna well above it
is enough: more hears nothing more, and clips sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLIPS_AT = 127.0 / 127.5  # of full scale, on either rail: the first and the last of 256 codes
CLIPPED_MOST = 1e-4  # of the samples
# Rounding to 8 bits makes -50 dBFS of noise over the whole capture (1/12 square step on each rail),
# or -45 where nothing moves it. 10 dB above it, it costs 0.4 dB.
FLOOR_LEAST_DBFS = -40.0
FLOOR_MOST_DBFS = -28.0  # by then gain only takes headroom
POWER_MOST_DBFS = -12.0  # of all that is received: seven carriers' peaks add up
SETTLE_S = 2  # seconds of measurements that are left out after a step
STEADY_S = 3  # as long must be asked for the same before a step
HOLD_S = 600  # after clipping, as long no more gain than did not clip

_POINTS = 1024  # of one spectrum
_USED = 0.8  # of its width: the receiver's own filter takes the edges away
_QUIETER = 0.3  # of the points lie between and beside the channels


@dataclass(frozen=True, slots=True)
class GainReading:
    """What one stretch of samples shows. Full scale is a carrier of amplitude 1."""

    clipped: float  # part of the samples, 0 to 1
    power_dbfs: float  # of everything
    floor_dbfs: float  # of the noise over the whole capture, seen between the channels


def gain_reading(iq: NDArray[np.complex64]) -> GainReading:
    """Measure the next samples, shape (n,), n ≥ 1024, DC and all."""
    rails = np.abs(np.ascontiguousarray(iq).view(np.float32))
    clipped = np.count_nonzero(rails >= CLIPS_AT) / iq.size
    rows = iq[: iq.size // _POINTS * _POINTS].reshape(-1, _POINTS)[:32]
    window = np.hanning(_POINTS).astype(np.float32)
    density = np.mean(np.abs(np.fft.fft(rows * window)) ** 2, axis=0)
    inner = np.sort(np.fft.fftshift(density)[round(_POINTS * (1 - _USED) / 2) :][: _inner()])
    floor = float(inner[int(_QUIETER * inner.size)]) / float((window**2).sum())
    power = float(np.mean(rails**2)) * 2
    return GainReading(min(1.0, clipped), _dbfs(power), _dbfs(floor))


def _inner() -> int:
    return round(_POINTS * _USED)


def _dbfs(power: float) -> float:
    return 10 * float(np.log10(max(power, 1e-12)))


class AutoGain:
    """Soundings in, one a second; steps of the gain out. Pure.

    One way is asked for three seconds running before a step; after it two are left out. Between
    "too little" and "too much" lie 12 dB, more than any step, and a gain that clipped is not tried
    again for ten minutes: so it comes to rest.
    """

    def __init__(self, gains_db: Sequence[float], gain_db: float | None = None) -> None:
        """
        Args:
            gains_db: what the tuner has, ascending, at least one.
            gain_db: where to begin; None: in the middle.
        """
        self._gains_db = tuple(gains_db)
        begin_db = self._gains_db[len(self._gains_db) // 2] if gain_db is None else gain_db
        self.gain_db = nearest_db(self._gains_db, begin_db)
        self._asked = 0  # how long for the same way: > 0 more gain, < 0 less
        self._settling = SETTLE_S
        self._ceiling_db: float | None = None  # clipped here
        self._hold = 0  # seconds that the ceiling still holds

    def step(self, heard: GainReading, may_step: Callable[[], bool] = lambda: True) -> float | None:
        """Take a second's measurement; gives the gain to be set now, None: as it is.

        Args:
            may_step: is asked before a step; False: it would disturb, ask again next second.
        """
        self._hold = max(0, self._hold - 1)
        if not self._hold:
            self._ceiling_db = None
        if self._settling:
            self._settling -= 1
            return None
        way_db = self._way_db(heard)
        same = way_db != 0 and (way_db > 0) == (self._asked > 0)
        self._asked = (self._asked if same else 0) + (1 if way_db > 0 else -1 if way_db else 0)
        if abs(self._asked) < STEADY_S:
            return None
        chosen_db = self._chosen_db(way_db)
        if chosen_db != self.gain_db and not may_step():
            return None
        self._asked = 0
        if heard.clipped > CLIPPED_MOST:
            self._ceiling_db, self._hold = self.gain_db, HOLD_S
        if chosen_db == self.gain_db:
            return None
        self.gain_db, self._settling = chosen_db, SETTLE_S
        return chosen_db

    def _way_db(self, heard: GainReading) -> float:
        """By how much the gain should change; 0: it is right."""
        if heard.clipped > CLIPPED_MOST:
            return -6.0
        if heard.power_dbfs > POWER_MOST_DBFS + 3:
            return POWER_MOST_DBFS - heard.power_dbfs
        if heard.floor_dbfs > FLOOR_MOST_DBFS:
            return FLOOR_LEAST_DBFS + 3 - heard.floor_dbfs
        if heard.floor_dbfs < FLOOR_LEAST_DBFS:
            room_db = POWER_MOST_DBFS - heard.power_dbfs
            return max(0.0, min(FLOOR_LEAST_DBFS + 3 - heard.floor_dbfs, room_db))
        return 0.0

    def _chosen_db(self, way_db: float) -> float:
        """The tuner's gain that goes that way, no farther than asked where there is a choice."""
        if way_db < 0:
            lower = [db for db in self._gains_db if db < self.gain_db]
            far = [db for db in lower if db <= self.gain_db + way_db]
            return far[-1] if far else lower[0] if lower else self.gain_db
        limit_db = self.gain_db + way_db
        higher = [
            db
            for db in self._gains_db
            if self.gain_db < db <= limit_db and (self._ceiling_db is None or db < self._ceiling_db)
        ]
        return higher[-1] if higher else self.gain_db


def nearest_db(gains_db: Sequence[float], gain_db: float) -> float:
    """The tuner's gain that is nearest to the one wished for."""
    return min(gains_db, key=lambda db: abs(db - gain_db))
