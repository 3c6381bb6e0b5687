"""Lost samples are detected, late ones are not."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from eas_station.sdrd.receivers.sample_clock import CRYSTALS_PPM, JITTER_S, WINDOW_S, SampleClock

RATE_HZ = 250_000
BLOCK = 10_000  # 40 ms


def arrivals(seconds: float, late_s: float, ppm: float, seed: int) -> Iterator[float]:
    """Arrival times: at a crystal's rate, with varying delay, in order."""
    chance = random.Random(seed)
    came_s = 0.0
    for number in range(1, round(seconds * RATE_HZ / BLOCK) + 1):
        made_s = number * BLOCK / RATE_HZ / (1 + ppm * 1e-6)
        came_s = max(came_s, made_s + chance.uniform(0, late_s))
        yield 1000 + came_s


@pytest.mark.parametrize("ppm", [-150, 0, 150])
def test_delays_and_drift_of_an_hour_are_not_losses(ppm: float) -> None:
    clock = SampleClock(RATE_HZ)
    lost = [clock.take(BLOCK, at) for at in arrivals(3600, 0.1, ppm, seed=1)]
    assert sum(lost) == 0


@pytest.mark.parametrize("dropped", [2, 5, 40])
def test_dropped_blocks_are_measured_within_the_jitter(dropped: int) -> None:
    clock = SampleClock(RATE_HZ)
    told = []
    for number, at in enumerate(arrivals(60, 0.03, 20, seed=2)):
        if not 600 <= number < 600 + dropped:
            told.append((clock.take(BLOCK, at), at))
    assert sum(lost for lost, _ in told) == pytest.approx(dropped * BLOCK, abs=0.02 * RATE_HZ)
    when = next(at for lost, at in told if lost)
    assert when - 1024 - dropped * BLOCK / RATE_HZ < 2 * WINDOW_S + 0.1


def test_small_losses_are_detected_when_they_add_up() -> None:
    clock = SampleClock(RATE_HZ)
    lost = 0
    for number, at in enumerate(arrivals(120, 0.02, 0, seed=3)):
        lost += clock.take(BLOCK - 500 if number % 25 == 24 else BLOCK, at)  # 2 ms each second
    untold = 120 * CRYSTALS_PPM * 1e-6 * RATE_HZ + (JITTER_S + 0.02) * RATE_HZ
    assert 120 * 500 - untold <= lost <= 120 * 500


def test_a_stall_that_is_caught_up_is_not_a_loss() -> None:
    clock = SampleClock(RATE_HZ)
    lost = 0
    for at in arrivals(60, 0.01, 0, seed=4):
        lost += clock.take(BLOCK, max(at, 1032.4) if at > 1030 else at)  # 2.4 s, then all at once
    assert lost == 0


def test_a_stall_in_which_samples_went_missing_is_a_loss() -> None:
    clock = SampleClock(RATE_HZ)
    told = [clock.take(BLOCK, at) for at in arrivals(60, 0.01, 0, seed=5) if not 1030 < at < 1032]
    assert sum(told) == pytest.approx(2 * RATE_HZ, abs=0.01 * RATE_HZ)


def test_a_long_overload_is_counted_in_full() -> None:
    clock = SampleClock(RATE_HZ)
    told = [clock.take(BLOCK * 3 // 4, at) for at in arrivals(100, 0.01, 0, seed=6)]
    assert sum(told) == pytest.approx(25 * RATE_HZ, rel=0.08)


def test_a_stream_of_pauses_is_judged_too() -> None:
    clock = SampleClock(RATE_HZ)
    told = [clock.take(RATE_HZ // 4, 1000 + 0.75 * number) for number in range(400)]  # a third
    heard = 400 * RATE_HZ // 4
    assert sum(told) + heard == pytest.approx(300 * RATE_HZ, rel=0.1)


def test_a_reconnect_is_a_gap_of_the_time_between() -> None:
    clock = SampleClock(RATE_HZ)
    assert [clock.take(BLOCK, 1000 + 0.04 * n) for n in range(5)] == [0] * 5
    clock.pause()
    assert clock.take(BLOCK, 1000 + 0.16 + 86_400) == 86_400 * RATE_HZ - BLOCK
    assert clock.take(BLOCK, 1000 + 0.20 + 86_400) == 0


def test_a_replacement_continues_where_the_old_receiver_ended() -> None:
    clock = SampleClock(RATE_HZ, received_at_s=1000.0)
    assert clock.take(BLOCK, 1001.04) == RATE_HZ


def test_before_the_first_samples_there_is_no_loss() -> None:
    assert SampleClock(RATE_HZ).take(BLOCK, 5_000.0) == 0
