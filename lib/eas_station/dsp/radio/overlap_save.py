"""A filter bank by fast convolution (overlap-save): one wide capture → channels at any rate.

A Fourier transform of 16 ms of the capture has bins 62.5 Hz apart at any rate. The bins around a
channel are multiplied by the channel filter's response; their inverse transform is the channel at a
lower rate. One sixteenth of each transform overlaps the one before and is discarded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eas_station.dsp.arrays.array_types import Baseband
from eas_station.dsp.arrays.fir import lowpass
from eas_station.dsp.radio.raster import RATE_STEP_HZ, STOPBAND_DB, require_reachable

SPAN = 16  # ms of a transform: 16 samples per kHz of the rate
OVERLAP = 1  # ms shared with the one before: the longest impulse response
TRANSITION_HZ = 5_000.0  # of a filter of that length
BINS_PER_HZ = SPAN / RATE_STEP_HZ


class OverlapSaveBank:
    """IQ in, the complex baseband of every channel out, at `channel_rate_hz`.

    A carrier of amplitude 1 gives a channel of amplitude 1. The output is delayed by half the
    filter, 0.5 ms, and is given 15 ms at a time.
    """

    def __init__(
        self,
        rate_hz: int,
        center_hz: int,
        channels_hz: Sequence[int],
        channel_rate_hz: int,
        cutoff_hz: float,
    ) -> None:
        """
        Args:
            cutoff_hz: of the channel filter, −6 dB; the stop band begins `TRANSITION_HZ` above.
        Raises:
            ValueError: channels out of reach.
        """
        width_hz = min(channel_rate_hz, round(2 * (cutoff_hz + TRANSITION_HZ)))
        require_reachable(rate_hz, center_hz, channels_hz, width_hz)
        step = rate_hz // RATE_STEP_HZ
        self._size, self._hop = SPAN * step, (SPAN - OVERLAP) * step
        self._width = SPAN * (channel_rate_hz // RATE_STEP_HZ)
        self._kept = self._width // SPAN * OVERLAP
        self.iq_samples = self._hop
        """Samples of the capture per transform."""
        bins = [round((channel - center_hz) * BINS_PER_HZ) for channel in channels_hz]
        around = np.fft.fftfreq(self._width, 1 / self._width).astype(np.intp)
        self._picked = (np.array(bins)[:, np.newaxis] + around) % self._size
        taps = lowpass(OVERLAP * step | 1, cutoff_hz / rate_hz, STOPBAND_DB)
        self.noise_bandwidth_hz = float((taps**2).sum()) * rate_hz
        scale = self._width / self._size
        self._response = (np.fft.fft(taps, self._size)[around] * scale).astype(np.complex64)
        starts = np.arange(SPAN) * (SPAN - OVERLAP) - OVERLAP  # of 16 transforms, in ms
        turns = np.outer(bins, starts) / SPAN
        self._phase = np.exp(-2j * np.pi * turns).astype(np.complex64)
        self._at = 0  # transforms modulo 16, after which all phases repeat
        self._waiting = np.zeros(self._size - self._hop, np.complex64)

    def feed(self, iq: Baseband) -> Baseband:
        """Take the next samples, shape (n,), any n ≥ 0 → shape (channels, m)."""
        waiting = np.concatenate((self._waiting, iq))
        hops = max(0, (waiting.size - self._size) // self._hop + 1)
        self._waiting = waiting[hops * self._hop :].copy()
        made = self._width - self._kept
        out = np.empty((len(self._picked), hops * made), np.complex64)
        for hop in range(hops):
            start = hop * self._hop
            spectrum = np.fft.fft(waiting[start : start + self._size]).astype(np.complex64)
            picked = spectrum[self._picked]
            picked *= self._response
            picked *= self._phase[:, self._at, np.newaxis]
            out[:, hop * made : (hop + 1) * made] = np.fft.ifft(picked, axis=1)[:, self._kept :]
            self._at = (self._at + 1) % SPAN
        return out
