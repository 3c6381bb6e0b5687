"""The whole capture at a glance: its spectrum, its noise, its clipping, the receiver's own faults.

Sixteen short transforms of every third frame are enough: a sample of what arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Baseband, Phasor, Precise, Real
from eas_station.dsp.radio.signal_levels import REFERENCE_BANDWIDTH_HZ

BINS = 256
LOOKS = 16  # transforms of a frame that is looked at
LOOK_EVERY, LOOK_FIRST = 3, 5  # of so many frames one, but at every one of the first
FULL_SCALE = 0.995  # a rail that reaches it is clipped
NOISE_QUANTILE = 0.25  # of the bins: channels may fill more than half of them
MEMORY = (
    100  # frames looked at, about half a minute: the two rails of a tuner change with the weather
)
GUARD_HZ = 12_500.0  # beside zero nothing is learnt: a carrier there is its own mirror image
GUARD_BINS = 4  # the window's main lobe

_WINDOW = (0.35875, 0.48829, 0.14128, 0.01168)  # Blackman and Harris: side lobes 92 dB down
_LOWEST = 1e-14

T = TypeVar("T", bound=np.number[Any])


@dataclass(frozen=True, slots=True)
class CaptureSpectrum:
    """A capture over one second. Full scale is a carrier of amplitude 1."""

    spectrum_dbfs: tuple[float, ...]  # `BINS` bins from the lowest frequency to the highest
    noise_dbfs: float  # of the receiver itself, in `REFERENCE_BANDWIDTH_HZ`
    clipped: float  # share of samples at the converter's end, 0 to 1


class SpectrumMeter:
    """Frames in, a CaptureSpectrum a second out; takes the mirror image out of each frame.

    A radio whose two rails differ in gain or are not at right angles adds κ·conj(signal): every
    channel appears again, weaker, on the other side of the centre. Signals on the two sides have
    nothing to do with each other, so what their product tends to is κ. Where one side is empty it
    shows best: bins are weighted with the reciprocal of the weaker side.
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
        self._counted = 0  # samples of the second that has begun
        self._looks = self._clipped = 0
        self._power = np.zeros(BINS)
        self._mirrored = np.zeros(BINS, np.complex128)
        self._long_power: Precise = np.zeros(BINS)
        self._long_mirrored: Phasor = np.zeros(BINS, np.complex128)
        self._count = 0  # frames
        self._frames = 0  # looked at, no more than `MEMORY`
        self.image = 0j
        """κ as far as it is known."""

    def feed(self, iq: Baseband) -> tuple[Baseband, CaptureSpectrum | None]:
        """Take a frame; give it without its mirror image, and the second that ended in it."""
        self._count += 1
        if self._count <= LOOK_FIRST or self._count % LOOK_EVERY == 0:
            self._look(iq)
        self._counted += iq.size
        glance = None
        if self._counted >= self._rate_hz and self._looks:
            self._counted %= self._rate_hz
            glance = self._glance()
        return without_image(iq, self.image), glance

    def _look(self, iq: Baseband) -> None:
        if iq.size < LOOKS * BINS:
            return
        stride = iq.size // LOOKS
        looked = iq[: LOOKS * stride].reshape(LOOKS, stride)[:, :BINS]
        rails: Real = np.ascontiguousarray(looked).view(np.float32)
        self._clipped += int(np.count_nonzero(np.abs(rails) >= FULL_SCALE))
        lines = np.fft.fft((looked - looked.mean()) * self._window, axis=1)
        power = (lines.real**2 + lines.imag**2).sum(axis=0)
        mirrored = (lines * _reversed(lines)).sum(axis=0)
        self._power += power
        self._mirrored += mirrored
        self._looks += LOOKS
        self._learn(power, mirrored)

    def _learn(self, power: Real, mirrored: Baseband) -> None:
        self._frames = min(self._frames + 1, MEMORY)
        share = 1 / self._frames
        self._long_power += share * (power - self._long_power)
        self._long_mirrored += share * (mirrored - self._long_mirrored)
        above, below = self._long_power[self._upper], self._long_power[-self._upper]
        both = above + below + _LOWEST
        weight = both / (above * below + _LOWEST**2)
        total = float((weight * both).sum())
        self.image = complex((weight * self._long_mirrored[self._upper]).sum()) / total

    def _glance(self) -> CaptureSpectrum:
        """The means of the second, the mirror image taken out of the powers."""
        power, mirrored = self._power / self._looks, self._mirrored / self._looks
        clean = power + abs(self.image) ** 2 * _reversed(power)
        clean -= 2 * (mirrored * np.conj(self.image)).real
        clean = np.maximum(clean, _LOWEST)
        rank = int(NOISE_QUANTILE * BINS)
        noise = float(np.partition(clean, rank)[rank]) * self._bins_in_reference
        clipped = self._clipped / (2 * BINS * self._looks)
        self._looks = self._clipped = 0
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
