"""Matrix products small enough that the BLAS library does them at once.

OpenBLAS hands larger ones to helper threads, which cost more than they give on a busy small
machine: they spin while they wait for one another.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

SMALL = 60_000  # multiplications that OpenBLAS does in the calling thread

F = TypeVar("F", bound=np.floating[Any])


def product(rows: NDArray[F], matrix: NDArray[F]) -> NDArray[F]:
    """`rows @ matrix`, some rows at a time. Rows: (…, n, k), matrix: (k, m)."""
    step = max(1, SMALL // matrix.size)
    count = rows.shape[-2]
    if count <= step:
        whole: NDArray[F] = rows @ matrix
        return whole
    out = np.empty((*rows.shape[:-1], matrix.shape[1]), rows.dtype)
    for start in range(0, count, step):
        part = slice(start, min(count, start + step))
        np.matmul(rows[..., part, :], matrix, out=out[..., part, :])
    return out
