"""Matrix products in slices that the BLAS library computes in the calling thread.

OpenBLAS distributes larger products to helper threads, which busy-wait between two products: on a
small computer they cost more than they save.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

SMALL = 60_000  # multiplications that OpenBLAS does in the calling thread
SMALL_COMPLEX = 65_536

F = TypeVar("F", bound=np.floating[Any])


def row_product(rows: NDArray[F], matrix: NDArray[F]) -> NDArray[F]:
    """`rows @ matrix`, some rows at a time. Rows: (…, n, k); matrix: (k, m)."""
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


def column_product(
    matrix: NDArray[np.complex64], columns: NDArray[np.complex64]
) -> NDArray[np.complex64]:
    """`matrix @ columns`, some columns at a time. Matrix: (m, k); columns: (k, n)."""
    out = np.empty((matrix.shape[0], columns.shape[1]), dtype=np.complex64)
    step = max(1, SMALL_COMPLEX // matrix.size)
    for start in range(0, columns.shape[1], step):
        part = slice(start, start + step)
        np.matmul(matrix, columns[:, part], out=out[:, part])
    return out
