"""The changes of the configuration that need a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eas_station.config.model import Config, FeedConfig, PathsConfig, StationConfig
from eas_station.ctl.units.applied import is_applied, mark_applied, mark_at_boot


def test_a_feed_needs_a_reload_and_an_area_needs_a_restart(tmp_path: Path) -> None:
    config = Config(paths=PathsConfig(tmp_path, tmp_path))
    assert not is_applied(config)
    mark_applied(config)
    assert is_applied(replace(config, feeds=(FeedConfig("nws", "nws"),)))
    assert not is_applied(replace(config, station=StationConfig(same_codes=("039173",))))


def test_settings_noted_at_boot_do_not_hide_a_later_change(tmp_path: Path) -> None:
    config = Config(paths=PathsConfig(tmp_path, tmp_path))
    mark_at_boot(config)
    changed = replace(config, station=StationConfig(callsign="KTOL"))
    mark_at_boot(changed)
    assert not is_applied(changed)
