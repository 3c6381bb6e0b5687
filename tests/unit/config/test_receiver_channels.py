"""Channels, centre and rate of a receiver must fit together; the fault says what would."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.load import load
from eas_station.config.model import ReceiverConfig
from eas_station.errors import ConfigError


def receiver(tmp_path: Path, text: str) -> ReceiverConfig:
    path = tmp_path / "station.toml"
    path.write_text(f'[[receiver]]\nname = "fm"\nkind = "rtlsdr"\n{text}\n')
    return load(path).receivers[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "rate_hz = 250500",
            "rate_hz = 250500: must be a multiple of 1000 Hz, as 250000 or 251000",
        ),
        ("center_hz = 162476000", "the nearest is 162475000"),
        ("center_hz = 162478000", "the nearest is 162477500"),
        (
            'modulation = "wbfm"\nrate_hz = 1000000\ncenter_hz = 98000000\n'
            "channels_hz = [98400000]",
            "98400000 lies outside of what is received with this center_hz and rate_hz: 97.6050 to"
            " 98.3950 MHz",
        ),
        ("channels_hz = []", "must have at least one frequency"),
        ("squelch_db = 99.0", "squelch_db = 99.0: must be -10 to 70 dB"),
        ('modulation = "am"', "modulation"),
    ],
)
def test_a_fault_names_the_valid_values(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        receiver(tmp_path, text)
    (only,) = caught.value.faults
    assert told in str(only)


@pytest.mark.parametrize(
    "rate_hz", [240_000, 250_000, 288_000, 1_000_000, 1_024_000, 1_920_000, 2_048_000, 2_400_000]
)
def test_the_usual_rates_are_taken_with_a_channel_at_the_centre(
    tmp_path: Path, rate_hz: int
) -> None:
    settings = receiver(tmp_path, f"rate_hz = {rate_hz}\ncenter_hz = 162475000\nsquelch_db = 6.0")
    assert (settings.rate_hz, settings.squelch_db, settings.modulation) == (rate_hz, 6.0, "nfm")


def test_broadcast_stations_within_one_capture_are_taken(tmp_path: Path) -> None:
    stations = "channels_hz = [97300000, 98100000, 98700000]"
    text = f'modulation = "wbfm"\nrate_hz = 2400000\ncenter_hz = 98000000\n{stations}'
    assert receiver(tmp_path, text).channels_hz == (97_300_000, 98_100_000, 98_700_000)
