"""The composition root and its refusals."""

from __future__ import annotations

from pathlib import Path

from eas_station.config.model import Config, ReceiverConfig
from eas_station.sdrd.main import own_settings, unreachable


def test_the_receiver_s_settings_are_found_by_name() -> None:
    tables = tuple(ReceiverConfig(name, "file", Path(name)) for name in ("a", "wx", "b"))
    assert own_settings(Config(receivers=tables), "wx") is tables[1]


def test_channels_out_of_reach_are_a_fault_with_the_reason() -> None:
    settings = ReceiverConfig("wx", "file", Path("x"), channels_hz=(163_000_000,))
    fault = unreachable(Config(files=("station.toml",)), settings, ValueError("too far away"))
    assert str(fault) == "station.toml: receiver.wx.channels_hz = [163000000]: too far away"
