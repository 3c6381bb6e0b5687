"""Many channels → one wide capture: the inverse of the channelizer.

For the demonstration and the tests: the samples a receiver would deliver, with a given ratio of
carrier to noise in each channel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.matrix_products import column_product
from eas_station.dsp.radio.channelizer import PIECE
from eas_station.dsp.radio.raster import Raster
from eas_station.dsp.radio.signal_levels import REFERENCE_BANDWIDTH_HZ

_CUTOFF_HZ = 12_500.0  # passes a channel and stops its images, one raster step away
_TAPS_PER_BRANCH = 12


class Synthesizer:
    """Complex baseband of every channel in, IQ out at `rate_hz`.

    The channels have the channelizer's `CHANNEL_RATE_HZ`. Amplitude 1 becomes a carrier of
    amplitude 1.
    """

    def __init__(self, rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> None:
        raster = Raster(rate_hz, center_hz, channels_hz)
        taps = raster.taps(_CUTOFF_HZ, _TAPS_PER_BRANCH) * raster.branches
        self._taps = taps[:, :, np.newaxis].astype(np.float32)
        self._matrix = raster.twist().T.astype(np.complex64)
        self._halved = raster.halved
        self._odd = False
        self._past = np.zeros((raster.branches, _TAPS_PER_BRANCH - 1), dtype=np.complex64)

    def feed(self, channels: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Shape (channels, m), any m ≥ 0 → shape (m·rate/channel rate,)."""
        pieces = range(0, channels.shape[1], PIECE)
        made = [self._piece(channels[:, at : at + PIECE]) for at in pieces]
        return np.concatenate(made) if made else np.zeros(0, dtype=np.complex64)

    def _piece(self, channels: NDArray[np.complex64]) -> NDArray[np.complex64]:
        placed = column_product(self._matrix, channels)
        if self._halved:
            placed[:, 0 if self._odd else 1 :: 2] *= -1
            self._odd ^= bool(channels.shape[1] % 2)
        branches = np.concatenate((self._past, placed), axis=1)
        self._past = branches[:, channels.shape[1] :].copy()
        return filtered(branches, self._taps).T.ravel()


class FrontEnd:
    """Gain and noise of an RF front end that receives carriers of given C/N.

    C/N is the carrier's power over the noise in 16 kHz. The gain sets the total power to the
    effective value `rms` on each rail, full scale 1.
    """

    def __init__(
        self, rate_hz: int, cn_db: Sequence[float], rng: np.random.Generator, rms: float = 0.2
    ) -> None:
        carriers = 10 ** (np.asarray(cn_db, dtype=np.float64) / 10) * REFERENCE_BANDWIDTH_HZ
        gain = rms * np.sqrt(2 / (carriers.sum() + rate_hz))
        self.amplitudes = (np.sqrt(carriers) * gain).astype(np.float32)[:, np.newaxis]
        self._noise = np.float32(np.sqrt(rate_hz / 2) * gain)  # on each rail
        self._rng = rng

    def noise(self, count: int) -> NDArray[np.complex64]:
        """The next samples of its noise."""
        rails = self._rng.standard_normal(2 * count, dtype=np.float32)
        rails *= self._noise
        return rails.view(np.complex64)


def filtered(branches: NDArray[np.complex64], taps: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Each branch through its own short filter.

    Args:
        branches: shape (M, past + n) with past = taps - 1 earlier samples.
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
