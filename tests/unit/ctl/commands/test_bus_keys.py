"""`eas-ctl keys`: keys are created once; the public key is shown with the settings."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest

from eas_station.bus import keys
from eas_station.ctl.main import main
from eas_station.errors import EXIT_FAILED, EXIT_FINE


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    path = tmp_path / "station.toml"
    path.write_text(
        '[paths]\nstate_dir = "state"\n[[receiver]]\nname = "roof"\nkind = "file"\npath = "x"\n'
    )
    return path


def test_keys_are_created_once_and_the_secret_key_is_never_printed(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "--config", str(config)]) == EXIT_FINE
    file = config.parent / "state" / "bus.keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert file.stat().st_gid == file.parent.stat().st_gid
    pair = keys.read(file)
    first = capsys.readouterr().out
    assert "just created" in first
    assert first.count(pair.public) == 3
    assert pair.secret not in first
    assert pair.secret not in repr(pair)
    assert main(["keys", "show", "--config", str(config)]) == EXIT_FINE
    assert capsys.readouterr().out == first.replace(", just created", "")
    assert main(["keys", "--config", str(config), "--json"]) == EXIT_FINE
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"public_key": pair.public, "file": str(file), "made": False}


def test_the_printed_settings_are_a_valid_configuration(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["keys", "--config", str(config)])
    printed = capsys.readouterr().out
    blocks = printed.split("\n\n")
    indented = [block for block in blocks if block.startswith("    ")]
    public, publishing, remote, source, allowing = [
        "\n".join(line.strip() for line in block.splitlines()) for block in indented
    ]
    publishing = publishing.replace("KEY OF THE OTHER MACHINE", public)
    there = tmp_path / "there.toml"
    there.write_text(config.read_text() + publishing)
    here = tmp_path / "here.toml"
    here.write_text(f"{remote}\n{source}\n".replace("ADDRESS OF THIS MACHINE", "10.0.0.5"))
    for file in (there, here):
        assert main(["config", "check", "--config", str(file)]) == EXIT_FINE
    assert tomllib.loads(allowing)["allow"] == [public]


def test_show_creates_no_keys(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "show", "--config", str(config)]) == EXIT_FAILED
    assert "has no keys" in capsys.readouterr().err
    assert list((config.parent / "state").iterdir()) == []
