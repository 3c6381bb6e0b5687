"""Each daemon of the station: what it needs to be ready, and what it loads."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# DESIGN.md, 3: a daemon that loads what is not its job costs memory all day.
FORBIDDEN = {
    "eas-capd": {"numpy", "bottle", "waitress"},
    "eas-sdrd": {"bottle", "lxml", "eas_station.cap", "waitress", "requests"},
    "eas-audiod": {"bottle", "lxml", "eas_station.cap", "waitress", "requests"},
    "eas-webd": {"rtlsdr", "pyaudio", "numpy", "eas_station.decoder", "requests"},
}
SOURCE = '[[source]]\nname = "wx"\nkind = "receiver"\nreceiver = "wx"\n'


def arguments(program: str, config_path: Path) -> list[str]:
    named = ["--name", "wx"] if program in ("eas-sdrd", "eas-audiod") else []
    return ["--config", str(config_path), *named]


@pytest.mark.parametrize("program", sorted(FORBIDDEN))
def test_ready_within_five_seconds_with_nothing_there_and_only_its_own_modules(
    program: str, config_path: Path, folder: Path, start: Callable[..., Any]
) -> None:
    config_path.write_text(config_path.read_text() + SOURCE)
    process = start(
        program,
        *arguments(program, config_path),
        EAS_DEBUG_MODULES=str(folder / "modules"),
    )
    process.await_told("READY=1", 5.0)
    loaded = set((folder / "modules").read_text().split())
    assert f"eas_station.{program.removeprefix('eas-')}.main" in loaded
    assert not loaded & FORBIDDEN[program]
    assert not loaded & {"scipy", "pandas", "alembic", "sqlalchemy.orm"}
    process.signal(signal.SIGTERM)
    assert process.wait(5.0) == 0
    assert "Traceback" not in process.log()


@pytest.mark.parametrize("program", ["eas-audiod", "eas-capd"])
def test_the_status_shows_that_the_database_is_missing(
    program: str, config_path: Path, start: Callable[..., Any]
) -> None:
    config_path.write_text(config_path.read_text() + SOURCE)
    process = start(program, *arguments(program, config_path))
    while "database" not in process.await_told("STATUS=", 10.0):
        pass
