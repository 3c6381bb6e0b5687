"""`eas-ctl config check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eas_station.ctl.main import main

VALID = '[[source]]\nname = "scanner"\nkind = "pipe"\npath = "x.pcm"\n'


def test_a_valid_file_lists_the_units(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "station.toml"
    path.write_text(VALID)
    assert main(["config", "check", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{path}: valid", "  eas-capd", "  eas-audiod@scanner", "  eas-webd"]
    assert main(["config", "check", "--json", "--config", str(path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["usable"] is True
    assert printed["units"] == ["eas-capd", "eas-audiod@scanner", "eas-webd"]


def test_an_invalid_file_is_exit_78_with_all_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "station.toml"
    path.write_text("[web]\nprot = 1\nhost = 2\n")
    assert main(["config", "check", str(path)]) == 78
    assert capsys.readouterr().err.splitlines() == [
        f"{path}:2: web.prot = 1: no such key; did you mean port?",
        f"{path}:3: web.host = 2: must be a text in quotes",
        "2 errors",
    ]
    assert main(["config", "check", str(path), "--json"]) == 78
    printed = json.loads(capsys.readouterr().out)
    assert printed["usable"] is False
    assert printed["faults"][0] == {
        "file": str(path),
        "line": 2,
        "key": "web.prot",
        "value": "1",
        "message": "no such key; did you mean port?",
    }
