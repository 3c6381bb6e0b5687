"""Names for the arrays that travel between the blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]  # audio: full scale ±1.0
Baseband = NDArray[np.complex64]
Precise = NDArray[np.float64]
Phasor = NDArray[np.complexfloating[Any, Any]]
