"""Levels against known carriers and noise."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.radio.channelizer import Channelizer
from eas_station.dsp.radio.fm import Discriminator, Modulator
from eas_station.dsp.radio.iq import from_cu8, to_cu8
from eas_station.dsp.radio.signal_levels import ChannelLevel, ChannelLevelMeter
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer

RATE_HZ, CENTER_HZ, CHANNEL_RATE_HZ = 250_000, 162_487_500, 25_000
NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]


def frequencies(seconds: float, deviation_hz: float, offset_hz: float) -> np.ndarray:
    t = np.arange(int(seconds * CHANNEL_RATE_HZ)) / CHANNEL_RATE_HZ
    rows = [deviation_hz * np.sin(2 * np.pi * (500 + 200 * k) * t) for k in range(7)]
    return (np.stack(rows) + offset_hz).astype(np.float32)


def measured(
    cn_db: list[float], deviation_hz: float = 3000, offset_hz: float = 0.0
) -> list[ChannelLevel]:
    """The levels of the second second, through the whole chain."""
    front = FrontEnd(RATE_HZ, cn_db, np.random.default_rng(5))
    baseband = Modulator(7, CHANNEL_RATE_HZ).feed(frequencies(2.1, deviation_hz, offset_hz))
    iq = Synthesizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(baseband * front.amplitudes)
    iq += front.noise(iq.size)
    bank = Channelizer(RATE_HZ, CENTER_HZ, NWR_HZ)
    channels = bank.feed(from_cu8(to_cu8(iq)))
    found = Discriminator(7, CHANNEL_RATE_HZ).demodulate(channels)
    meter = ChannelLevelMeter(7, CHANNEL_RATE_HZ, bank.noise_bandwidth_hz)
    return list(meter.feed(found.power, found.frequency_hz)[1])


def test_the_measured_snr_is_the_carrier_to_noise_ratio() -> None:
    cn_db = [2.0, 5.0, 8.0, 12.0, 16.0, 20.0, 24.0]
    for level, wanted in zip(measured(cn_db), cn_db, strict=True):
        assert level.snr_db == pytest.approx(wanted, abs=0.7)
        assert level.signal_dbfs - level.noise_dbfs == pytest.approx(level.snr_db)
        assert level.carrier_present


def test_seven_channels_40_db_apart_are_measured_independently() -> None:
    cn_db = [5.0, 40.0, 5.0, 40.0, 5.0, 25.0, 10.0]
    levels = measured(cn_db)
    for level, wanted in zip(levels, cn_db, strict=True):
        assert level.snr_db == pytest.approx(wanted, abs=2.5 if wanted > 30 else 1.5)
    difference = levels[1].signal_dbfs - levels[0].signal_dbfs
    assert difference == pytest.approx(35, abs=1)


def test_noise_alone_is_not_a_carrier() -> None:
    for level in measured([20.0] + [-60.0] * 6)[1:]:
        assert not level.carrier_present
        assert level.snr_db < -3


def test_deviation_and_offset_are_those_of_the_carrier() -> None:
    for level in measured([30.0] * 7, deviation_hz=4000, offset_hz=-450):
        assert level.deviation_hz == pytest.approx(4000, rel=0.06)
        assert level.offset_hz == pytest.approx(-450, abs=10)


def test_a_click_is_not_deviation() -> None:
    frequency = np.zeros((1, 25_000), dtype=np.float32)
    frequency[0, 5000] = 12_000
    power = np.ones((1, 25_000), dtype=np.float32)
    ((level,),) = ChannelLevelMeter(1, 25_000, 16_000).feed(power, frequency)
    assert level.deviation_hz == 0


def test_zeros_give_finite_levels_and_no_carrier() -> None:
    nothing = np.zeros((1, 25_000), dtype=np.float32)
    ((level,),) = ChannelLevelMeter(1, 25_000, 16_000).feed(nothing, nothing)
    assert (level.signal_dbfs, level.noise_dbfs) == (-120, -120)
    assert not level.carrier_present


def test_a_clean_carrier_has_finite_levels() -> None:
    ones = np.ones((1, 25_000), dtype=np.float32)
    ((level,),) = ChannelLevelMeter(1, 25_000, 16_000).feed(ones, 0 * ones)
    assert level.signal_dbfs == pytest.approx(0, abs=1e-3)
    assert level.snr_db == 70
    assert level.carrier_present


def test_levels_do_not_depend_on_the_cuts(cuts) -> None:
    rng = np.random.default_rng(3)
    power = np.square(rng.standard_normal((3, 60_000), dtype=np.float32))
    frequency = rng.standard_normal((3, 60_000), dtype=np.float32)
    whole = ChannelLevelMeter(3, 25_000, 16_000).feed(power, frequency)
    meter = ChannelLevelMeter(3, 25_000, 16_000)
    parts = []
    for a, b in cuts(60_000):
        parts += meter.feed(power[:, a:b], frequency[:, a:b])
    assert len(whole) == 2
    assert parts == whole
