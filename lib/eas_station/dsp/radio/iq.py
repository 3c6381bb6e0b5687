"""Samples of a software-defined radio: bytes → complex numbers, and removal of the DC spike.

Full scale is ±1.0 on each of the two rails, I and Q.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CU8_BYTES = 2  # one sample: I, Q as unsigned bytes, zero at 127.5
CS16_BYTES = 4  # one sample: I, Q as little-endian 16-bit numbers

_DC_FIRST = 256  # samples of the first mean; each following one is twice as long, up to
_DC_STEP = 8192  # samples: 33 ms at 250 kS/s
_DC_MEMORY = 32 * _DC_STEP  # samples in the estimate
_CIRCLE_KEPT = 0.99  # weight of earlier frames: about 100 frames
_CIRCLE_MIN = 64  # samples that determine a circle


def from_cu8(raw: bytes) -> NDArray[np.complex64]:
    """RTL-SDR samples; an odd byte at the end is ignored."""
    whole = len(raw) // CU8_BYTES * CU8_BYTES
    rails = np.frombuffer(raw, dtype=np.uint8, count=whole).astype(np.float32)
    rails -= np.float32(127.5)
    rails *= np.float32(1 / 127.5)
    return rails.view(np.complex64)


def from_cs16(raw: bytes) -> NDArray[np.complex64]:
    """Samples of two 16-bit numbers; an incomplete sample at the end is ignored."""
    whole = len(raw) // CS16_BYTES * CS16_BYTES
    rails = np.frombuffer(raw[:whole], dtype="<i2").astype(np.float32)
    rails *= np.float32(1 / 32768.0)
    return rails.view(np.complex64)


def to_cu8(iq: NDArray[np.complex64]) -> bytes:
    """The inverse of `from_cu8`; values beyond full scale are clipped."""
    rails = np.ascontiguousarray(iq).view(np.float32) * np.float32(127.5)
    rails += np.float32(128.0)  # 127.5, and 0.5 because the conversion truncates
    return np.clip(rails, 0, 255, out=rails).astype(np.uint8).tobytes()


class DcRemover:
    """Subtracts the DC offset that direct-conversion tuners add, tracked as it drifts.

    The estimate is the mean of all samples so far, later an exponential mean with a time constant
    of about one second at 250 kS/s. It is updated after steps counted from the first sample, short
    ones at first. So the same samples give the same output however they are cut into blocks. There
    is no delay.
    """

    def __init__(self) -> None:
        self._step = _DC_FIRST
        self._sum = 0j  # of the present step
        self._filled = 0  # samples of the present step
        self._known = 0  # samples in the estimate
        self.estimate = 0j

    def feed(self, iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples without DC, shape (n,), any n ≥ 0."""
        out = np.empty_like(iq)
        at = 0
        while at < iq.size:
            end = min(iq.size, at + self._step - self._filled)
            part = iq[at:end]
            np.subtract(part, np.complex64(self.estimate), out=out[at:end])
            self._sum += complex(part.sum())
            self._filled += end - at
            at = end
            if self._filled == self._step:
                self._close_step()
        return out

    def _close_step(self) -> None:
        self._known = min(self._known + self._step, _DC_MEMORY)
        self.estimate += (self._sum / self._step - self.estimate) * self._step / self._known
        self._sum, self._filled = 0j, 0
        self._step = min(2 * self._step, _DC_STEP)


class SpikeRemover:
    """Removes the DC spike from the channel at the centre frequency.

    The mean is no estimate here: an unmodulated carrier at exactly the centre frequency is constant
    too. But an FM carrier moves on a circle around the spike c, where

        |z|² = 2·Re(conj(c)·z) + constant.

    c is fitted by least squares over about nine seconds. For noise alone it is the mean. The first
    samples are skipped: the channel filter is still settling.
    """

    def __init__(self) -> None:
        self._early = _CIRCLE_MIN  # samples to skip
        self._squares = np.zeros((2, 2))
        self._products = np.zeros(2)
        self.centre = 0j

    def feed(self, row: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """A frame of the channel without the spike, shape (n,)."""
        if row.size < 2 * _CIRCLE_MIN:
            return row - np.complex64(self.centre)
        looked = np.ascontiguousarray(row[self._early :])
        self._early = 0
        rails = looked.view(np.float32).reshape(-1, 2).astype(np.float64)
        power = np.einsum("nr,nr->n", rails, rails)
        rails -= rails.mean(axis=0)
        self._squares *= _CIRCLE_KEPT
        self._products *= _CIRCLE_KEPT
        self._squares += rails.T @ rails
        self._products += rails.T @ (power - power.mean()) / 2
        ridge = np.eye(2) * (1e-9 * np.trace(self._squares) + 1e-30)
        re, im = np.linalg.solve(self._squares + ridge, self._products)
        self.centre = complex(re, im)
        return row - np.complex64(self.centre)
