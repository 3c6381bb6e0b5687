"""The samples of a software-defined radio: bytes → complex numbers, without the DC spike.

Full scale is ±1.0 on each of the two rails.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CU8_BYTES = 2  # one sample: I, Q as unsigned bytes, zero at 127.5
CS16_BYTES = 4  # one sample: I, Q as little-endian 16-bit numbers

_DC_STEP = 8192  # samples over which one mean is taken: 33 ms at 250 kS/s
_DC_MEANS = 32  # the estimate follows over about this many means


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

    The estimate is the mean of all steps so far, then an exponential mean with a time constant of
    about one second at 250 kS/s. Steps are counted from the first sample ever fed, so the same
    samples give the same output however they are cut into blocks; there is no delay.
    """

    def __init__(self) -> None:
        self._sum = 0j  # of the step that has begun
        self._filled = 0  # samples in it
        self._means = 0
        self.estimate = 0j

    def feed(self, iq: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples without DC, shape (n,), any n ≥ 0."""
        out = np.empty_like(iq)
        at = 0
        while at < iq.size:
            end = min(iq.size, at + _DC_STEP - self._filled)
            part = iq[at:end]
            np.subtract(part, np.complex64(self.estimate), out=out[at:end])
            self._sum += complex(part.sum())
            self._filled += end - at
            at = end
            if self._filled == _DC_STEP:
                self._close_step()
        return out

    def _close_step(self) -> None:
        self._means = min(self._means + 1, _DC_MEANS)
        self.estimate += (self._sum / _DC_STEP - self.estimate) / self._means
        self._sum, self._filled = 0j, 0
