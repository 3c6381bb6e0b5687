"""Windowed-sinc FIR filters (Kaiser window)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eas_station.dsp.arrays.array_types import Precise


@dataclass(frozen=True, slots=True)
class Band:
    """A linear-phase band-pass; with `low_hz` 0 a low-pass. The gain is one half at the edges."""

    low_hz: float
    high_hz: float
    transition_hz: float  # from full pass to full stop
    stop_db: float = 60.0

    @property
    def half_length_s(self) -> float:
        """Half the length of the impulse response; Kaiser: length = (A − 7.95) / (2.285 · Δω)."""
        return (self.stop_db - 7.95) / (2.285 * 2 * math.pi * self.transition_hz) / 2

    def impulse(self, at_s: Precise) -> Precise:
        """The impulse response at these times, per second; divided by the rate it gives taps."""
        ideal = 2 * self.high_hz * np.sinc(2 * self.high_hz * at_s)
        if self.low_hz > 0:
            ideal -= 2 * self.low_hz * np.sinc(2 * self.low_hz * at_s)
        window: Precise = ideal * _kaiser(at_s / self.half_length_s, self.stop_db)
        return window


def lowpass(taps: int, cutoff: float, stopband_db: float) -> Precise:
    """The taps of a linear-phase low-pass with unit gain at zero.

    Args:
        cutoff: the −6 dB frequency in cycles per sample, 0 to 0.5.
        stopband_db: attenuation, > 50.
    """
    n = np.arange(taps) - (taps - 1) / 2
    window = np.kaiser(taps, 0.1102 * (stopband_db - 8.7))
    impulse = np.sinc(2 * cutoff * n) * window
    unit_gain: Precise = impulse / impulse.sum()
    return unit_gain


def _kaiser(place: Precise, stop_db: float) -> Precise:
    """Kaiser's window; `place` is −1 at its start and 1 at its end, 0 outside."""
    beta = 0.1102 * (stop_db - 8.7) if stop_db > 50 else 0.5842 * (stop_db - 21) ** 0.4
    shape = np.i0(beta * np.sqrt(np.clip(1 - place**2, 0, 1))) / np.i0(np.array(beta))
    inside: Precise = np.where(np.abs(place) <= 1, shape, 0.0)
    return inside
