"""What [alarm] and the expectations of a [[source]] may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.load import load
from eas_station.config.model import AlarmConfig
from eas_station.errors import ConfigError

SOURCE = '[[source]]\nname = "wx"\nkind = "pipe"\npath = "/run/wx.pcm"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "station.toml"
    path.write_text(text)
    return path


def test_an_alarm_and_what_is_expected(tmp_path: Path) -> None:
    text = (
        '[alarm]\nwebhook = "https://example.org/h?x=1"\nheader_file = "credentials/alarm"\n'
        f'after_s = 5\n{SOURCE}probe_interval_s = 60\nexpect = ["RWT", "162.550 RMT", "mono RWT"]\n'
    )
    config = load(written(tmp_path, text))
    assert config.alarm == AlarmConfig(
        "https://example.org/h?x=1", tmp_path / "credentials" / "alarm", 5.0
    )
    (source,) = config.sources
    assert source.probe_interval_s == 60.0
    assert source.expect == ("RWT", "162.550 RMT", "mono RWT")


def test_there_is_no_alarm_and_received_tests_are_expected_by_default(tmp_path: Path) -> None:
    config = load(written(tmp_path, SOURCE))
    assert config.alarm.webhook is None
    assert config.sources[0].expect is None
    assert config.sources[0].probe_interval_s == 900.0


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ('[alarm]\nwebhook = "example.org"', "alarm.webhook", "begins with https://"),
        ('[alarm]\nwebhook = "ftp://example.org"', "alarm.webhook", "begins with https://"),
        ('[alarm]\nwebhook = "http://[x"', "alarm.webhook", "begins with https://"),
        ("[alarm]\nafter_s = -1", "alarm.after_s", "0 to 86400 seconds"),
        ('[alarm]\nwebook = "https://a"', "alarm.webook", "did you mean webhook?"),
        (SOURCE + "probe_interval_s = 0", "source.wx.probe_interval_s", "1 to 86400 seconds"),
        (SOURCE + 'expect = ["TOR"]', "source.wx.expect", "'TOR' must be \"RWT\""),
        (SOURCE + 'expect = ["162.55 RWT"]', "source.wx.expect", '"162.550 RWT"'),
    ],
)
def test_a_fault_names_the_valid_values(tmp_path: Path, text: str, key: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, text))
    (fault,) = refused.value.faults
    assert fault.key == key
    assert message in fault.message
