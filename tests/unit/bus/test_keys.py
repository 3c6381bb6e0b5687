"""The file with this machine's keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_station.bus import keys
from eas_station.errors import BusError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return keys.path_in(tmp_path)


def test_what_is_made_is_read_back(file: Path) -> None:
    made = keys.make(file)
    assert keys.read(file) == made
    assert keys.KEY.match(made.public)
    assert [path.name for path in file.parent.iterdir()] == ["bus.keys"]


def test_keys_that_are_there_are_not_overwritten(file: Path) -> None:
    made = keys.make(file)
    with pytest.raises(BusError, match="File exists"):
        keys.make(file)
    assert keys.read(file) == made
    assert [path.name for path in file.parent.iterdir()] == ["bus.keys"]


def test_without_a_file_the_error_names_the_command(file: Path) -> None:
    with pytest.raises(BusError, match=r"no keys in .*: make one with: eas-ctl keys"):
        keys.read(file)


def test_a_file_that_everybody_can_read_is_refused(file: Path) -> None:
    keys.make(file)
    file.chmod(0o644)
    with pytest.raises(BusError, match="chmod 640"):
        keys.read(file)


def test_keys_of_two_pairs_are_refused_without_showing_the_secret_one(file: Path) -> None:
    one, other = keys.make(file), keys.make(file.with_name("other"))
    file.write_text(f'public = "{one.public}"\nsecret = "{other.secret}"\n')
    with pytest.raises(BusError, match="do not belong together") as caught:
        keys.read(file)
    assert other.secret not in str(caught.value)


def test_forty_characters_that_are_no_32_bytes_are_refused(file: Path) -> None:
    made = keys.make(file)
    file.write_text(f'public = "{made.public}"\nsecret = "{"#" * 40}"\n')
    with pytest.raises(BusError, match="do not belong together"):
        keys.read(file)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_else_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "hostile.keys"
    file.touch(mode=0o600)
    file.write_bytes(content)
    with pytest.raises(BusError):
        keys.read(file)
