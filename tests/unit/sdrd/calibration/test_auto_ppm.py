"""The automatic frequency correction."""

from __future__ import annotations

import itertools
import random

from eas_station.sdrd.calibration.auto_ppm import FIRST_S, WINDOW_S, AutoPpm


def test_a_slow_crystal_is_corrected_within_ten_seconds_to_half_a_ppm() -> None:
    ppm = AutoPpm()
    steps = [ppm.step(21.6) for _ in range(FIRST_S)]  # carriers too high: it tunes too low
    assert steps == [None] * (FIRST_S - 1) + [-22]
    assert all(ppm.step(-0.4) is None for _ in range(1000))


def test_a_remaining_error_is_added_to_the_correction() -> None:
    ppm = AutoPpm(5)
    assert [ppm.step(3.0) for _ in range(FIRST_S)][-1] == 2


def test_noise_and_errors_below_one_ppm_change_nothing() -> None:
    ppm, chance = AutoPpm(), random.Random(1)
    assert all(ppm.step(0.9 + chance.gauss(0, 0.3)) is None for _ in range(5)) is True
    quiet = AutoPpm()
    assert all(quiet.step(chance.gauss(0.5, 0.5)) is None for _ in range(2000))


def test_a_drift_is_followed_slowly() -> None:
    ppm, steps = AutoPpm(), []
    for second in range(3600):
        drift = second / 600  # 6 ppm in an hour
        step = ppm.step(drift + ppm.ppm)
        if step is not None:
            steps.append(second)
    assert ppm.ppm in (-5, -6)
    assert len(steps) == 5 or len(steps) == 6
    assert min(later - earlier for earlier, later in itertools.pairwise(steps)) > WINDOW_S


def test_without_carriers_the_correction_stays() -> None:
    ppm = AutoPpm(4)
    assert all(ppm.step(None) is None for _ in range(200))
    errors = [30.0 if second % 3 == 0 else None for second in range(200)]
    assert all(ppm.step(error) is None for error in errors)


def test_a_known_correction_needs_a_whole_window_to_change() -> None:
    ppm = AutoPpm(-22, is_known=True)
    assert [ppm.step(5.0) for _ in range(WINDOW_S)] == [None] * (WINDOW_S - 1) + [-27]


def test_corrections_are_limited() -> None:
    ppm = AutoPpm(190)
    assert [ppm.step(-60.0) for _ in range(FIRST_S)][-1] == 200
    assert all(ppm.step(-60.0) is None for _ in range(100))
