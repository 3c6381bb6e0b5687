"""The samples of a software-defined radio: bytes → complex numbers, without the DC spike.

Full scale is ±1.0 on each of the two rails.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CU8_BYTES = 2  # one sample: I, Q as unsigned bytes, zero at 127.5
CS16_BYTES = 4  # one sample: I, Q as little-endian 16-bit numbers

_DC_FIRST = 256  # samples of the first mean; each of the next is twice as long, up to
_DC_STEP = 8192  # samples: 33 ms at 250 kS/s
_DC_MEMORY = 32 * _DC_STEP  # samples that the estimate follows over
_CIRCLE_KEPT = 0.99  # of what earlier frames told, so about 100 frames
_CIRCLE_LEAST = 64  # samples from which a circle can be told


def from_cu8(raw: bytes) -> NDArray[np.complex64]:
    """RTL-SDR samples; an odd byte at the end is left out."""
    whole = len(raw) // CU8_BYTES * CU8_BYTES
    rails = np.frombuffer(raw, dtype=np.uint8, count=whole).astype(np.float32)
    rails -= np.float32(127.5)
    rails *= np.float32(1 / 127.5)
    return rails.view(np.complex64)


def from_cs16(raw: bytes) -> NDArray[np.complex64]:
    """Samples of two 16-bit numbers; what is not a whole sample at the end is left out."""
    whole = len(raw) // CS16_BYTES * CS16_BYTES
    rails = np.frombuffer(raw[:whole], dtype="<i2").astype(np.float32)
    rails *= np.float32(1 / 32768.0)
    return rails.view(np.complex64)


def to_cu8(iq: NDArray[np.complex64]) -> bytes:
    """The inverse of `from_cu8`; what is beyond full scale is clipped."""
    rails = np.ascontiguousarray(iq).view(np.float32) * np.float32(127.5)
    rails += np.float32(128.0)  # 127.5, and 0.5 so that cutting off the fraction rounds
    return np.clip(rails, 0, 255, out=rails).astype(np.uint8).tobytes()


class DcRemover:
    """Subtracts the constant that direct-conversion tuners add, followed as it drifts.

    The estimate is the mean of all samples so far, then an exponential mean with a time constant of
    about one second at 250 kS/s. It changes after steps, short ones at first, which are counted
    from the first sample ever fed, so the same samples give the same output however they are cut
    into blocks; there is no delay.
    """

    def __init__(self) -> None:
        self._step = _DC_FIRST
        self._sum = 0j  # of the step that has begun
        self._filled = 0  # samples in it
        self._known = 0  # samples behind the estimate
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
    """Takes the DC spike out of the channel that lies on it.

    There the mean will not do: an unmodulated carrier of exactly the right frequency is constant
    too. But an FM carrier moves on a circle whose centre is the spike, so it is the centre of the
    circle that is followed: |z|² is 2·Re(conj(centre)·z) and a constant, least squares over about
    nine seconds. Noise alone gives its mean. The first samples are still on their way through the
    channel filter.
    """

    def __init__(self) -> None:
        self._early = _CIRCLE_LEAST  # samples that are not looked at
        self._squares = np.zeros((2, 2))
        self._products = np.zeros(2)
        self.centre = 0j

    def feed(self, row: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """A frame of the channel without the spike, shape (n,)."""
        if row.size < 2 * _CIRCLE_LEAST:
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
