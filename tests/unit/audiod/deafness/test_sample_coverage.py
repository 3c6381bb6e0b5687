"""Received and deaf time add up to the wall time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_station.audiod.deafness.sample_coverage import SAMPLES_LOST, DeafSpan, SampleCoverage
from eas_station.audiod.sources.audio_source import Block, Dropout

RATE_HZ = 1000


def block(count: int = 250, gap: int | None = 0, *dropouts: Dropout, channels: int = 2) -> Block:
    return Block(np.zeros((channels, count), np.float32), RATE_HZ, 0, gap, dropouts)


def seconds(intervals: list[DeafSpan], channel: int) -> float:
    ended = (deaf for deaf in intervals if deaf.channel == channel and deaf.to_s is not None)
    return sum(deaf.to_s - deaf.from_s for deaf in ended)


def test_a_new_station_was_never_deaf() -> None:
    ledger = SampleCoverage(2)
    assert ledger.until_s is None
    assert ledger.received(100.25, block(gap=None)) == []
    assert ledger.until_s == pytest.approx(100.25)


def test_a_restart_is_deaf_from_the_checkpoint_to_the_first_block() -> None:
    ledger = SampleCoverage(2, until_s=90.0, why="restart")
    done = ledger.received(100.25, block(gap=None))
    assert done == [DeafSpan(0, 90.0, 100.0, "restart"), DeafSpan(1, 90.0, 100.0, "restart")]
    assert ledger.why is None


def test_a_counted_gap_is_deaf_for_exactly_its_samples() -> None:
    ledger = SampleCoverage(1)
    ledger.received(10.0, block(channels=1))
    (deaf,) = ledger.received(13.25, block(250, 3000, channels=1))
    assert (deaf.from_s, deaf.to_s, deaf.why) == (10.0, 13.0, SAMPLES_LOST)
    assert ledger.until_s == pytest.approx(13.25)


def test_an_absurd_gap_ends_at_the_present() -> None:
    ledger = SampleCoverage(1)
    ledger.received(10.0, block(channels=1))
    (deaf,) = ledger.received(13.25, block(250, 10**15, channels=1))
    assert deaf.to_s == pytest.approx(13.0)


def test_a_dropout_across_two_blocks_is_one_span_of_its_channel() -> None:
    ledger = SampleCoverage(2)
    assert ledger.received(1.0, block(250, None, Dropout(1, 150, 100))) == []
    assert ledger.received(1.25, block(250, 0, Dropout(1, 0, 50))) == [
        DeafSpan(1, pytest.approx(0.9), pytest.approx(1.05), SAMPLES_LOST)
    ]


def test_close_gives_a_dropout_that_is_still_open() -> None:
    ledger = SampleCoverage(2)
    ledger.received(1.0, block(250, None, Dropout(0, 150, 100)))
    assert ledger.close() == [DeafSpan(0, pytest.approx(0.9), pytest.approx(1.0), SAMPLES_LOST)]
    assert ledger.close() == []


def test_a_silent_source_is_deaf_from_its_last_block() -> None:
    ledger = SampleCoverage(1)
    ledger.received(10.0, block(channels=1))
    assert ledger.deaf(12.5, "no audio") == [DeafSpan(0, 10.0, None, "no audio")]
    assert ledger.deaf(13.0, "no audio") == []
    assert ledger.why == "no audio"
    assert ledger.received(20.25, block(channels=1)) == [DeafSpan(0, 10.0, 20.0, "no audio")]


def test_another_reason_begins_another_span() -> None:
    ledger = SampleCoverage(1, until_s=0.0, why="restart")
    assert ledger.deaf(5.0, "receiver away") == [
        DeafSpan(0, 0.0, 5.0, "restart"),
        DeafSpan(0, 5.0, None, "receiver away"),
    ]
    assert ledger.received(9.25, block(channels=1)) == [DeafSpan(0, 5.0, 9.0, "receiver away")]


def test_deafness_continues_across_a_restart() -> None:
    ledger = SampleCoverage(1, until_s=0.0, why="unplugged")
    assert ledger.deaf(50.0, "unplugged") == []
    assert ledger.received(60.25, block(channels=1)) == [DeafSpan(0, 0.0, 60.0, "unplugged")]


def test_a_dropout_of_hours_is_recorded_every_hour() -> None:
    ledger = SampleCoverage(1)
    told: list[DeafSpan] = []
    for i in range(1, 2 * 4 * 3600 + 3):
        told += ledger.received(i * 0.25, block(250, 0, Dropout(0, 0, 250), channels=1))
    assert [deaf.to_s - deaf.from_s for deaf in told if deaf.to_s] == [3600.0, 3600.0]


def test_late_blocks_are_not_lost() -> None:
    ledger = SampleCoverage(1)
    ledger.received(0.0, block(channels=1))
    told = [deaf for _ in range(16) for deaf in ledger.received(4.0, block(channels=1))]
    assert told == []
    assert ledger.until_s == pytest.approx(4.0)


def test_uncounted_losses_are_detected_after_some_seconds() -> None:
    ledger = SampleCoverage(1)
    ledger.received(0.0, block(channels=1))
    told = [
        deaf for i in range(60) for deaf in ledger.received(3.0 + 0.25 * (i + 1), block(channels=1))
    ]
    assert seconds(told, 0) == pytest.approx(3.0, abs=0.01)
    assert ledger.until_s == pytest.approx(18.0)


def test_a_sound_card_that_is_100_ppm_slow_is_never_deaf() -> None:
    ledger = SampleCoverage(1)
    told: list[DeafSpan] = []
    for i in range(40_000):
        told += ledger.received(i * 0.25 * 1.0001, block(channels=1))
    assert told == []
    assert ledger.until_s == pytest.approx(9999 * 1.0001, abs=1.3)


@settings(max_examples=80)
@given(seed=st.integers(0, 2**32 - 1))
def test_heard_and_deaf_together_are_the_wall_time(seed: int) -> None:
    """An independent sum: lost plus received time is all of the time."""
    chance = np.random.default_rng(seed)
    ledger = SampleCoverage(2, until_s=0.0, why="restart")
    at_s, heard_s, told = 0.0, [0.0, 0.0], []
    for _ in range(100):
        kind = chance.integers(0, 10)
        if kind == 0:
            at_s += chance.uniform(2, 20)
            told += ledger.deaf(at_s, str(chance.choice(["away", "stopped"])))
        gap = int(chance.integers(2000, 9000)) if kind == 1 else 0
        dropout = Dropout(0, 20, int(chance.integers(60, 120))) if kind == 2 else None
        at_s += gap / RATE_HZ + 0.25
        told += ledger.received(at_s, block(250, gap, *([dropout] if dropout else [])))
        heard_s[0] += 0.25 - (dropout.samples / RATE_HZ if dropout else 0)
        heard_s[1] += 0.25
    told += ledger.close()
    for channel in (0, 1):
        assert heard_s[channel] + seconds(told, channel) == pytest.approx(at_s, abs=0.06)


def test_every_span_that_begins_also_ends() -> None:
    ledger = SampleCoverage(1)
    ledger.received(10.0, block(channels=1))
    assert ledger.deaf(12.0, "lost") == [DeafSpan(0, 10.0, None, "lost")]
    assert ledger.deaf(12.5, "no way") == [
        DeafSpan(0, 10.0, 12.5, "lost"),
        DeafSpan(0, 12.5, None, "no way"),
    ]
    told = ledger.deaf(12.501, "refused")
    assert told == [DeafSpan(0, 12.5, 12.501, "no way"), DeafSpan(0, 12.501, None, "refused")]
    (end,) = ledger.received(12.752, block(channels=1))
    assert (end.from_s, end.why) == (12.501, "refused")
    assert end.to_s == pytest.approx(12.502)
