"""The dispatch of eas-ctl."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from eas_station import __version__
from eas_station.ctl import main as dispatch

LIGHT = """
import sys
from eas_station.ctl.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(" ".join(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize("command", sorted(dispatch.COMMANDS))
def test_every_command_has_a_help_text_with_a_description(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        dispatch.main([command, "--help"])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: eas-ctl {command}")
    description = printed.split("\n\n")[1]
    assert not description.startswith(("options:", "positional arguments:"))


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dispatch.main(["--help"])
    printed = capsys.readouterr().out
    for command, (_, summary) in dispatch.COMMANDS.items():
        assert f"{command:<11}  {summary}\n" in printed


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dispatch.main(["--version"])
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize("argv", [[], ["nonsense"]])
def test_a_missing_or_unknown_command_is_exit_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        dispatch.main(argv)
    assert caught.value.code == 2


def test_decode_loads_no_database_and_status_no_numpy() -> None:
    def loaded(command: str) -> set[str]:
        argv = [sys.executable, "-c", LIGHT, command, "--help"]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        return set(done.stderr.split())

    decode = loaded("decode")
    assert "numpy" in decode
    assert not decode & {"sqlalchemy", "zmq", "lxml"}
    status = loaded("status")
    assert "zmq" in status
    assert not status & {"numpy", "lxml", "bottle"}


def test_every_module_of_a_command_exists() -> None:
    for module, _ in dispatch.COMMANDS.values():
        assert callable(importlib.import_module(f"eas_station.ctl.{module}").add_parser)


def test_an_outside_error_is_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert dispatch.main(["run", "--var", str(tmp_path / "file" / "var")]) == 2
    assert capsys.readouterr().err.startswith(f"eas-ctl: {tmp_path}/file/var cannot be created: ")
