from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eas_station.dsp.arrays.fir import Band
from eas_station.dsp.audio.resample import Resampler, step_between

Cuts = Callable[[int], list[tuple[int, int]]]
BAND = Band(620.0, 3125.0, 850.0)
RATES = [8000.0, 11025.0, 22050.0, 25000.0, 44100.0, 192000.0, 22051.3]


def tone(frequency_hz: float, rate_hz: float, seconds: float = 1.0) -> np.ndarray:
    at_s = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * at_s).astype(np.float32)[None]


def through(resampler: Resampler, sound: np.ndarray) -> np.ndarray:
    return np.concatenate([resampler.feed(sound), resampler.flush()], axis=1)[0]


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("frequency_hz", [1562.5, 2083.33])
def test_a_tone_in_the_band_passes_unchanged(rate_hz: float, frequency_hz: float) -> None:
    resampler = Resampler(1, rate_hz, 6250.0, BAND)
    out = through(resampler, tone(frequency_hz, rate_hz))
    expected = np.sin(2 * np.pi * frequency_hz * np.arange(len(out)) * resampler.step / rate_hz)
    assert np.abs(out - expected)[60:-60].max() < 0.003


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("frequency_hz", [0.0, 60.0, 3600.0])
def test_frequencies_that_would_alias_are_removed(rate_hz: float, frequency_hz: float) -> None:
    sound = tone(frequency_hz, rate_hz) if frequency_hz else np.ones((1, int(rate_hz)), np.float32)
    out = through(Resampler(1, rate_hz, 6250.0, BAND), sound)
    assert np.abs(out[60:-60]).max() < 0.004


@pytest.mark.parametrize(
    "rate_hz", [rate for rate in RATES if rate == int(rate)] + [16000.0, 24000.0, 32000.0, 96000.0]
)
def test_usual_rates_are_met_exactly(rate_hz: float) -> None:
    assert Resampler(1, rate_hz, 6250.0, BAND).step == rate_hz / 6250.0


def test_an_odd_rate_is_met_within_a_thousandth() -> None:
    for number, rate_hz in enumerate(np.random.default_rng(1).uniform(8000, 192000, 300)):
        step = float(step_between(float(rate_hz), 6250.0))
        assert abs(step / (rate_hz / 6250.0) - 1) < 1e-3
        if number % 30 == 0:  # its filter takes a while to make
            assert Resampler(1, float(rate_hz), 6250.0, Band(0, 3125, 3000)).step == step


@pytest.mark.parametrize("rate_hz", [11025.0, 25000.0])
def test_the_output_does_not_depend_on_the_cuts(rate_hz: float, cuts: Cuts) -> None:
    sound = np.random.default_rng(2).standard_normal((2, 9000)).astype(np.float32)
    whole = Resampler(2, rate_hz, 6250.0, BAND)
    expected = np.concatenate([whole.feed(sound), whole.flush()], axis=1)
    pieces = Resampler(2, rate_hz, 6250.0, BAND)
    out = [pieces.feed(sound[:, a:b]) for a, b in cuts(9000)]
    np.testing.assert_allclose(np.concatenate([*out, pieces.flush()], axis=1), expected, atol=2e-5)


def test_the_rate_can_be_raised(cuts: Cuts) -> None:
    resampler = Resampler(1, 8000.0, 25000.0, Band(0.0, 3600.0, 700.0))
    out = through(resampler, tone(1000.0, 8000.0))
    expected = np.sin(2 * np.pi * 1000.0 * np.arange(len(out)) / 25000.0)
    assert len(out) == 25000
    assert np.abs(out - expected)[200:-200].max() < 0.003


@pytest.mark.parametrize("rate_hz", [0.0, -8000.0])
def test_an_invalid_rate_is_refused(rate_hz: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Resampler(1, rate_hz, 6250.0, BAND)
