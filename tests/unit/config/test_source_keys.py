"""The keys of sources: sound cards, streams, and the CPUs they keep to."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.load import load
from eas_station.config.model import Config
from eas_station.errors import ConfigError


def read(folder: Path, keys: str) -> Config:
    path = folder / "station.toml"
    path.write_text(f'[[source]]\nname = "a"\n{keys}\n')
    return load(path)


def test_a_sound_card_needs_no_more_than_its_kind(tmp_path: Path) -> None:
    (source,) = read(tmp_path, 'kind = "soundcard"').sources
    assert (source.device, source.channel, source.cpu_affinity) == (None, "mix", ())


def test_a_sound_card_is_chosen_by_name_channel_and_cpus(tmp_path: Path) -> None:
    keys = 'kind = "soundcard"\ndevice = "USB"\nchannel = "left"\ncpu_affinity = [2, 3]'
    (source,) = read(tmp_path, keys).sources
    assert (source.device, source.channel, source.cpu_affinity) == ("USB", "left", (2, 3))


@pytest.mark.parametrize(
    "url",
    [
        "https://name:pass%20word@radio.example:8443/live.mp3?token=a",
        "http://[::1]:8000/live",
        "rtsp://camera.lan/audio",
    ],
)
def test_a_stream_is_a_url_of_the_protocols_we_speak(tmp_path: Path, url: str) -> None:
    (source,) = read(tmp_path, f'kind = "stream"\nurl = "{url}"').sources
    assert source.url == url


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('kind = "stream"', "source.a.url: missing: kind stream needs it"),
        ('kind = "stream"\nurl = "radio.example/live"', "begins with https://, http://, rtsp://"),
        ('kind = "stream"\nurl = "file:///etc/passwd"', "begins with https://"),
        ('kind = "stream"\nurl = "http://radio.example:port/"', "begins with https://"),
        ('kind = "stream"\nurl = "http://:80/"', "begins with https://"),
        ('kind = "stream"\nurl = "http://a/b\\nfile x"', "begins with https://"),
        ('kind = "soundcard"\nurl = "http://a/"', "means nothing for kind soundcard"),
        ('kind = "soundcard"\ndevice = " "', "must be the name of a sound card"),
        ('kind = "soundcard"\nchannel = "both"', 'one of "left", "right", "mix"'),
        ('kind = "pipe"\npath = "p"\ndevice = "USB"', "means nothing for kind pipe"),
        ('kind = "soundcard"\ncpu_affinity = [1, 1]', "a list of different CPUs"),
        ('kind = "soundcard"\ncpu_affinity = [-1]', "the first one being 0"),
        ('kind = "soundcard"\ncpu_affinity = 2', "a list, each entry a whole number"),
        ('kind = "soundcrad"', "did you mean soundcard?"),
    ],
)
def test_a_fault_names_the_valid_values(tmp_path: Path, keys: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, keys)
    (fault,) = refused.value.faults
    assert told in str(fault)


def test_the_password_of_a_stream_stands_in_no_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, 'kind = "stream"\nurl = "htp://name:s3cret@radio.example/"')
    assert "s3cret" not in str(refused.value)
    assert "htp://name:…@radio.example/" in str(refused.value)
