"""One wide capture → many channels: a polyphase bank.

Channels lie on a raster of `CHANNEL_RATE_HZ` round the centre frequency, or half a raster step
beside it. With M = rate / raster the samples are dealt out to M branches, each filtered by every
M-th tap of one low-pass filter, and a small matrix turns the M branches into the wanted channels:
all work is done at the channels' rate, whatever the rate of the capture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHANNEL_RATE_HZ = 25_000  # the NWR raster, and 48 samples for one SAME bit
CUTOFF_HZ = 8_500.0  # of the channel filter, -6 dB: NWR needs 6.1 kHz (Carson, 4 kHz at 2083 Hz)
TAPS_PER_BRANCH = 16  # stop band from half the raster on, so that nothing folds into a channel
STOPBAND_DB = 80.0  # a neighbour 40 dB stronger stays 40 dB below
PIECE = 4096  # channel samples worked on at once: what fits the processor's cache

_SMALL_PRODUCT = 65_536  # multiplications that OpenBLAS does not hand to helper threads


def lowpass(taps: int, cutoff: float, stopband_db: float) -> NDArray[np.float64]:
    """A linear-phase low-pass filter by Kaiser's window, unit gain at zero.

    Args:
        cutoff: where it is 6 dB down, in cycles per sample, 0 to 0.5.
        stopband_db: attenuation, > 50.
    """
    n = np.arange(taps) - (taps - 1) / 2
    window = np.kaiser(taps, 0.1102 * (stopband_db - 8.7))
    impulse = np.sinc(2 * cutoff * n) * window
    unit_gain: NDArray[np.float64] = impulse / impulse.sum()
    return unit_gain


class Raster:
    """Where channels lie in a capture. Raises ValueError where a bank cannot reach them."""

    def __init__(self, rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> None:
        if rate_hz <= 0 or rate_hz % CHANNEL_RATE_HZ:
            raise ValueError(f"the rate {rate_hz} Hz is not a multiple of {CHANNEL_RATE_HZ} Hz")
        if not channels_hz:
            raise ValueError("no channels")
        offsets = [channel - center_hz for channel in channels_hz]
        fractions = {2 * offset % (2 * CHANNEL_RATE_HZ) for offset in offsets}
        if not fractions <= {0} and not fractions <= {CHANNEL_RATE_HZ}:
            raise ValueError(
                f"the channels do not all lie a multiple of {CHANNEL_RATE_HZ} Hz, or all half a "
                f"step beside it, from the centre {center_hz} Hz"
            )
        farthest = max(abs(offset) for offset in offsets)
        if 2 * farthest > rate_hz - CHANNEL_RATE_HZ:
            raise ValueError(
                f"a channel {farthest} Hz from the centre is outside of the {rate_hz} Hz captured"
            )
        self.branches = rate_hz // CHANNEL_RATE_HZ
        self.halved = fractions == {CHANNEL_RATE_HZ}
        self.steps = np.array(offsets) / CHANNEL_RATE_HZ  # from the centre, in raster steps

    def taps(self, cutoff_hz: float, per_branch: int) -> NDArray[np.float64]:
        """The bank's filter, shape (per_branch, branches), the sign of half a step folded in."""
        count = per_branch * self.branches
        prototype = lowpass(count, cutoff_hz / CHANNEL_RATE_HZ / self.branches, STOPBAND_DB)
        taps = prototype.reshape(per_branch, self.branches)
        if self.halved:
            taps[1::2] *= -1
        return taps

    def twist(self) -> NDArray[np.complex128]:
        """exp(2πi·step·branch/M), shape (channels, branches)."""
        turns = np.outer(self.steps, np.arange(self.branches)) / self.branches
        rotation: NDArray[np.complex128] = np.exp(2j * np.pi * turns)
        return rotation


class Channelizer:
    """IQ in, the complex baseband of every channel out, at `CHANNEL_RATE_HZ`.

    A carrier of amplitude 1 gives a channel of amplitude 1. The output is late by half the filter:
    `TAPS_PER_BRANCH` / 2 channel samples.
    """

    def __init__(self, rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> None:
        raster = Raster(rate_hz, center_hz, channels_hz)
        taps = raster.taps(CUTOFF_HZ, TAPS_PER_BRANCH)
        self.branches = raster.branches
        self.noise_bandwidth_hz = float((taps**2).sum()) * rate_hz
        self._taps = taps[:, ::-1, np.newaxis].astype(np.float32)
        self._matrix = raster.twist().conj().astype(np.complex64)
        self._halved = raster.halved
        self._odd = False  # is the next channel sample's number odd
        self._rest = np.zeros(0, dtype=np.complex64)
        self._past = np.zeros((self.branches, TAPS_PER_BRANCH - 1), dtype=np.complex64)

    def feed(self, iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Take the next samples.

        Args:
            iq: shape (n,), any n ≥ 0.
        Returns:
            Shape (channels, m), m = how many whole groups of M samples are complete.
        """
        if self._rest.size:
            iq = np.concatenate((self._rest, iq))
        count = iq.size // self.branches
        self._rest = iq[count * self.branches :].copy()
        out = np.empty((self._matrix.shape[0], count), dtype=np.complex64)
        rows = iq[: count * self.branches].reshape(count, self.branches)
        for at in range(0, count, PIECE):
            piece = rows[at : at + PIECE]
            out[:, at : at + len(piece)] = self._piece(piece)
        return out

    def _piece(self, rows: NDArray[np.complex64]) -> NDArray[np.complex64]:
        dealt = np.concatenate((self._past, rows.T), axis=1)
        self._past = dealt[:, len(rows) :].copy()
        channels = product(self._matrix, filtered(dealt, self._taps))
        if self._halved:
            channels[:, 0 if self._odd else 1 :: 2] *= -1
            self._odd ^= bool(len(rows) % 2)
        return channels


def product(matrix: NDArray[np.complex64], columns: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """matrix @ columns, in slices that stay in this thread.

    A BLAS library's helper threads would spin from one block to the next: a whole core for
    nothing.
    """
    out = np.empty((matrix.shape[0], columns.shape[1]), dtype=np.complex64)
    step = max(1, _SMALL_PRODUCT // matrix.size)
    for at in range(0, columns.shape[1], step):
        np.matmul(matrix, columns[:, at : at + step], out=out[:, at : at + step])
    return out


def filtered(branches: NDArray[np.complex64], taps: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Every branch through its own short filter.

    Args:
        branches: shape (M, past + n) with past = taps - 1 samples from before.
        taps: shape (taps, M, 1), the tap of the newest sample first.
    Returns:
        Shape (M, n).
    """
    past = len(taps) - 1
    rails = branches.view(np.float32)
    width = rails.shape[1] - 2 * past
    total = rails[:, 2 * past :] * taps[0]
    weighted = np.empty_like(total)
    for back in range(1, len(taps)):
        start = 2 * (past - back)
        np.multiply(rails[:, start : start + width], taps[back], out=weighted)
        total += weighted
    samples: NDArray[np.complex64] = total.view(np.complex64)
    return samples
