"""The SAME modem's constants and its matched filters.

One bit is 1.92 ms; mark is four cycles of it and space three (47 CFR 11.31(a)(1)). At 6250 Hz, the
modem's own rate, a bit is 12 samples, mark repeats every 3 and space every 4: a matched filter is
a small matrix, and so are filters at every twelfth of a bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Baseband, Real
from eas_station.dsp.arrays.fir import Band
from eas_station.dsp.arrays.matrix_products import product

BAUD_HZ = 3125 / 6  # 520.83 bits a second, 47 CFR 11.31(a)(1)
MARK_HZ = 4 * BAUD_HZ  # 2083.3 Hz, a one
SPACE_HZ = 3 * BAUD_HZ  # 1562.5 Hz, a zero
MODEM_RATE_HZ = 6250.0
BIT = 12  # samples per bit at MODEM_RATE_HZ
MODEM_BAND = Band(low_hz=620.0, high_hz=3125.0, transition_hz=850.0)
TINY = 1e-18  # keeps the ratio of two empty powers at zero


def bits(data: bytes) -> Real:
    """The bits of these bytes in the order sent, least significant first, as +1 and −1."""
    ones = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return 2 * ones.astype(np.float32) - 1


class ToneBank:
    """Matched filters of both tones for bits that begin at given twelfths of the bit grid.

    Phases are referred to the sample count: the same tone has the same phase in every window.
    """

    def __init__(self, offsets: tuple[int, ...]) -> None:
        self.offsets = offsets
        columns = [_column(tone, offset) for tone in (3, 4) for offset in offsets]
        stacked = np.array(columns).T  # (2 * BIT, tones * offsets), complex
        parts = np.concatenate([stacked.real, stacked.imag], axis=1).astype(np.float32)
        self._here, self._next = parts[:BIT].copy(), parts[BIT:].copy()

    def correlate(self, frames: Real) -> tuple[Real, Real]:
        """Real and imaginary parts, (…, n, 2, offsets), of frames (…, n + 1, BIT) of the input."""
        out = product(frames[..., :-1, :], self._here)
        out += product(frames[..., 1:, :], self._next)
        parts = out.reshape(*out.shape[:-1], 2, 2, len(self.offsets))
        return parts[..., 0, :, :], parts[..., 1, :, :]

    def soft(self, frames: Real) -> Real:
        """(mark − space) / (mark + space) power, (…, n * offsets): +1 surely one, −1 zero."""
        re, im = self.correlate(frames)
        power = re * re
        power += im * im
        mark, space = power[..., 0, :], power[..., 1, :]
        ratio = (mark - space) / (mark + space + np.float32(TINY))
        return np.asarray(ratio.reshape(*ratio.shape[:-2], -1), np.float32)

    def phasors(self, frames: Real, at: NDArray[np.floating[Any]]) -> Baseband:
        """Complex filter outputs (2, m), mark and space, of bits that begin at these places.

        Args:
            at: in units of the offsets' spacing, 0 to n * offsets − 1; interpolated linearly.
        """
        spaced = len(self.offsets)
        left = np.minimum(at.astype(np.intp), (frames.shape[0] - 1) * spaced - 2)
        share = (at - left).astype(np.float32)
        re, im = self.correlate(frames)
        out = np.empty((2, len(at)), np.complex64)
        for part, values in ((out.real, re), (out.imag, im)):
            for tone in range(2):
                row = values[:, tone].ravel()
                part[tone] = row[left] * (1 - share) + row[left + 1] * share
        return out


def _column(period: int, offset: int) -> Baseband:
    """One filter over two bits of input: a tone of `period` samples a cycle, from `offset` on."""
    n = np.arange(2 * BIT)
    inside = (n >= offset) & (n < offset + BIT)
    column: Baseband = np.where(inside, np.exp(-2j * np.pi * n / period), 0)
    return column
