from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.arrays.fir import Band


def gain(band: Band, frequency_hz: float, rate_hz: float = 48000.0) -> float:
    half = int(band.half_length_s * rate_hz) + 1
    at_s = np.arange(-half, half + 1) / rate_hz
    turns = np.exp(-2j * np.pi * frequency_hz * at_s)
    return float(abs((band.impulse(at_s) / rate_hz * turns).sum()))


@pytest.mark.parametrize("frequency_hz", [1100, 1562.5, 2083.3, 2600])
def test_the_pass_band_is_flat(frequency_hz: float) -> None:
    assert gain(Band(620, 3125, 850), frequency_hz) == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("frequency_hz", [0, 60, 180, 3600, 8000, 20000])
def test_the_rest_is_55_db_down(frequency_hz: float) -> None:
    assert gain(Band(620, 3125, 850), frequency_hz) < 0.002


def test_the_gain_is_one_half_at_the_edges() -> None:
    assert gain(Band(0, 3000, 600), 3000) == pytest.approx(0.5, abs=0.01)


def test_a_looser_stop_band_is_shorter() -> None:
    loose, tight = Band(0, 3000, 600, 40), Band(0, 3000, 600, 80)
    assert loose.half_length_s < tight.half_length_s
    assert gain(loose, 4000) < 0.011
