"""Automatic gain on a simulated 8-bit converter with noise and signals."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.radio.iq import from_cu8, to_cu8
from eas_station.sdrd.calibration.auto_gain import (
    HOLD_S,
    MAX_CLIPPED,
    MIN_FLOOR_DBFS,
    AutoGain,
    GainReading,
    measure,
    nearest_db,
)
from eas_station.sdrd.receivers.rtl_tcp import R82XX_GAINS

GAINS_DB = tuple(gain / 10 for gain in R82XX_GAINS)
COUNT = 16_384


class Antenna:
    """A tuner and a converter: noise and one carrier before the gain, 8 bits after it."""

    def __init__(self, noise_dbfs: float, carrier_dbfs: float) -> None:
        """Levels are those at a gain of 0 dB, over the whole capture."""
        self.noise_dbfs, self.carrier_dbfs = noise_dbfs, carrier_dbfs
        self._rng = np.random.default_rng(1)

    def received(self, gain_db: float) -> np.ndarray:
        noise = self._rng.standard_normal(2 * COUNT, dtype=np.float32).view(np.complex64)
        noise *= np.float32(10 ** ((self.noise_dbfs + gain_db) / 20) / np.sqrt(2))
        turns = 2j * np.pi * 0.13 * np.arange(COUNT)
        carrier = np.exp(turns) * 10 ** ((self.carrier_dbfs + gain_db) / 20)
        return from_cu8(to_cu8((noise + carrier).astype(np.complex64)))


def settled(antenna: Antenna, begin_db: float | None, seconds: int = 90) -> tuple[AutoGain, int]:
    """The gain after so many seconds, and the number of steps."""
    gain, steps = AutoGain(GAINS_DB, begin_db), 0
    for _ in range(seconds):
        steps += gain.step(measure(antenna.received(gain.gain_db))) is not None
    return gain, steps


def test_the_floor_is_measured_between_the_signals() -> None:
    heard = measure(Antenna(-45, -20).received(10))
    assert heard.floor_dbfs == pytest.approx(-35, abs=1)
    assert heard.power_dbfs == pytest.approx(-10, abs=0.5)
    assert heard.clipped == 0


def test_without_an_antenna_the_floor_is_quantisation_noise() -> None:
    # Zero lies between two codes: half a step on each rail, whatever comes.
    assert measure(Antenna(-65, -120).received(0)).floor_dbfs == pytest.approx(-45, abs=1)


def test_clipping_is_counted_in_samples() -> None:
    assert measure(Antenna(-60, 3).received(0)).clipped > 0.3
    assert measure(Antenna(-60, -3).received(0)).clipped == 0


@pytest.mark.parametrize("begin_db", [0.0, None, 49.6])
@pytest.mark.parametrize(("noise_dbfs", "carrier_dbfs"), [(-65, -50), (-75, -80), (-70, -40)])
def test_the_gain_lifts_the_noise_above_quantisation_without_clipping(
    noise_dbfs: float, carrier_dbfs: float, begin_db: float | None
) -> None:
    antenna = Antenna(noise_dbfs, carrier_dbfs)
    gain, steps = settled(antenna, begin_db)
    heard = measure(antenna.received(gain.gain_db))
    assert heard.clipped < MAX_CLIPPED
    assert MIN_FLOOR_DBFS - 1.5 < heard.floor_dbfs < -27 or heard.power_dbfs > -16
    assert steps <= 8


def test_a_strong_station_limits_the_gain() -> None:
    antenna = Antenna(-80, -25)
    gain, _ = settled(antenna, 49.6)
    heard = measure(antenna.received(gain.gain_db))
    assert heard.clipped == 0
    assert -20 < heard.power_dbfs < -8


def test_the_gain_settles() -> None:
    antenna = Antenna(-65, -45)
    gain, _ = settled(antenna, None)
    assert all(gain.step(measure(antenna.received(gain.gain_db))) is None for _ in range(300))


def test_without_an_antenna_the_gain_goes_to_its_maximum() -> None:
    gain, _ = settled(Antenna(-120, -200), None)
    assert gain.gain_db == 49.6


def test_a_gain_that_clipped_is_not_used_for_ten_minutes() -> None:
    gain = AutoGain(GAINS_DB, 40.2)
    deaf, clipping = GainReading(0, -40, -50), GainReading(0.01, -20, -45)
    while gain.gain_db >= 40.2:
        gain.step(clipping)
    low_db = gain.gain_db
    steps = [gain.step(deaf) for _ in range(HOLD_S - 10)]
    assert max(step for step in steps if step is not None) < 40.2
    assert gain.gain_db > low_db
    assert any((gain.step(deaf) or 0) >= 40.2 for _ in range(30))


def test_one_click_changes_nothing() -> None:
    gain = AutoGain(GAINS_DB, 30)
    right, click = GainReading(0, -20, -35), GainReading(0.01, -5, -20)
    assert all(gain.step(click if n % 5 == 0 else right) is None for n in range(100))


def test_the_nearest_gain_is_chosen() -> None:
    assert nearest_db(GAINS_DB, 33) == 32.8
    assert AutoGain(GAINS_DB, 100).gain_db == 49.6
