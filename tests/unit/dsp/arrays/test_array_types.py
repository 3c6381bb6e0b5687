"""Windows of arrays as views."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.arrays.array_types import windows

X = np.arange(24, dtype=np.float32).reshape(2, 12)


def test_windows_begin_a_step_apart() -> None:
    found = windows(X, first=1, count=3, step=4, width=3)
    assert found.tolist() == [
        [[1, 2, 3], [5, 6, 7], [9, 10, 11]],
        [[13, 14, 15], [17, 18, 19], [21, 22, 23]],
    ]
    assert np.shares_memory(found, X)


@pytest.mark.parametrize(
    ("first", "count", "step", "width"),
    [(0, 4, 4, 1), (10, 1, 1, 3), (-1, 1, 1, 1), (0, 0, 1, 1), (0, 2, -1, 1)],
)
def test_windows_outside_the_array_are_refused(
    first: int, count: int, step: int, width: int
) -> None:
    with pytest.raises(ValueError, match="windows"):
        windows(X, first, count, step, width)


def test_a_slice_that_is_not_contiguous_is_refused() -> None:
    with pytest.raises(ValueError, match="windows"):
        windows(X[:, 2:], 0, 1, 1, 1)
