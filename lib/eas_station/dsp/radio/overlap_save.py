"""One wide capture → channels at any rate: a bank by fast convolution.

A Fourier transform of 16 ms of the capture has bins 62.5 Hz apart, whatever the rate. The bins
round a channel, weighted with the channel filter, transformed back are that channel at a lower
rate. A sixteenth of each transform overlaps the one before (overlap-save).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eas_station.dsp.arrays.array_types import Baseband
from eas_station.dsp.radio.raster import RATE_STEP_HZ, STOPBAND_DB, demand_reachable, lowpass

SPAN = 16  # ms of one transform: 16 samples for every kHz of the rate
OVERLAP = 1  # ms of it that the one before has had: the longest impulse response
TRANSITION_HZ = 5_000.0  # of a filter so long
BINS_PER_HZ = SPAN / RATE_STEP_HZ


class OverlapSaveBank:
    """IQ in, the complex baseband of every channel out, at `channel_rate_hz`.

    A carrier of amplitude 1 gives a channel of amplitude 1. The output is late by half the filter,
    which is 0.5 ms, and comes 15 ms at a time.
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
            cutoff_hz: of the channel filter, −6 dB. Stopped from `TRANSITION_HZ` beyond.
        Raises:
            ValueError: the channels cannot be reached.
        """
        width_hz = min(channel_rate_hz, round(2 * (cutoff_hz + TRANSITION_HZ)))
        demand_reachable(rate_hz, center_hz, channels_hz, width_hz)
        step = rate_hz // RATE_STEP_HZ
        self._size, self._hop = SPAN * step, (SPAN - OVERLAP) * step
        self._width = SPAN * (channel_rate_hz // RATE_STEP_HZ)
        self._kept = self._width // SPAN * OVERLAP
        self.iq_samples = self._hop
        """Of the capture that come out together."""
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
        self._at = 0  # hops made, modulo 16: then all phases are back at zero
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
