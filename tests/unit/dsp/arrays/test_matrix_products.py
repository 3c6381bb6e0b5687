"""Products in slices equal products at once."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.arrays.matrix_products import column_product, row_product


@pytest.mark.parametrize("shape", [(0, 12), (7, 12), (5000, 12), (3, 2000, 12)])
def test_a_row_product_equals_the_product_at_once(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    rows, matrix = rng.standard_normal(shape), rng.standard_normal((12, 48))
    np.testing.assert_allclose(row_product(rows, matrix), rows @ matrix, atol=1e-12)


@pytest.mark.parametrize("count", [0, 7, 20_000])
def test_a_column_product_equals_the_product_at_once(count: int) -> None:
    rng = np.random.default_rng(7)
    matrix = rng.standard_normal((7, 20)).view(np.complex128).astype(np.complex64)
    columns = rng.standard_normal((10, 2 * count)).view(np.complex128).astype(np.complex64)
    np.testing.assert_allclose(column_product(matrix, columns), matrix @ columns, rtol=1e-5)
