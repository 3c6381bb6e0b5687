"""A small station: a configuration file, a runtime folder, an empty SQLite database."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eas_station.config.load import load
from eas_station.config.model import Config

TOML = """
[station]
callsign = "KTEST"
same_codes = ["039173"]
clock = "trusted"
[paths]
state_dir = "state"
runtime_dir = "run"
[database]
url = "sqlite:///{database}"
[[receiver]]
name = "wx"
kind = "file"
path = "none.cu8"
[[source]]
name = "wx"
kind = "receiver"
receiver = "wx"
"""


@pytest.fixture
def station_toml() -> Iterator[Path]:
    """A configuration whose database does not exist yet, in a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="eas-") as name:
        folder = Path(name)
        (folder / "run").mkdir(mode=0o750)
        (folder / "state").mkdir()
        path = folder / "station.toml"
        path.write_text(TOML.format(database=folder / "record.sqlite"), encoding="utf-8")
        yield path


@pytest.fixture
def config(station_toml: Path, new_database: Callable[[Path], str]) -> Config:
    """The configuration, with its database."""
    new_database(station_toml.parent / "record.sqlite")
    return load(station_toml)
