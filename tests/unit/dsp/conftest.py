"""Fixtures of the DSP tests."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(params=[1, 2, 3], ids=lambda seed: f"cuts{seed}")
def cuts(request: pytest.FixtureRequest) -> Callable[[int], list[tuple[int, int]]]:
    """Cuts n samples into blocks at random: empty, of one sample, short and long ones."""

    def cut(count: int) -> list[tuple[int, int]]:
        rng = np.random.default_rng(request.param)
        ends = np.sort(rng.integers(0, count, size=int(rng.integers(3, 40))))
        edges = [0, 0, 1, *(int(end) for end in ends), count]
        return [(a, b) for a, b in itertools.pairwise(edges) if b >= a]

    return cut
