"""The common main: arguments and exit statuses, where no daemon comes to life."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from eas_station.errors import EXIT_CONFIG
from eas_station.service import program
from eas_station.service.daemon import Daemon


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


def never(daemon: Daemon) -> None:
    pytest.fail("nothing may start")


def test_every_fault_is_logged_and_the_exit_status_is_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "station.toml"
    path.write_text("[web]\nport = 0.5\nhots = 1\n")
    assert program.run("eas-webd", ["--config", str(path)], never) == EXIT_CONFIG
    told = capsys.readouterr().err
    assert f"{path}:2: web.port = 0.5: must be a whole number" in told
    assert f"{path}:3: web.hots = 1: no such key; did you mean host?" in told
    assert "the configuration has 2 faults; not starting" in told


def test_an_instance_must_be_configured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "station.toml"
    path.write_text('[[source]]\nname = "scanner"\nkind = "pipe"\npath = "x"\n')
    argv = ["--config", str(path), "--name", "wx"]
    assert program.run("eas-audiod", argv, never, "source") == EXIT_CONFIG
    assert "no [[source]] of this name: the configuration has scanner" in capsys.readouterr().err
    assert program.run("eas-sdrd", argv, never, "receiver") == EXIT_CONFIG
    assert "no [[receiver]] of this name: there is none" in capsys.readouterr().err


def test_an_instance_must_be_named() -> None:
    with pytest.raises(SystemExit) as caught:
        program.run("eas-sdrd", [], never, "receiver")
    assert caught.value.code == 2
