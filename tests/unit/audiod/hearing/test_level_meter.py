"""Level and silence of the channels."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.audiod.hearing.level_meter import AudioLevelMeter, AudioMeasurement

RATE_HZ = 25_000


def sine(seconds: float, amplitude: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)


def test_a_sine_at_full_scale_is_minus_3_rms_and_0_peak() -> None:
    (level,) = AudioLevelMeter(1).feed(sine(0.5, 1.0)[None], RATE_HZ)
    assert level.rms_dbfs == pytest.approx(-3.0, abs=0.1)
    assert level.peak_dbfs == pytest.approx(0.0, abs=0.1)
    assert not level.silent


def test_a_negative_peak_counts() -> None:
    block = np.zeros((1, RATE_HZ), dtype=np.float32)
    block[0, 7] = -0.5
    (level,) = AudioLevelMeter(1).feed(block, RATE_HZ)
    assert level.peak_dbfs == pytest.approx(-6.0, abs=0.1)


def test_two_levels_per_second_independently_of_the_cuts() -> None:
    samples = np.stack((sine(4, 0.1), sine(4, 0.01)))
    cuts = np.sort(np.random.default_rng(5).integers(0, samples.shape[1], 60))
    meter = AudioLevelMeter(2)
    read: list[tuple[AudioMeasurement, ...]] = []
    for piece in np.split(samples, cuts, axis=1):
        read += [levels] if (levels := meter.feed(piece, RATE_HZ)) else []
    assert 6 <= len(read) <= 8
    for loud, quiet in read:
        assert loud.rms_dbfs == pytest.approx(-23.0, abs=0.2)
        assert quiet.rms_dbfs == pytest.approx(-43.0, abs=0.2)


def test_silence_begins_after_five_seconds_and_ends_with_any_audio() -> None:
    meter = AudioLevelMeter(1)
    silent = [meter.feed(np.zeros((1, 12_500), np.float32), RATE_HZ)[0].silent for _ in range(12)]
    assert silent == [False] * 9 + [True] * 3
    assert not meter.feed(sine(0.5, 0.1)[None], RATE_HZ)[0].silent


def test_a_nan_affects_only_its_own_period() -> None:
    meter = AudioLevelMeter(1)
    meter.feed(np.full((1, 12_500), np.nan, np.float32), RATE_HZ)
    (level,) = meter.feed(sine(0.5, 1.0)[None], RATE_HZ)
    assert level.rms_dbfs == pytest.approx(-3.0, abs=0.1)
