"""Narrow-band FM: frequency ⇄ complex baseband, with the emphasis of NOAA Weather Radio.

NWR raises the audio by 6 dB per octave from 300 to 3000 Hz before modulation. The noise of an FM
discriminator rises with frequency by the same slope, so de-emphasis whitens the noise for the
matched filters of SAME.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FULL_SCALE_HZ = 10_000.0  # audio of ±1.0: 5 kHz deviation at 1 kHz is −6 dBFS
EMPHASIS_LOW_HZ, EMPHASIS_HIGH_HZ, EMPHASIS_UNITY_HZ = 300.0, 3_000.0, 1_000.0
AUDIO_HZ = 4_500.0  # no audio above
SUBSONIC_HZ = 150.0  # no audio below; the carrier's offset is at zero

_TAPS_S = 0.01  # length of the audio filters: edges of about 200 Hz
_PIECE = 4096  # samples filtered at once
WEIGHT_STEP = 2304  # samples between updates of the weights: 92 ms
NOISE_POWERS = 2.0  # from this power on a sample has full weight
_NOISE_STEPS, _OFFSET_STEPS = 3, 16  # of the averages of noise and offset
_LOOK = 4  # every fourth sample is measured
_TINY = 1e-12


def emphasis(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of NWR's pre-emphasis, 1 at 1 kHz; de-emphasis is its inverse."""
    held = np.clip(frequency_hz, EMPHASIS_LOW_HZ, EMPHASIS_HIGH_HZ)
    gain: NDArray[np.float64] = held / EMPHASIS_UNITY_HZ
    return gain


def pre_emphasis_taps(rate_hz: float) -> NDArray[np.float64]:
    """A linear-phase filter with the gain `emphasis` up to `AUDIO_HZ`."""
    return _taps(rate_hz, lambda f: emphasis(f) * (f < AUDIO_HZ))


def de_emphasis_taps(rate_hz: float) -> NDArray[np.float64]:
    """A linear-phase filter that inverts `emphasis` and removes DC and all above the audio."""
    taps = _taps(rate_hz, lambda f: (f > SUBSONIC_HZ) * (f < AUDIO_HZ) / emphasis(f))
    window = np.hamming(taps.size)
    without_dc: NDArray[np.float64] = taps - window * (taps.sum() / window.sum())
    return without_dc


def _taps(
    rate_hz: float, gain: Callable[[NDArray[np.float64]], NDArray[np.generic]]
) -> NDArray[np.float64]:
    """An odd number of taps with the response `gain`, smoothed by a Hamming window."""
    half = round(rate_hz * _TAPS_S / 2)
    grid = 16 * half
    frequency_hz = np.fft.rfftfreq(grid, 1 / rate_hz).astype(np.float64)
    response = gain(frequency_hz).astype(np.float64)
    impulse = np.roll(np.fft.irfft(response, grid), half)[: 2 * half + 1]
    taps: NDArray[np.float64] = impulse * np.hamming(2 * half + 1)
    return taps


