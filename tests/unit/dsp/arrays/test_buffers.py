"""Buffers of the newest samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.dsp.arrays.buffers import Ring, to_int16


@given(
    capacity=st.integers(1, 40),
    cuts=st.lists(st.integers(0, 60), max_size=12),
    asked=st.tuples(st.integers(0, 300), st.integers(0, 300)),
)
def test_any_cut_into_blocks_reads_back_the_newest_samples(
    capacity: int, cuts: list[int], asked: tuple[int, int]
) -> None:
    ring = Ring(2, capacity)
    whole = np.arange(sum(cuts), dtype=np.int16)
    both = np.stack((whole, -whole))
    at = 0
    for cut in cuts:
        ring.append(both[:, at : at + cut])
        at += cut
    first, end = asked
    held = slice(max(first, at - capacity, 0), min(end, at))
    expected = both[:, held] if held.start < held.stop else both[:, :0]
    assert ring.end == at
    assert np.array_equal(ring.read(0, first, end), expected[0])
    assert np.array_equal(ring.read(1, first, end), expected[1])


def test_a_read_is_a_copy() -> None:
    ring = Ring(1, 4)
    ring.append(np.array([[1, 2, 3]], dtype=np.int16))
    read = ring.read(0, 0, 3)
    ring.append(np.array([[9, 9, 9, 9]], dtype=np.int16))
    assert read.tolist() == [1, 2, 3]


def test_full_scale_clips_and_nan_becomes_zero() -> None:
    samples = np.array([0.5, 1.5, -2.0, np.nan, 1 / 32768], dtype=np.float32)
    assert to_int16(samples).tolist() == [16384, 32767, -32768, 0, 1]


def test_int16_samples_survive_the_conversion_to_float() -> None:
    every = np.arange(-32768, 32768, dtype=np.int16)
    assert np.array_equal(to_int16(every.astype(np.float32) / 32768), every)


def test_an_empty_ring_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ring(0, 5)
