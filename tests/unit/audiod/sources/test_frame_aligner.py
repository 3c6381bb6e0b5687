"""Frames of single channels become aligned blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_station.audiod.sources.audio_source import Block, Dropout
from eas_station.audiod.sources.frame_aligner import FrameAligner

RATE_HZ = 1000  # small numbers: a block is 240 samples, patience 500, the longest fill 2000


def ramp(first: int, count: int, sign: int = 1) -> np.ndarray:
    return (sign * (np.arange(first, first + count) % 30000)).astype(np.int16)


def drained(aligner: FrameAligner) -> list[Block]:
    blocks = []
    while (block := aligner.pull()) is not None:
        blocks.append(block)
    return blocks


def test_without_frames_there_is_no_block() -> None:
    assert FrameAligner(7).pull() is None


def test_two_channels_make_one_block_from_their_common_start() -> None:
    aligner = FrameAligner(2)
    aligner.push(1, RATE_HZ, 900, ramp(900, 100, -1))
    for first in range(1000, 1300, 100):
        aligner.push(0, RATE_HZ, first, ramp(first, 100))
        aligner.push(1, RATE_HZ, first, ramp(first, 100, -1))
    (block,) = drained(aligner)
    assert (block.first_sample, block.count, block.gap_samples) == (1000, 300, None)
    assert block.dropouts == ()
    assert np.array_equal(block.samples[0] * 32768, ramp(1000, 300))
    assert np.array_equal(block.samples[1] * 32768, ramp(1000, 300, -1))


def test_a_lost_frame_of_one_channel_is_a_dropout_of_zeros() -> None:
    aligner = FrameAligner(2)
    for first in range(0, 400, 100):
        aligner.push(0, RATE_HZ, first, ramp(first, 100))
        if first != 100:
            aligner.push(1, RATE_HZ, first, ramp(first, 100))
    (block,) = drained(aligner)
    assert block.dropouts == (Dropout(1, 100, 100),)
    assert not block.samples[1, 100:200].any()
    assert np.array_equal(block.samples[1, 200:] * 32768, ramp(200, 200))


def test_a_silent_channel_delays_the_others_only_by_the_maximum_lag() -> None:
    aligner = FrameAligner(2)
    aligner.push(1, RATE_HZ, 0, ramp(0, 100))
    blocks = []
    for first in range(0, 3000, 100):
        aligner.push(0, RATE_HZ, first, ramp(first, 100))
        blocks += drained(aligner)
        heard_until = blocks[-1].first_sample + blocks[-1].count if blocks else 0
        assert first + 100 - heard_until <= 500 + 240
    assert (
        sum(dropout.samples for block in blocks for dropout in block.dropouts) == heard_until - 100
    )
    assert {dropout.channel for block in blocks for dropout in block.dropouts} == {1}


def test_a_short_gap_of_all_channels_is_filled_with_zeros() -> None:
    aligner = FrameAligner(2)
    blocks = []
    for first in (0, 200, 1800, 2000, 2200):
        for channel in (0, 1):
            aligner.push(channel, RATE_HZ, first, ramp(first, 200))
        blocks += drained(aligner)
    whole = np.concatenate([block.samples for block in blocks], axis=1)
    assert [block.gap_samples for block in blocks][1:] == [0] * (len(blocks) - 1)
    assert not whole[:, 400:1800].any()
    assert np.array_equal(whole[1, 1800:2400] * 32768, ramp(1800, 600))
    assert sum(dropout.samples for block in blocks for dropout in block.dropouts) == 2 * 1400


def test_a_long_gap_is_counted_and_not_filled() -> None:
    aligner = FrameAligner(2)
    blocks = []
    for first in (0, 200, 400, 100_000, 100_200, 100_400, 100_600):
        for channel in (0, 1):
            aligner.push(channel, RATE_HZ, first, ramp(first, 200))
            blocks += drained(aligner)
    cut = [(block.first_sample, block.count, block.gap_samples) for block in blocks]
    assert cut == [(0, 400, None), (400, 200, 0), (100_000, 400, 99_400), (100_400, 400, 0)]
    assert not any(block.dropouts for block in blocks)


def test_a_gap_of_one_channel_alone_is_filled_however_long() -> None:
    aligner = FrameAligner(2)
    blocks = []
    for first in range(0, 8000, 200):
        aligner.push(0, RATE_HZ, first, ramp(first, 200))
        if not 400 <= first < 6000:
            aligner.push(1, RATE_HZ, first, ramp(first, 200))
        blocks += drained(aligner)
    assert {block.gap_samples for block in blocks} == {None, 0}
    assert sum(dropout.samples for block in blocks for dropout in block.dropouts) == 5600


def test_flush_gives_an_incomplete_block() -> None:
    aligner = FrameAligner(2)
    aligner.push(0, RATE_HZ, 0, ramp(0, 100))
    aligner.push(1, RATE_HZ, 0, ramp(0, 80))
    assert aligner.pull() is None
    block = aligner.flush()
    assert block is not None
    assert (block.count, block.dropouts) == (100, (Dropout(1, 80, 20),))
    assert aligner.flush() is None
    aligner.push(0, RATE_HZ, 100, ramp(100, 240))
    aligner.push(1, RATE_HZ, 100, ramp(100, 240))
    assert [(block.first_sample, block.gap_samples) for block in drained(aligner)] == [(100, 0)]


def test_decreasing_numbers_mean_a_new_process_and_an_unknown_gap() -> None:
    aligner = FrameAligner(1)
    aligner.push(0, RATE_HZ, 50_000, ramp(50_000, 300))
    first = drained(aligner)
    aligner.push(0, RATE_HZ, 0, ramp(0, 300))
    second = drained(aligner)
    assert [block.gap_samples for block in first + second] == [None, None]
    assert second[0].first_sample == 0


def test_an_absurd_jump_of_a_channel_takes_no_memory() -> None:
    aligner = FrameAligner(1)
    aligner.push(0, RATE_HZ, 0, ramp(0, 300))
    drained(aligner)
    aligner.push(0, RATE_HZ, 10**15, ramp(0, 300))
    (block,) = drained(aligner)
    assert (block.count, block.gap_samples) == (300, 10**15 - 300)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_cut_of_the_frames_gives_the_same_samples(seed: int) -> None:
    cuts = np.random.default_rng(seed)
    total = 3000
    aligner = FrameAligner(3)
    ends = [0, 0, 0]
    blocks: list[Block] = []
    while min(ends) < total:
        channel = int(np.argmin(ends))
        count = int(cuts.integers(1, 240))
        sign = -1 if channel == 2 else 1
        aligner.push(channel, RATE_HZ, ends[channel], ramp(ends[channel], count, sign))
        ends[channel] += count
        blocks += drained(aligner)
    whole = np.concatenate([block.samples for block in blocks], axis=1)
    assert whole.shape[1] > total - 300
    assert not any(block.dropouts for block in blocks)
    for channel, sign in enumerate((1, 1, -1)):
        assert np.array_equal(whole[channel] * 32768, ramp(0, whole.shape[1], sign))
