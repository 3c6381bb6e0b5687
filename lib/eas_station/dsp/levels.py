"""How well each channel is heard, once a second.

An FM carrier of amplitude A has a constant envelope and noise has not: with p the power of a
sample, A⁴ = 2·mean(p)² − mean(p²) (the second and fourth moments). So the noise of a channel is
known under its own signal, and another channel does not matter. Above about 27 dB a fully modulated
carrier is told too low: at the edges of its swing the channel filter takes away a little of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REFERENCE_BANDWIDTH_HZ = 16_000.0  # noise and SNR are told for it: Carson, 2·(5 + 3) kHz
CARRIER_SNR_DB = 0.0  # noise alone is judged below -5 dB

_LOWEST_DBFS = -120.0
_SNR_RANGE_DB = (-10.0, 70.0)
_SEGMENT_S = 0.005  # over which a peak-to-peak value is taken: one and a half cycles of 300 Hz
_PEAK_QUANTILE = 0.95  # of the segments: a click is no deviation


@dataclass(frozen=True, slots=True)
class Level:
    """One channel over one second. Full scale is a carrier of amplitude 1."""

    signal_dbfs: float  # power of the carrier
    noise_dbfs: float  # in `REFERENCE_BANDWIDTH_HZ`
    snr_db: float
    deviation_hz: float  # peak
    offset_hz: float  # of the carrier from the channel's frequency
    carrier_present: bool


class LevelMeter:
    """Channels and their demodulated frequency in, one Level per channel and second out."""

    def __init__(self, channels: int, rate_hz: int, noise_bandwidth_hz: float) -> None:
        """Args: noise_bandwidth_hz: of the filter that the channels went through."""
        self._power = np.zeros((channels, rate_hz), dtype=np.float32)
        self._frequency = np.zeros((channels, rate_hz), dtype=np.float32)
        self._filled = 0
        self._bandwidth_ratio = REFERENCE_BANDWIDTH_HZ / noise_bandwidth_hz
        self._segment = round(rate_hz * _SEGMENT_S)

    def feed(
        self, baseband: NDArray[np.complex64], frequency_hz: NDArray[np.float32]
    ) -> list[tuple[Level, ...]]:
        """Take the next samples, shape (channels, n) each, any n ≥ 0.

        Returns:
            The levels of each second that ended in this block, oldest first; usually none.
        """
        seconds = []
        at = 0
        while at < baseband.shape[1]:
            count = min(baseband.shape[1] - at, self._power.shape[1] - self._filled)
            here, there = slice(self._filled, self._filled + count), slice(at, at + count)
            self._power[:, here] = baseband.real[:, there] ** 2 + baseband.imag[:, there] ** 2
            self._frequency[:, here] = frequency_hz[:, there]
            self._filled += count
            at += count
            if self._filled == self._power.shape[1]:
                channels = zip(self._power, self._frequency, strict=True)
                seconds.append(tuple(self._measure(*channel) for channel in channels))
                self._filled = 0
        return seconds

    def _measure(self, power: NDArray[np.float32], frequency_hz: NDArray[np.float32]) -> Level:
        mean = float(power.mean(dtype=np.float64))
        mean_square = float(np.square(power).mean(dtype=np.float64))
        carrier = max(0.0, 2 * mean**2 - mean_square) ** 0.5
        noise = max(0.0, mean - carrier) * self._bandwidth_ratio
        offset_hz = float(frequency_hz.mean(dtype=np.float64))
        return level(carrier, noise, self._deviation_hz(frequency_hz), offset_hz)

    def _deviation_hz(self, frequency_hz: NDArray[np.float32]) -> float:
        whole = frequency_hz.size // self._segment * self._segment
        segments = frequency_hz[:whole].reshape(-1, self._segment)
        peaks = np.sort(segments.max(axis=1) - segments.min(axis=1))
        return float(peaks[int(_PEAK_QUANTILE * peaks.size)]) / 2


def level(carrier: float, noise: float, deviation_hz: float, offset_hz: float) -> Level:
    """A Level out of the powers of carrier and noise; what cannot be told is held to a floor."""
    signal_dbfs, noise_dbfs = _dbfs(carrier), _dbfs(noise)
    snr_db = float(np.clip(signal_dbfs - noise_dbfs, *_SNR_RANGE_DB))
    carrier_present = snr_db >= CARRIER_SNR_DB and signal_dbfs > _LOWEST_DBFS
    return Level(signal_dbfs, noise_dbfs, snr_db, deviation_hz, offset_hz, carrier_present)


def _dbfs(power: float) -> float:
    floor = 10 ** (_LOWEST_DBFS / 10)
    return float(10 * np.log10(max(power, floor)))