class FilterBank:
    """Several filters over the same channels, by fast convolution; streaming."""

    def __init__(self, channels: int, filters: NDArray[np.float64]) -> None:
        """Args: filters: shape (filters, taps)."""
        self._filters = filters
        self._past = np.zeros((channels, filters.shape[1] - 1), dtype=np.float32)
        self._responses: dict[int, NDArray[np.complex64]] = {}  # by length of the transform

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (channels, n) → (filters, channels, n), any n ≥ 0; delayed by half the taps."""
        if block.shape[1] <= _PIECE:
            return self._piece(block)
        pieces = range(0, block.shape[1], _PIECE)
        return np.concatenate([self._piece(block[:, at : at + _PIECE]) for at in pieces], axis=2)

    def _piece(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        whole = np.concatenate((self._past, piece), axis=1)
        past = self._past.shape[1]
        self._past = whole[:, -past:].copy()
        size = _transform_length(whole.shape[1])
        if len(self._filters) == 1:
            spectrum = np.fft.rfft(whole, size, axis=1)[np.newaxis]
            spectrum *= self._response(size)
        else:
            spectrum = np.fft.rfft(whole, size, axis=1) * self._response(size)
        result = np.fft.irfft(spectrum, size, axis=2)
        kept: NDArray[np.float32] = result[:, :, past : whole.shape[1]].astype(
            np.float32, copy=False
        )
        return kept

    def _response(self, size: int) -> NDArray[np.complex64]:
        if size not in self._responses:
            response = np.fft.rfft(self._filters, size, axis=1)
            self._responses[size] = response[:, np.newaxis, :].astype(np.complex64)
        return self._responses[size]


def _transform_length(least: int) -> int:
    """The next of 4, 5, 6, 8 times a power of two: fast to transform, and few different lengths."""
    power: int = 1 << max(6, (least - 1).bit_length() - 3)
    return next(factor * power for factor in (4, 5, 6, 8) if factor * power >= least)


@dataclass(frozen=True, slots=True)
class Demodulated:
    """The output of a discriminator for one block, shape (channels, n) each."""

    audio: NDArray[np.float32]  # de-emphasised, without carrier offset; ±1.0 is `FULL_SCALE_HZ`
    frequency_hz: NDArray[np.float32]  # unfiltered, with the carrier offset and the noise
    power: NDArray[np.float32]  # of the baseband


class ClickSuppressor:
    """Reduces clicks of the discriminator by weighting samples with their amplitude.

    Where noise exceeds the carrier for a moment, the phase makes a full turn: a click. Its samples
    are weak. So a sample with less than `NOISE_POWERS` times the noise power is weighted in
    proportion to its power before the audio filter. A strong carrier has no such samples. The
    weight applies to the distance from the carrier's own frequency; otherwise it would be audible.
    Noise (as in `signal_levels`) and offset are averaged in steps counted from the first sample.
    """

    def __init__(self, channels: int) -> None:
        self._sums = np.zeros((4, channels))  # of the step that has begun
        self._filled = 0
        self._steps = 0
        self._moments = np.zeros((2, channels))  # means of the power and of its square
        self._per_full = np.full((channels, 1), 1 / _TINY, np.float32)  # of full weight
        self._last = np.zeros((channels, 1), np.float32)
        self._offset_hz = np.zeros((channels, 1), np.float32)

    def weighted(
        self, frequency_hz: NDArray[np.float32], power: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The weighted frequencies relative to the carrier, shape (channels, n), any n ≥ 0."""
        weights = np.empty_like(power)  # a frequency is computed from two samples
        np.multiply(power[:, 1:], power[:, :-1], out=weights[:, 1:])
        weights[:, :1] = power[:, :1] * self._last
        self._last = power[:, -1:].copy() if power.shape[1] else self._last
        np.sqrt(weights, out=weights)
        out = np.empty_like(frequency_hz)
        at = 0
        while at < power.shape[1]:
            end = min(power.shape[1], at + WEIGHT_STEP - self._filled)
            there = slice(at, end)
            self._part(frequency_hz[:, there], power[:, there], weights[:, there], out[:, there])
            self._filled += end - at
            at = end
            if self._filled == WEIGHT_STEP:
                self._close_step()
        return out

    def _part(
        self,
        frequency_hz: NDArray[np.float32],
        power: NDArray[np.float32],
        weights: NDArray[np.float32],
        out: NDArray[np.float32],
    ) -> None:
        weights *= self._per_full
        np.minimum(weights, 1, out=weights)
        np.subtract(frequency_hz, self._offset_hz, out=out)
        out *= weights
        looked = slice(-self._filled % _LOOK, None, _LOOK)
        seen = power[:, looked]
        for at, rows in enumerate((seen, weights[:, looked], out[:, looked])):
            self._sums[at] += rows.sum(axis=1)
        self._sums[3] += np.square(seen).sum(axis=1)

    def _close_step(self) -> None:
        self._steps += 1
        power, weight, hz, square = self._sums
        moments = np.stack((power, square)) * (_LOOK / WEIGHT_STEP)
        self._moments += (moments - self._moments) / min(self._steps, _NOISE_STEPS)
        mean, mean_square = self._moments
        noise = mean - np.sqrt(np.maximum(0.0, 2 * mean**2 - mean_square))
        self._per_full[:, 0] = 1 / np.maximum(NOISE_POWERS * noise, _TINY)
        self._offset_hz[:, 0] += hz / np.maximum(weight, 1) / min(self._steps, _OFFSET_STEPS)
        self._sums[:] = 0
        self._filled = 0


class Discriminator:
    """Complex baseband in, audio out, delayed by 5 ms."""

    def __init__(self, channels: int, rate_hz: float) -> None:
        self._audio = FilterBank(channels, de_emphasis_taps(rate_hz)[np.newaxis] / FULL_SCALE_HZ)
        self._hz_per_radian = np.float32(rate_hz / (2 * np.pi))
        self._weights = ClickSuppressor(channels)
        self._last = np.zeros((channels, 1), dtype=np.complex64)

    def feed(self, block: NDArray[np.complex64]) -> NDArray[np.float32]:
        """The audio of the next samples, shape (channels, n), any n ≥ 0."""
        return self.demodulate(block).audio

    def demodulate(self, block: NDArray[np.complex64]) -> Demodulated:
        """Audio, frequency and power of the next samples, shape (channels, n), any n ≥ 0."""
        frequency_hz = self._frequency_hz(block)
        power = np.square(block.real)
        power += np.square(block.imag)
        weighted = self._weights.weighted(frequency_hz, power)
        return Demodulated(self._audio.feed(weighted)[0], frequency_hz, power)

    def _frequency_hz(self, block: NDArray[np.complex64]) -> NDArray[np.float32]:
        line = np.concatenate((self._last, block), axis=1)
        self._last = line[:, -1:].copy()
        turned = np.conj(line[:, :-1])
        turned *= line[:, 1:]
        frequency: NDArray[np.float32] = np.arctan2(turned.imag, turned.real)
        frequency *= self._hz_per_radian
        return frequency


class Modulator:
    """Frequency deviation in, complex baseband of amplitude 1 out, with continuous phase."""

    def __init__(self, channels: int, rate_hz: float) -> None:
        self._cycles_per_hz = 1 / rate_hz
        self._phase = np.zeros((channels, 1))  # in cycles

    def feed(self, frequency_hz: NDArray[np.float32]) -> NDArray[np.complex64]:
        """The next samples, shape (channels, n), any n ≥ 0."""
        if not frequency_hz.shape[1]:
            return np.zeros(frequency_hz.shape, dtype=np.complex64)
        cycles = np.cumsum(frequency_hz, axis=1, dtype=np.float64) * self._cycles_per_hz
        cycles += self._phase
        self._phase = cycles[:, -1:] % 1.0
        radians = (cycles % 1.0 * (2 * np.pi)).astype(np.float32)
        out = np.empty(frequency_hz.shape, dtype=np.complex64)
        out.real, out.imag = np.cos(radians), np.sin(radians)
        return out
