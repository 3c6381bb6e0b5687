"""A polyphase channelizer: one wide capture → many channels at the channels' rate.

Channels lie on a raster of `CHANNEL_RATE_HZ` around the centre frequency, or half a step beside it.
With M = rate / raster, sample n goes to branch n mod M. Each branch is filtered by every M-th tap
of one low-pass, and the channel at raster step k is

    y_k[m] = Σ_b (h_b ∗ x_b)[m] · exp(−2πi·k·b/M)    (b = 0 … M − 1)

for the wanted k only. All work is done at the channels' rate, as matrix products. Other rates and
channels are left to `overlap_save`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.arrays.matrix_products import column_product
from eas_station.dsp.radio.overlap_save import OverlapSaveBank
from eas_station.dsp.radio.raster import (
    CHANNEL_RATE_HZ,
    RATE_STEP_HZ,
    Raster,
    on_raster,
    require_reachable,
)

__all__ = ["CHANNEL_RATE_HZ", "Channelizer"]

CUTOFF_HZ = 8_500.0  # of the channel filter, −6 dB: NWR needs 6.1 kHz (Carson, 4 kHz at 2083 Hz)
TAPS_PER_BRANCH = 16  # stop band from half the raster on: no aliasing into a channel
PIECE = 4096  # channel samples processed at once: fits the processor's cache
PIECE_SAMPLES = 65_536  # of the capture at most
FEW, WIDE = 3, 30  # so few channels from so many branches are cheaper as matrix products

RUN = 16  # outputs of a branch's filter per matrix product


class Channelizer:
    """IQ in, the complex baseband of every channel out, at `CHANNEL_RATE_HZ`.

    A carrier of amplitude 1 gives a channel of amplitude 1. The output is delayed by half the
    filter, 0.3 to 0.5 ms. Raises ValueError for channels out of reach.
    """

    def __init__(self, rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> None:
        require_reachable(rate_hz, center_hz, channels_hz)
        self._bank: OverlapSaveBank | _MatrixBank | _PolyphaseBank
        if not on_raster(rate_hz, center_hz, channels_hz):
            self._bank = OverlapSaveBank(
                rate_hz, center_hz, channels_hz, CHANNEL_RATE_HZ, CUTOFF_HZ
            )
            self.frame = 15 * CHANNEL_RATE_HZ // RATE_STEP_HZ
        else:
            raster = Raster(rate_hz, center_hz, channels_hz)
            few = len(channels_hz) <= FEW and raster.branches >= WIDE
            self._bank = _MatrixBank(raster) if few else _PolyphaseBank(raster)
            self.frame = 1
        self.noise_bandwidth_hz = self._bank.noise_bandwidth_hz
        """Of the channel filter."""
        self.iq_samples = self.frame * rate_hz // CHANNEL_RATE_HZ
        """Samples of the capture that give `frame` samples of the channels."""

    def feed(self, iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Take the next samples.

        Args:
            iq: shape (n,), any n ≥ 0.
        Returns:
            Shape (channels, m): all complete samples.
        """
        return self._bank.feed(iq)


