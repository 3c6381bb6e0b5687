"""The reading of a receiver."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.model import ReceiverConfig
from eas_station.dsp.radio.signal_levels import ChannelLevel
from eas_station.sdrd.receiver_reading import ReceiverReading, channel_name

SETTINGS = ReceiverConfig("wx", "file", Path("x"))


def level(snr_db: float, offset_hz: float = 0.0) -> ChannelLevel:
    return ChannelLevel(
        -20.0, -20.0 - snr_db, snr_db, 4000.0, offset_hz, carrier_present=snr_db > 0
    )


def test_a_channel_is_named_in_mhz_with_three_decimals() -> None:
    assert channel_name(162_400_000) == "162.400"
    assert channel_name(88_100_000) == "88.100"


def test_the_sentence_names_the_best_channel_losses_and_frequency_error() -> None:
    levels = (*[level(10, 292.4)] * 5, level(31, 292.4), level(-6, 9000))
    reading = ReceiverReading(SETTINGS, levels, 1_000, 0)
    assert reading.sentence() == "7 channels, best WX7 (162.525) 31 dB, 0 samples lost, ppm +1.8"


def test_ppm_is_the_median_of_the_carriers_only() -> None:
    offsets = [325.0, 325.0, 325.0, 4000.0]
    levels = tuple(level(20, hz) for hz in offsets) + tuple(level(-9, -9000) for _ in range(3))
    assert ReceiverReading(SETTINGS, levels, 0, 0).ppm() == pytest.approx(2.0, abs=0.01)


def test_without_a_carrier_there_is_no_best_channel_and_no_ppm() -> None:
    reading = ReceiverReading(SETTINGS, tuple(level(-8) for _ in range(7)), 0, 12)
    assert reading.sentence() == "7 channels, no carrier, 12 samples lost"
    assert reading.ppm() is None


def test_before_the_first_second_there_are_no_levels() -> None:
    reading = ReceiverReading(SETTINGS, (), 0, 0)
    assert reading.sentence() == "7 channels, 0 samples lost"
    assert reading.channels() == ()


def test_other_channels_are_named_by_their_frequency() -> None:
    settings = ReceiverConfig("fm", "file", Path("x"), channels_hz=(155_000_000,))
    reading = ReceiverReading(settings, (level(12),), 0, 0)
    assert reading.sentence() == "1 channel, best 155.000 12 dB, 0 samples lost, ppm +0.0"


def test_channel_states_carry_the_levels_in_the_order_of_the_settings() -> None:
    reading = ReceiverReading(SETTINGS, tuple(level(k, 10.0 * k) for k in range(7)), 0, 0)
    states = reading.channels()
    assert [s.channel for s in states][:2] == ["162.400", "162.425"]
    assert [s.snr_db for s in states] == [0, 1, 2, 3, 4, 5, 6]
    assert states[6].frequency_hz == 162_550_000
    assert states[6].offset_hz == 60
