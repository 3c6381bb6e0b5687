"""The configuration of the demonstration."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from eas_station.config.embedded import cap_dir, capture_path, embedded, to_toml
from eas_station.config.load import load
from eas_station.config.model import Config, FeedConfig, StationConfig, WebConfig


def reread(tmp_path: Path, config: Config) -> Config:
    path = tmp_path / "station.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    return dataclasses.replace(load(path), files=())


def test_everything_lies_under_one_folder(tmp_path: Path) -> None:
    config = embedded(tmp_path, same_codes=("039173",), states=("OH",))
    assert config.paths.state_dir == tmp_path / "state"
    assert config.paths.runtime_dir == tmp_path / "run"
    assert config.database.url == f"sqlite:///{tmp_path}/state/station.sqlite"
    assert config.receivers[0].path == capture_path(tmp_path)
    assert config.feeds[0].area == ("OH",)
    assert config.feeds[1].path == cap_dir(tmp_path)


def test_the_written_file_is_read_back(tmp_path: Path) -> None:
    config = embedded(
        tmp_path, tmp_path / "elsewhere", 8081, ("039173", "039095"), (41.4, -83.6), ("OH",)
    )
    assert reread(tmp_path, config) == config


@pytest.mark.parametrize("name", ['say "so"', "back\\slash", "tab\tnew\nline", "Zürich ☂", "#no"])
def test_any_text_is_written_so_that_it_comes_back(tmp_path: Path, name: str) -> None:
    config = Config(
        station=StationConfig(name=name), web=WebConfig(port=1), feeds=(FeedConfig("a", "nws"),)
    )
    assert reread(tmp_path, config) == config


def test_the_defaults_are_an_empty_file() -> None:
    assert to_toml(Config()) == ""
