"""How well each channel is heard, once a second.

An FM carrier of amplitude A has a constant envelope and noise has not: with p the power of a
sample, A⁴ = 2·mean(p)² − mean(p²) (the second and fourth moments). So the noise of a channel is
known under its own signal, and another channel does not matter.
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
        self._baseband = np.zeros((channels, rate_hz), dtype=np.complex64)
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
            count = min(baseband.shape[1] - at, self._baseband.shape[1] - self._filled)
            here = slice(self._filled, self._filled + count)
            self._baseband[:, here] = baseband[:, at : at + count]
            self._frequency[:, here] = frequency_hz[:, at : at + count]
            self._filled += count
            at += count
            if self._filled == self._baseband.shape[1]:
                seconds.append(self._measure())
                self._filled = 0
        return seconds

    def _measure(self) -> tuple[Level, ...]:
        rails = self._baseband.view(np.float32)
        power = rails[:, 0::2] ** 2 + rails[:, 1::2] ** 2
        mean = power.mean(axis=1, dtype=np.float64)
        mean_square = np.einsum("cn,cn->c", power, power) / power.shape[1]
        carrier = np.sqrt(np.maximum(0.0, 2 * mean**2 - mean_square))
        noise = np.maximum(0.0, mean - carrier) * self._bandwidth_ratio
        offset = self._frequency.mean(axis=1, dtype=np.float64)
        return tuple(
            level(*row) for row in zip(carrier, noise, self._deviation(), offset, strict=True)
        )

    def _deviation(self) -> NDArray[np.float64]:
        whole = self._frequency.shape[1] // self._segment * self._segment
        segments = self._frequency[:, :whole].reshape(len(self._frequency), -1, self._segment)
        peaks = (segments.max(axis=2) - segments.min(axis=2)) / 2
        deviation: NDArray[np.float64] = np.quantile(peaks, _PEAK_QUANTILE, axis=1)
        return deviation


def level(carrier: float, noise: float, deviation_hz: float, offset_hz: float) -> Level:
    """A Level out of the powers of carrier and noise; what cannot be told is held to a floor."""
    signal_dbfs, noise_dbfs = _dbfs(carrier), _dbfs(noise)
    snr_db = float(np.clip(signal_dbfs - noise_dbfs, *_SNR_RANGE_DB))
    carrier_present = snr_db >= CARRIER_SNR_DB and signal_dbfs > _LOWEST_DBFS
    return Level(
        signal_dbfs, noise_dbfs, snr_db, float(deviation_hz), float(offset_hz), carrier_present
    )


def _dbfs(power: float) -> float:
    floor = 10 ** (_LOWEST_DBFS / 10)
    return float(10 * np.log10(max(power, floor)))
