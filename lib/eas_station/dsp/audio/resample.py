"""A polyphase resampler, computed as a few small matrix products.

After one period the input and the output grid coincide again. The outputs of a period are cut into
groups of at most 25; each group is the product of one window of the input with a matrix. In numpy
this is many times faster than gathering the taps of each output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eas_station.dsp.arrays.array_types import Real, windows
from eas_station.dsp.arrays.fir import Band

GROUP = 25  # outputs computed by one matrix product
MAX_PERIOD = 500  # outputs; a rate that needs more is approximated within 0.1 %


@dataclass(frozen=True, slots=True)
class _Group:
    """Consecutive outputs of a period, and the matrix that makes them from one input window."""

    first_input: int  # relative to the period's first input, counted in the padded buffer
    matrix: Real  # (window, outputs)


def step_between(rate_hz: float, target_hz: float) -> Fraction:
    """Input samples per output sample: a period has at most `MAX_PERIOD` outputs."""
    if rate_hz <= 0 or target_hz <= 0:
        raise ValueError("a sample rate must be positive")
    return Fraction(rate_hz / target_hz).limit_denominator(MAX_PERIOD)


class Resampler:
    """Samples at one rate in, the same signal within `band` at another rate out.

    Output i is the signal at input position `i * step`. There is no delay to correct, but the last
    outputs wait for the input that the filter needs after them. The output does not depend on how
    the input is cut into blocks.
    """

    def __init__(self, channels: int, rate_hz: float, target_hz: float, band: Band) -> None:
        self.channels = channels
        ratio = step_between(rate_hz, target_hz)
        self.step = float(ratio)
        """Input samples per output sample."""
        half = self._half = math.ceil(band.half_length_s * rate_hz)
        window = 2 * half + math.ceil(GROUP * ratio) + 2
        repeats = math.ceil(max(window / ratio.numerator, GROUP / ratio.denominator))
        self._period_in = ratio.numerator * repeats
        self._period_out = ratio.denominator * repeats
        self._groups = [
            _group(first, min(GROUP, self._period_out - first), ratio, half, rate_hz, band)
            for first in range(0, self._period_out, GROUP)
        ]
        self._tail = max(g.first_input + g.matrix.shape[0] for g in self._groups)
        self._waiting = np.zeros((channels, half), np.float32)

    def feed(self, block: Real) -> Real:
        """Take samples, shape (channels, n), any n; gives the complete ones, (channels, m)."""
        x = np.concatenate([self._waiting, block], axis=1)
        rows = max(0, (x.shape[1] - self._tail) // self._period_in + 1)
        self._waiting = x[:, rows * self._period_in :].copy()
        if not rows:
            return np.zeros((self.channels, 0), np.float32)
        out = np.empty((self.channels, rows, self._period_out), np.float32)
        first = 0
        for group in self._groups:
            width, outputs = group.matrix.shape
            inputs = windows(x, group.first_input, rows, self._period_in, width)
            np.matmul(inputs, group.matrix, out=out[:, :, first : first + outputs])
            first += outputs
        return out.reshape(self.channels, rows * self._period_out)

    def flush(self) -> Real:
        """The outputs that still wait, as if zeros followed."""
        wanted = math.ceil(max(0, self._waiting.shape[1] - self._half) / self.step)
        silence = np.zeros((self.channels, self._tail + self._period_in), np.float32)
        return self.feed(silence)[:, :wanted]


def _group(
    first: int, count: int, ratio: Fraction, half: int, rate_hz: float, band: Band
) -> _Group:
    places = [(first + i) * ratio for i in range(count)]
    first_input = math.floor(places[0])
    width = math.floor(places[-1]) - first_input + 2 * half + 1
    at = np.arange(width)[:, None] - half - np.array([float(p - first_input) for p in places])
    matrix = band.impulse(at / rate_hz) / rate_hz
    return _Group(first_input, np.ascontiguousarray(matrix, dtype=np.float32))
