"""The keys of a [[receiver]]: what each kind takes, and what its dongle can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.load import load
from eas_station.config.model import ReceiverConfig
from eas_station.errors import ConfigError


def receiver(tmp_path: Path, text: str) -> ReceiverConfig:
    path = tmp_path / "station.toml"
    path.write_text(f'[[receiver]]\nname = "wx"\n{text}\n')
    return load(path).receivers[0]


def fault(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        receiver(tmp_path, text)
    (only,) = caught.value.faults
    return str(only).partition("station.toml:")[2]


def test_a_dongle_needs_no_key_but_its_kind(tmp_path: Path) -> None:
    settings = receiver(tmp_path, 'kind = "rtlsdr"')
    assert (settings.serial, settings.gain, settings.ppm) == (None, "auto", "auto")
    assert (settings.bias_tee, settings.direct_sampling, settings.bandwidth_hz) == (
        False,
        "off",
        None,
    )


def test_gain_and_ppm_are_numbers_or_auto(tmp_path: Path) -> None:
    settings = receiver(tmp_path, 'kind = "rtl_tcp"\nhost = "attic"\ngain = 33\nppm = -1.5')
    assert (settings.host, settings.port, settings.gain, settings.ppm) == ("attic", 1234, 33, -1.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "rtl_tcp"', "receiver.wx.host: missing: kind rtl_tcp needs it"),
        ('kind = "file"', "receiver.wx.path: missing: kind file needs it"),
        (
            'kind = "rtlsdr"\nhost = "attic"',
            'receiver.wx.host = "attic": means nothing for kind rtlsdr',
        ),
        ('kind = "file"\npath = "x"\nppm = 2', "receiver.wx.ppm = 2: means nothing for kind file"),
        (
            'kind = "rtlsdr"\ngain = "high"',
            'receiver.wx.gain = "high": must be a number or "auto"',
        ),
        (
            'kind = "rtlsdr"\ngain = 99',
            'receiver.wx.gain = 99: must be -10 to 60 dB, or "auto"',
        ),
        (
            'kind = "rtlsdr"\nppm = 1000',
            'receiver.wx.ppm = 1000: must be -200 to 200 millionths, or "auto"',
        ),
        (
            'kind = "rtlsdr"\ndirect_sampling = "x"',
            'receiver.wx.direct_sampling = "x": must be one of "off", "i", "q"',
        ),
        (
            'kind = "rtlsdr"\nrate_hz = 500000',
            "receiver.wx.rate_hz = 500000: must be 225001 to 300000 or 900001 to 3200000 Hz: a "
            "dongle has no other rates",
        ),
        (
            'kind = "rtlsdr"\nserial = ""',
            'receiver.wx.serial = "": must be as rtl_eeprom shows it, "00000001"; without the '
            "key the only dongle is taken",
        ),
        (
            'kind = "rtl_tcp"\nhost = "attic:1234"',
            'receiver.wx.host = "attic:1234": must be a name or an address alone',
        ),
        (
            'kind = "file"\npath = "x.WAV"',
            'receiver.wx.format: must be "wav" for a path that ends in .wav',
        ),
        (
            'kind = "rtlsrd"',
            'receiver.wx.kind = "rtlsrd": must be one of "rtlsdr", "rtl_tcp", "file"; did you '
            "mean rtlsdr?",
        ),
    ],
)
def test_a_fault_names_the_valid_values(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault(tmp_path, text)


@pytest.mark.parametrize("rate_hz", [226_000, 250_000, 300_000, 901_000, 2_400_000, 3_200_000])
def test_the_rates_of_a_dongle_are_taken(tmp_path: Path, rate_hz: int) -> None:
    assert receiver(tmp_path, f'kind = "rtlsdr"\nrate_hz = {rate_hz}').rate_hz == rate_hz


@pytest.mark.parametrize("rate_hz", [225_000, 300_001, 900_000, 500_000])
def test_no_other_rate_of_a_dongle_is_taken(tmp_path: Path, rate_hz: int) -> None:
    assert "receiver.wx.rate_hz" in fault(tmp_path, f'kind = "rtlsdr"\nrate_hz = {rate_hz}')
