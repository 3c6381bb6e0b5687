"""The constants of the SAME modem and its matched filters.

A bit lasts 1.92 ms. Mark is four cycles of it, space three (47 CFR 11.31(a)(1)). At 6250 Hz, the
modem's rate, a bit is 12 samples, mark repeats every 3 and space every 4 samples. So the matched
filters are a small matrix, also for bits that begin at any twelfth of a bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Baseband, Real
from eas_station.dsp.arrays.fir import Band
from eas_station.dsp.arrays.matrix_products import row_product

BAUD_HZ = 3125 / 6  # 520.83 bits a second, 47 CFR 11.31(a)(1)
MARK_HZ = 4 * BAUD_HZ  # 2083.3 Hz, a one
SPACE_HZ = 3 * BAUD_HZ  # 1562.5 Hz, a zero
MODEM_RATE_HZ = 6250.0
BIT = 12  # samples per bit at MODEM_RATE_HZ
MODEM_BAND = Band(low_hz=620.0, high_hz=3125.0, transition_hz=850.0)
TINY = 1e-18  # makes the ratio of two zero powers zero
MIN_SAMPLES = 480  # at 25 kHz ten bits: fewer do not separate the tones
MIN_SHARE = 0.15  # of the power at both tones: a burst 4 dB below the noise
MIN_EACH = 0.03  # of the power at each tone


def bits(data: bytes) -> Real:
    """The bits of these bytes as sent, least significant first, as +1 and −1."""
    ones = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return 2 * ones.astype(np.float32) - 1


class ToneBank:
    """Matched filters of both tones for bits that begin at given twelfths of the bit grid.

    Phases refer to the sample count: a steady tone has the same phase in every window.
    """

    def __init__(self, offsets: tuple[int, ...]) -> None:
        self.offsets = offsets
        columns = [_column(tone, offset) for tone in (3, 4) for offset in offsets]
        stacked = np.array(columns).T  # (2 * BIT, tones * offsets), complex
        parts = np.concatenate([stacked.real, stacked.imag], axis=1).astype(np.float32)
        self._here, self._next = parts[:BIT].copy(), parts[BIT:].copy()

    def correlate(self, frames: Real) -> tuple[Real, Real]:
        """Real and imaginary parts, (…, n, 2, offsets), of frames (…, n + 1, BIT) of the input."""
        out = row_product(frames[..., :-1, :], self._here)
        out += row_product(frames[..., 1:, :], self._next)
        parts = out.reshape(*out.shape[:-1], 2, 2, len(self.offsets))
        return parts[..., 0, :, :], parts[..., 1, :, :]

    def soft(self, frames: Real) -> Real:
        """Soft bits, (…, n * offsets): (M − S) / (M + S) of the powers of mark and space."""
        re, im = self.correlate(frames)
        power = re * re
        power += im * im
        mark, space = power[..., 0, :], power[..., 1, :]
        ratio = (mark - space) / (mark + space + np.float32(TINY))
        return np.asarray(ratio.reshape(*ratio.shape[:-2], -1), np.float32)

    def phasors(self, frames: Real, at: NDArray[np.floating[Any]]) -> Baseband:
        """Complex filter outputs, shape (2, m), of mark and space for bits that begin at `at`.

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


def carries_same(audio: NDArray[np.int16], rate_hz: float) -> bool:
    """Whether a channel carries a burst; quick and rough.

    Mark and space are whole cycles in each bit, so half of a burst's power is a line at the two
    frequencies. Speech, tones and noise have little power at both at once.

    Args:
        audio: shape (channels, n), n of about 0.1 s.
    """
    count = audio.shape[1]
    if count < MIN_SAMPLES:
        return False
    rows = audio.astype(np.float32)
    turns = np.outer(np.arange(count), (MARK_HZ, SPACE_HZ)) / rate_hz
    waves = np.exp(-2j * np.pi * turns).astype(np.complex64)
    lines = rows @ waves.real, rows @ waves.imag
    tones = 2 * (lines[0] ** 2 + lines[1] ** 2) / count**2
    shares = tones / np.maximum(np.square(rows).mean(axis=1), 1.0)[:, np.newaxis]
    heard = (shares.sum(axis=1) > MIN_SHARE) & (shares.min(axis=1) > MIN_EACH)
    return bool(heard.any())


def _column(period: int, offset: int) -> Baseband:
    """A filter over two bits of input: a tone of `period` samples per cycle from `offset` on."""
    n = np.arange(2 * BIT)
    inside = (n >= offset) & (n < offset + BIT)
    column: Baseband = np.where(inside, np.exp(-2j * np.pi * n / period), 0)
    return column
