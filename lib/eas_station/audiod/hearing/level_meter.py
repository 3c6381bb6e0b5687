"""The audio level of each channel, twice a second, and the duration of silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PERIOD_S = 0.5
SILENCE_DBFS = -60.0
SILENT_AFTER_S = 5.0  # pauses in speech are shorter
FLOOR_DBFS = -100.0  # below the least significant of 16 bits


@dataclass(frozen=True, slots=True)
class AudioMeasurement:
    """One channel over the last half second."""

    rms_dbfs: float
    peak_dbfs: float
    silent_s: float  # time below the threshold so far; 0.0: above it

    @property
    def silent(self) -> bool:
        """Whether the silence is longer than a pause in speech."""
        return self.silent_s >= SILENT_AFTER_S


class AudioLevelMeter:
    """Measures all channels side by side. A sine at full scale is −3 dBFS RMS, 0 dBFS peak."""

    def __init__(self, channels: int) -> None:
        self._power = np.zeros(channels)
        self._peak = np.zeros(channels, dtype=np.float32)
        self._silent_s = np.zeros(channels)
        self._count = 0

    def feed(self, samples: NDArray[np.float32], rate_hz: int) -> tuple[AudioMeasurement, ...]:
        """Take the next samples, shape (channels, n); gives one level per channel each period.

        A block longer than a period is measured as one.
        """
        self._power += np.einsum("cn,cn->c", samples, samples, dtype=np.float64)
        peak = np.maximum(samples.max(axis=1, initial=0.0), -samples.min(axis=1, initial=0.0))
        self._peak = np.maximum(self._peak, peak)
        self._count += samples.shape[1]
        if self._count < PERIOD_S * rate_hz:
            return ()
        return self._read(self._count / rate_hz)

    def _read(self, seconds: float) -> tuple[AudioMeasurement, ...]:
        rms_dbfs = _dbfs(np.sqrt(self._power / self._count))
        peak_dbfs = _dbfs(self._peak)
        self._silent_s = np.where(rms_dbfs < SILENCE_DBFS, self._silent_s + seconds, 0.0)
        self._power[:] = 0
        self._peak[:] = 0
        self._count = 0
        return tuple(
            AudioMeasurement(round(float(rms), 1), round(float(peak), 1), float(silent_s))
            for rms, peak, silent_s in zip(rms_dbfs, peak_dbfs, self._silent_s, strict=True)
        )


def _dbfs(amplitude: NDArray[np.floating]) -> NDArray[np.float64]:
    lowest = 10 ** (FLOOR_DBFS / 20)
    return np.asarray(20 * np.log10(np.maximum(np.nan_to_num(amplitude), lowest)))
