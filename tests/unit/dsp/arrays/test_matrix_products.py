from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.arrays.matrix_products import product


@pytest.mark.parametrize("shape", [(0, 12), (7, 12), (5000, 12), (3, 2000, 12)])
def test_the_same_as_at_once(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    rows, matrix = rng.standard_normal(shape), rng.standard_normal((12, 48))
    np.testing.assert_allclose(product(rows, matrix), rows @ matrix, atol=1e-12)
