"""Types of the arrays that are passed between DSP blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]  # audio: full scale ±1.0
Baseband = NDArray[np.complex64]
Precise = NDArray[np.float64]
Phasor = NDArray[np.complexfloating[Any, Any]]


def windows(x: Real, first: int, count: int, step: int, width: int) -> Real:
    """Windows of each row as a view: (rows, count, width), `step` apart, from column `first` on.

    numpy's own functions for this cost more than the work on the windows.

    Args:
        x: (rows, columns), contiguous.
    """
    last = first + (count - 1) * step + width
    if not x.flags.c_contiguous or min(first, step, count - 1) < 0 or last > x.shape[1]:
        raise ValueError(f"{count} windows of {width} from {first} on in {x.shape}")
    strides = (x.strides[0], step * x.itemsize, x.itemsize)
    return np.ndarray((x.shape[0], count, width), x.dtype, x, first * x.itemsize, strides)
