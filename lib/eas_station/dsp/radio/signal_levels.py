"""Carrier, noise, deviation and frequency offset of FM channels, once a second.

The envelope of an FM carrier is constant, that of noise is not. With p the power of a sample and A
the carrier's amplitude, the second and fourth moments give (M2M4 estimator)

    A⁴ = 2·mean(p)² − mean(p²),    noise = mean(p) − A².

The noise is measured beneath the channel's own signal. The channel filter removes the outermost
sidebands of a fully modulated carrier, which looks like noise 27 to 40 dB down. In a strong channel
the noise is therefore that of the quietest tenth of the second: speech pauses often enough. Only
during a continuous tone is the SNR of a strong channel underestimated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Precise, Real

REFERENCE_BANDWIDTH_HZ = 16_000.0  # of noise and SNR: Carson, 2·(5 + 3) kHz
CARRIER_SNR_DB = 0.0  # noise alone measures below −5 dB
STRONG_SNR_DB = 18.0  # above, sidebands matter, and a tenth of a second is enough

POWER_STEP = 2  # the channel filter correlates neighbouring samples: every second one is used

_LOWEST_DBFS = -120.0
_SNR_RANGE_DB = (-10.0, 70.0)
_SEGMENT_S = 0.005  # of a peak-to-peak value: 1.5 cycles of 300 Hz
_PARTS = 10  # of a second, of which the quietest is used
_SMOOTHING_S, _SMOOTHING_HZ = 0.0003, 5_500.0  # length and edge of the filter before the peaks
_PEAK_QUANTILE = 0.95  # of the segments: excludes clicks


@dataclass(frozen=True, slots=True)
class ChannelLevel:
    """One channel over one second. Full scale is a carrier of amplitude 1."""

    signal_dbfs: float  # power of the carrier
    noise_dbfs: float  # in `REFERENCE_BANDWIDTH_HZ`; of an FM station, in its own 200 kHz
    snr_db: float
    deviation_hz: float  # peak
    offset_hz: float  # of the carrier from the channel's frequency
    carrier_present: bool


class ChannelLevelMeter:
    """Power and frequency of channels in, one `ChannelLevel` per channel and second out."""

    def __init__(
        self,
        channels: int,
        rate_hz: int,
        noise_bandwidth_hz: float,
        reported_for_hz: float = REFERENCE_BANDWIDTH_HZ,
    ) -> None:
        """
        Args:
            noise_bandwidth_hz: of the channel filter.
            reported_for_hz: the bandwidth for which noise is reported.
        """
        self._power = np.zeros((channels, rate_hz // POWER_STEP), dtype=np.float32)
        self._frequency = np.zeros((channels, rate_hz), dtype=np.float32)
        self._filled = 0
        self._bandwidth_ratio = reported_for_hz / noise_bandwidth_hz
        self._segment = round(rate_hz * _SEGMENT_S)
        self._smoothing = smoothing_taps(rate_hz)

    def feed(self, power: Real, frequency_hz: Real) -> list[tuple[ChannelLevel, ...]]:
        """Take the next samples, shape (channels, n) each, any n ≥ 0.

        Args:
            power: of the baseband.
            frequency_hz: from the discriminator.
        Returns:
            The levels of each second that ended in this block, oldest first; usually none.
        """
        seconds = []
        at = 0
        while at < power.shape[1]:
            count = min(power.shape[1] - at, self._frequency.shape[1] - self._filled)
            self._fill(power[:, at : at + count], frequency_hz[:, at : at + count])
            at += count
            if self._filled == self._frequency.shape[1]:
                channels = zip(self._power, self._frequency, strict=True)
                seconds.append(tuple(self._measure(*channel) for channel in channels))
                self._filled = 0
        return seconds

    def snr_db(self, power: Real) -> NDArray[np.float64]:
        """A rough SNR of these samples, one per channel."""
        carrier, noise = carrier_and_noise(power)
        ratio = carrier / np.maximum(noise * self._bandwidth_ratio, 1e-12)
        decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(ratio, 1e-12))
        return decibels

    def _fill(self, power: Real, frequency_hz: Real) -> None:
        end = self._filled + power.shape[1]
        self._frequency[:, self._filled : end] = frequency_hz
        looked = power[:, -self._filled % POWER_STEP :: POWER_STEP]
        first = -(-self._filled // POWER_STEP)
        self._power[:, first : first + looked.shape[1]] = looked
        self._filled = end

    def _measure(self, power: Real, frequency_hz: Real) -> ChannelLevel:
        carrier, noise = carrier_and_noise(power)
        ratio = self._bandwidth_ratio
        if carrier > noise * ratio * 10 ** (STRONG_SNR_DB / 10):
            noise = carrier_and_noise(power.reshape(_PARTS, -1))[1].min()
            carrier = power.mean(dtype=np.float64) - noise
        offset_hz = float(frequency_hz.mean(dtype=np.float64))
        deviation_hz = self._deviation_hz(frequency_hz)
        return level(float(carrier), float(noise) * ratio, deviation_hz, offset_hz)

    def _deviation_hz(self, frequency_hz: Real) -> float:
        """Of three tenths of the second: enough for a quantile."""
        parts = frequency_hz.reshape(_PARTS, -1)[::4]
        count = parts.shape[1] - self._smoothing.size + 1
        smooth = parts[:, :count] * self._smoothing[0]
        for at, tap in enumerate(self._smoothing[1:], 1):
            smooth += parts[:, at : at + count] * tap
        whole = smooth.shape[1] // self._segment * self._segment
        segments = smooth[:, :whole].reshape(-1, self._segment)
        peaks = np.sort(segments.max(axis=1) - segments.min(axis=1))
        return float(peaks[int(_PEAK_QUANTILE * peaks.size)]) / 2


def smoothing_taps(rate_hz: float) -> Real:
    """A short low-pass that removes noise above the audio, flat to 3 kHz."""
    half = round(rate_hz * _SMOOTHING_S / 2)
    n = np.arange(-half, half + 1)
    taps = np.sinc(2 * _SMOOTHING_HZ / rate_hz * n) * np.hamming(n.size + 2)[1:-1]
    unit_gain: Real = (taps / taps.sum()).astype(np.float32)
    return unit_gain


def carrier_and_noise(power: Real) -> tuple[Precise, Precise]:
    """The powers of carrier and noise from the power of each sample, (…, n) → (…) each."""
    mean = power.mean(axis=-1, dtype=np.float64)
    mean_square = np.einsum("...n,...n->...", power, power) / power.shape[-1]
    carrier = np.sqrt(np.maximum(0.0, 2 * mean**2 - mean_square))
    return carrier, np.maximum(0.0, mean - carrier)


def level(carrier: float, noise: float, deviation_hz: float, offset_hz: float) -> ChannelLevel:
    """A `ChannelLevel` from the powers of carrier and noise, limited to the measurable range."""
    signal_dbfs, noise_dbfs = _dbfs(carrier), _dbfs(noise)
    snr_db = float(np.clip(signal_dbfs - noise_dbfs, *_SNR_RANGE_DB))
    carrier_present = snr_db >= CARRIER_SNR_DB and signal_dbfs > _LOWEST_DBFS
    return ChannelLevel(signal_dbfs, noise_dbfs, snr_db, deviation_hz, offset_hz, carrier_present)


def _dbfs(power: float) -> float:
    floor = 10 ** (_LOWEST_DBFS / 10)
    return float(10 * np.log10(max(power, floor)))
