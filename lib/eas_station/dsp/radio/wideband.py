"""One capture → mono audio and levels of FM broadcast stations, such as LP-1 and LP-2.

The mono sum occupies the multiplex up to 15 kHz; the pilot is at 19 kHz, stereo and data above
(47 CFR 73.322). The audio rate keeps the sum up to 11 kHz, which contains all of SAME.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Baseband, Real
from eas_station.dsp.arrays.fir import Band
from eas_station.dsp.audio.resample import Resampler
from eas_station.dsp.radio.fm import FilterBank
from eas_station.dsp.radio.iq import DcRemover
from eas_station.dsp.radio.narrowband import ChannelAudio
from eas_station.dsp.radio.overlap_save import OverlapSaveBank
from eas_station.dsp.radio.raster import CHANNEL_RATE_HZ
from eas_station.dsp.radio.signal_levels import ChannelLevelMeter

STATION_RATE_HZ = 250_000
CUTOFF_HZ = 100_000.0  # of the station filter: Carson, 2·(75 + 15) kHz; stations are 200 kHz apart
DEVIATION_HZ = 75_000.0  # 47 CFR 73.1570
FULL_SCALE_HZ = 100_000.0  # audio of ±1.0
EMPHASIS_S = 75e-6  # 47 CFR 73.317(e)
AUDIO = Band(low_hz=0.0, high_hz=10_500.0, transition_hz=4_000.0, stop_db=70.0)
HOPS = 6  # transforms per frame: 90 ms

_EMPHASIS_TAPS = 101
_OFFSET_FRAMES = 30  # in the mean of the carrier's offset


def de_emphasis_taps(rate_hz: float) -> NDArray[np.float64]:
    """A linear-phase filter with the gain of a 75 µs network."""
    half = _EMPHASIS_TAPS // 2
    grid = 16 * _EMPHASIS_TAPS
    at_hz = np.fft.rfftfreq(grid, 1 / rate_hz)
    gain = 1 / np.sqrt(1 + (2 * np.pi * at_hz * EMPHASIS_S) ** 2)
    impulse = np.roll(np.fft.irfft(gain, grid), half)[:_EMPHASIS_TAPS]
    taps: NDArray[np.float64] = impulse * np.hamming(_EMPHASIS_TAPS)
    unit_gain: NDArray[np.float64] = taps / taps.sum()
    return unit_gain


class Wideband:
    """Frames of IQ in, audio out. Raises ValueError for stations out of reach."""

    def __init__(
        self, rate_hz: int, center_hz: int, stations_hz: Sequence[int], with_snr: bool = False
    ) -> None:
        """Args: with_snr: measure the SNR of every frame, for a squelch."""
        self._with_snr = with_snr
        self._bank = OverlapSaveBank(rate_hz, center_hz, stations_hz, STATION_RATE_HZ, CUTOFF_HZ)
        stations = len(stations_hz)
        bandwidth_hz = self._bank.noise_bandwidth_hz
        self._meter = ChannelLevelMeter(stations, STATION_RATE_HZ, bandwidth_hz, bandwidth_hz)
        self._dc = DcRemover()
        self._last = np.zeros((stations, 1), np.complex64)
        self._resampler = Resampler(stations, STATION_RATE_HZ, CHANNEL_RATE_HZ, AUDIO)
        taps = de_emphasis_taps(CHANNEL_RATE_HZ)[np.newaxis] / FULL_SCALE_HZ
        self._de_emphasis = FilterBank(stations, taps)
        self._offset_hz = np.zeros((stations, 1), np.float32)
        self._frames = 0
        self.block_samples = HOPS * self._bank.iq_samples
        """IQ samples of one frame."""

    def feed(self, iq: Baseband) -> ChannelAudio:
        """Take a frame, shape (n,), any n ≥ 0; only the last one before a gap may be shorter."""
        baseband = self._bank.feed(self._dc.feed(iq))
        frequency_hz = self._frequency_hz(baseband)
        power = np.square(baseband.real) + np.square(baseband.imag)
        audio = self._resampler.feed(frequency_hz - self._offset(frequency_hz))
        return ChannelAudio(
            audio=self._de_emphasis.feed(audio)[0],
            snr_db=self._meter.snr_db(power) if self._with_snr else None,
            seconds=self._meter.feed(power, frequency_hz),
        )

    def _frequency_hz(self, baseband: Baseband) -> Real:
        line = np.concatenate((self._last, baseband), axis=1)
        self._last = line[:, -1:].copy()
        turned = np.conj(line[:, :-1])
        turned *= line[:, 1:]
        frequency: Real = np.arctan2(turned.imag, turned.real)
        return frequency * np.float32(STATION_RATE_HZ / (2 * np.pi))

    def _offset(self, frequency_hz: Real) -> Real:
        """The carrier's offset from the station's frequency: the mean of the last seconds."""
        if frequency_hz.shape[1]:
            self._frames = min(self._frames + 1, _OFFSET_FRAMES)
            mean = frequency_hz.mean(axis=1, keepdims=True)
            self._offset_hz += (mean - self._offset_hz) / np.float32(self._frames)
        return self._offset_hz
