"""The peak envelope of a clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.audiod.clips.partial_clip import MAX_PARTS, PeakEnvelope

RATE_HZ = 1000  # a hop is 50 samples


def outline(*blocks: np.ndarray) -> list[int]:
    peaks = PeakEnvelope(RATE_HZ)
    for block in blocks:
        peaks.feed(block.astype(np.int16))
    text = peaks.text() or ""
    return list(bytes.fromhex(text))


def test_each_part_has_its_peak_of_either_sign() -> None:
    samples = np.zeros(200)
    samples[10], samples[75], samples[120] = 16384, -32768, 32767
    assert outline(samples) == [127, 255, 254, 0]


def test_a_clip_of_any_length_has_at_most_240_parts_and_none_is_lost() -> None:
    samples = np.zeros(RATE_HZ * 1000)
    samples[-1] = -32768
    samples[RATE_HZ * 500] = 16384
    found = outline(samples)
    assert len(found) == MAX_PARTS
    assert (found[-1], found[120]) == (255, 127)
    assert sum(found) == 255 + 127


def test_samples_shorter_than_a_hop_count() -> None:
    assert outline(np.full(7, 32767)) == [254]
    assert outline(np.concatenate((np.zeros(50), np.full(3, -32768)))) == [0, 255]


@pytest.mark.parametrize("blocks", [(), (np.empty(0),)])
def test_without_samples_there_is_no_envelope(blocks: tuple[np.ndarray, ...]) -> None:
    peaks = PeakEnvelope(RATE_HZ)
    for block in blocks:
        peaks.feed(block.astype(np.int16))
    assert peaks.text() is None


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_the_envelope_does_not_depend_on_the_cuts(cuts: list[int]) -> None:
    samples = np.random.default_rng(3).integers(-32768, 32767, 4000)
    assert outline(*np.split(samples, sorted(cuts))) == outline(samples)