class _Rows:
    """Cuts samples into rows with one sample per branch."""

    def __init__(self, branches: int) -> None:
        self._branches = branches
        self._rest = np.zeros(0, dtype=np.complex64)
        self._piece = max(1, min(PIECE, PIECE_SAMPLES // branches))

    def cut(self, iq: NDArray[np.complex64]) -> list[NDArray[np.complex64]]:
        """Whole rows, shape (n, branches), some at a time; the rest is kept."""
        if self._rest.size:
            iq = np.concatenate((self._rest, iq))
        count = iq.size // self._branches
        self._rest = iq[count * self._branches :].copy()
        rows = np.ascontiguousarray(iq[: count * self._branches]).reshape(count, self._branches)
        return [rows[at : at + self._piece] for at in range(0, count, self._piece)]


class _PolyphaseBank:
    """For many channels: filter the branches, then combine them.

    A filter for `RUN` outputs is a matrix whose rows hold the same taps, each shifted by one place.
    Despite its zeros it is much faster than one pass over the samples per tap.
    """

    def __init__(self, raster: Raster) -> None:
        taps = raster.taps(CUTOFF_HZ, TAPS_PER_BRANCH)
        self.noise_bandwidth_hz = float((taps**2).sum()) * raster.branches * CHANNEL_RATE_HZ
        self._filters = _runs(taps[::-1, ::-1].T)
        self._matrix = raster.twist().conj().astype(np.complex64)
        self._halved = raster.halved
        self._odd = False  # whether the number of the next channel sample is odd
        self._rows = _Rows(raster.branches)
        self._past = np.zeros((raster.branches, TAPS_PER_BRANCH - 1), dtype=np.complex64)

    def feed(self, iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Shape (n,) → (channels, m)."""
        made = [self._piece(rows) for rows in self._rows.cut(iq)]
        if not made:
            return np.zeros((len(self._matrix), 0), np.complex64)
        return made[0] if len(made) == 1 else np.concatenate(made, axis=1)

    def _piece(self, rows: NDArray[np.complex64]) -> NDArray[np.complex64]:
        branches, count = len(self._past), len(rows)
        runs = -(-count // RUN)
        line = np.zeros((branches, TAPS_PER_BRANCH - 1 + runs * RUN), np.complex64)
        line[:, : TAPS_PER_BRANCH - 1] = self._past
        line[:, TAPS_PER_BRANCH - 1 :][:, :count] = rows.T
        self._past = line[:, count : count + TAPS_PER_BRANCH - 1].copy()
        columns = _windows(line, self._filters.shape[2], runs).view(np.float32)
        outputs = np.matmul(self._filters, columns).view(np.complex64)
        found = column_product(self._matrix, outputs.reshape(branches, -1)).reshape(-1, RUN, runs)
        channels = found.transpose(0, 2, 1).reshape(len(found), -1)[:, :count]
        if self._halved:
            channels[:, 0 if self._odd else 1 :: 2] *= -1
            self._odd ^= bool(count % 2)
        return channels


def _windows(line: NDArray[np.complex64], width: int, runs: int) -> NDArray[np.complex64]:
    """`width` samples from every `RUN`-th on: (branches, n) → (branches, width, runs)."""
    branch, sample = line.strides
    shape = (len(line), width, runs)
    return np.ascontiguousarray(as_strided(line, shape, (branch, sample, RUN * sample)))


def _runs(taps: NDArray[np.float64]) -> NDArray[np.float32]:
    """Filters for `RUN` outputs at once, shape (branches, RUN, RUN + taps - 1).

    Args:
        taps: shape (branches, taps), that of the oldest sample first.
    """
    branches, count = taps.shape
    filters = np.zeros((branches, RUN, RUN + count - 1), np.float32)
    for output in range(RUN):
        filters[:, output, output : output + count] = taps
    return filters


class _MatrixBank:
    """For few channels: shift each to zero, then add each row to this and the next outputs."""

    def __init__(self, raster: Raster) -> None:
        taps = raster.taps(CUTOFF_HZ, TAPS_PER_BRANCH)
        self.noise_bandwidth_hz = float((taps**2).sum()) * raster.branches * CHANNEL_RATE_HZ
        self._weights = taps[:, ::-1].T.astype(np.float32)  # (branch, lag)
        turn = raster.twist().conj()
        self._cos, self._sin = turn.real.astype(np.float32), turn.imag.astype(np.float32)
        self._halved = raster.halved
        self._odd = False
        self._rows = _Rows(raster.branches)
        self._pending = np.zeros((2, len(turn), TAPS_PER_BRANCH - 1), np.float32)

    def feed(self, iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Shape (n,) → (channels, m)."""
        made = [self._piece(rows) for rows in self._rows.cut(iq)]
        if not made:
            return np.zeros((len(self._cos), 0), np.complex64)
        return made[0] if len(made) == 1 else np.concatenate(made, axis=1)

    def _piece(self, rows: NDArray[np.complex64]) -> NDArray[np.complex64]:
        out = np.empty((len(self._cos), len(rows)), np.complex64)
        for channel in range(len(self._cos)):
            self._channel(channel, rows.real, rows.imag, out[channel])
        if self._halved:
            out[:, 0 if self._odd else 1 :: 2] *= -1
            self._odd ^= bool(len(rows) % 2)
        return out

    def _channel(self, channel: int, i: Real, q: Real, out: NDArray[np.complex64]) -> None:
        """Add outputs lag by lag; those that wait for further rows are in `_pending`."""
        cos, sin = self._cos[channel], self._sin[channel]
        for rail, part in enumerate((out.real, out.imag)):
            turned = (i * cos - q * sin) if rail == 0 else (i * sin + q * cos)
            added = (turned @ self._weights).T
            count = added.shape[1]
            line = np.zeros(count + TAPS_PER_BRANCH - 1, np.float32)
            line[: TAPS_PER_BRANCH - 1] = self._pending[rail, channel]
            for lag, row in enumerate(added):
                line[lag : lag + count] += row
            self._pending[rail, channel] = line[count:]
            part[:] = line[:count]
