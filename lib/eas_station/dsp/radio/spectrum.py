"""The spectrum of the whole capture: noise floor, clipping, and correction of IQ imbalance.

Sixteen short transforms of every third frame are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Baseband, Phasor, Precise, Real
from eas_station.dsp.radio.signal_levels import REFERENCE_BANDWIDTH_HZ

BINS = 256
TRANSFORMS = 16  # of a measured frame
MEASURE_EVERY, MEASURE_FIRST = 3, 5  # every third frame, but each of the first five
FULL_SCALE = 0.995  # a rail at this level is clipped
NOISE_QUANTILE = 0.25  # of the bins: channels may occupy more than half of them
MEMORY = 100  # measured frames, about half a minute: the imbalance drifts with temperature
GUARD_HZ = 12_500.0  # excluded around zero: a carrier there is its own mirror image
GUARD_BINS = 4  # the window's main lobe

_WINDOW = (0.35875, 0.48829, 0.14128, 0.01168)  # Blackman–Harris: side lobes at −92 dB
_LOWEST = 1e-14

T = TypeVar("T", bound=np.number[Any])


@dataclass(frozen=True, slots=True)
class CaptureSpectrum:
    """The spectrum of one second. Full scale is a carrier of amplitude 1."""

    spectrum_dbfs: tuple[float, ...]  # `BINS` bins, lowest frequency first
    noise_dbfs: float  # noise floor in `REFERENCE_BANDWIDTH_HZ`
    clipped: float  # share of samples at full scale, 0 to 1


class SpectrumMeter:
    """Frames in, one `CaptureSpectrum` a second out; removes the mirror image from each frame.

    A tuner whose rails differ in gain or are not at right angles adds κ·conj(signal): each channel
    appears again, weaker, on the other side of the centre. Signals at +f and −f are independent, so
    the mean of their product S(f)·S(−f) tends to κ·(P(f) + P(−f)), with the powers P. κ is the
    weighted mean over the bins; the weight is the reciprocal of the weaker side's power, because an
    empty side shows the image best.
    """

    def __init__(self, rate_hz: int) -> None:
        n = np.arange(BINS)
        waves = [(-1) ** k * a * np.cos(2 * np.pi * k * n / BINS) for k, a in enumerate(_WINDOW)]
        window = np.sum(waves, axis=0)
        self._window = (window / window.sum()).astype(np.float32)
        self._bins_in_reference = float(
            REFERENCE_BANDWIDTH_HZ / rate_hz / (self._window.astype(float) ** 2).sum()
        )
        guard = max(GUARD_BINS, int(np.ceil(GUARD_HZ * BINS / rate_hz)) + 2)
        self._upper = np.arange(min(guard, BINS // 2 - 1), BINS // 2)
        self._rate_hz = rate_hz
        self._counted = 0  # samples of the present second
        self._transforms = self._clipped = 0
        self._power = np.zeros(BINS)
        self._mirrored = np.zeros(BINS, np.complex128)
        self._long_power: Precise = np.zeros(BINS)
        self._long_mirrored: Phasor = np.zeros(BINS, np.complex128)
        self._count = 0  # frames
        self._frames = 0  # measured, at most `MEMORY`
        self.image = 0j
        """The present estimate of κ."""

    def feed(self, iq: Baseband) -> tuple[Baseband, CaptureSpectrum | None]:
        """Take a frame; gives it without mirror image, and the spectrum of a second that ended."""
        self._count += 1
        if self._count <= MEASURE_FIRST or self._count % MEASURE_EVERY == 0:
            self._measure(iq)
        self._counted += iq.size
        spectrum = None
        if self._counted >= self._rate_hz and self._transforms:
            self._counted %= self._rate_hz
            spectrum = self._spectrum()
        return without_image(iq, self.image), spectrum

    def _measure(self, iq: Baseband) -> None:
        if iq.size < TRANSFORMS * BINS:
            return
        stride = iq.size // TRANSFORMS
        measured = iq[: TRANSFORMS * stride].reshape(TRANSFORMS, stride)[:, :BINS]
        rails: Real = np.ascontiguousarray(measured).view(np.float32)
        self._clipped += int(np.count_nonzero(np.abs(rails) >= FULL_SCALE))
        lines = np.fft.fft((measured - measured.mean()) * self._window, axis=1)
        power = (lines.real**2 + lines.imag**2).sum(axis=0)
        mirrored = (lines * _reversed(lines)).sum(axis=0)
        self._power += power
        self._mirrored += mirrored
        self._transforms += TRANSFORMS
        self._estimate_image(power, mirrored)

    def _estimate_image(self, power: Real, mirrored: Baseband) -> None:
        self._frames = min(self._frames + 1, MEMORY)
        share = 1 / self._frames
        self._long_power += share * (power - self._long_power)
        self._long_mirrored += share * (mirrored - self._long_mirrored)
        above, below = self._long_power[self._upper], self._long_power[-self._upper]
        both = above + below + _LOWEST
        weight = both / (above * below + _LOWEST**2)
        total = float((weight * both).sum())
        self.image = complex((weight * self._long_mirrored[self._upper]).sum()) / total

    def _spectrum(self) -> CaptureSpectrum:
        """The means of the second, corrected for the mirror image."""
        power, mirrored = self._power / self._transforms, self._mirrored / self._transforms
        clean = power + abs(self.image) ** 2 * _reversed(power)
        clean -= 2 * (mirrored * np.conj(self.image)).real
        clean = np.maximum(clean, _LOWEST)
        rank = int(NOISE_QUANTILE * BINS)
        noise = float(np.partition(clean, rank)[rank]) * self._bins_in_reference
        clipped = self._clipped / (2 * BINS * self._transforms)
        self._transforms = self._clipped = 0
        self._power[:] = 0
        self._mirrored[:] = 0
        decibels = np.round(10 * np.log10(np.fft.fftshift(clean)), 1)
        return CaptureSpectrum(
            tuple(decibels.tolist()), round(float(10 * np.log10(noise)), 1), clipped
        )


def without_image(iq: Baseband, image: complex) -> Baseband:
    """`iq` less κ·conj(iq)."""
    out = np.conj(iq)
    out *= np.complex64(-image)
    out += iq
    return out


def _reversed(bins: NDArray[T]) -> NDArray[T]:
    """The bin at the negative of each frequency."""
    return np.roll(bins[..., ::-1], 1, axis=-1)
