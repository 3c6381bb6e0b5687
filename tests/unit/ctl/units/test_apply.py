"""Changed credentials, as `eas-ctl apply` finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.ctl.units.apply import credentials_changed


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The credentials, and the copies that systemd loaded for eas-capd."""
    folder, loaded = tmp_path / "credentials", tmp_path / "loaded"
    for made in (folder, loaded):
        made.mkdir()
    (folder / "nwws").write_text("me\nsecret\n")
    (loaded / "credentials_nwws").write_text("me\nsecret\n")
    return folder, loaded


def test_the_same_credentials_have_not_changed(folders: tuple[Path, Path]) -> None:
    assert not credentials_changed(*folders)


def test_an_added_changed_or_removed_credential_is_a_change(folders: tuple[Path, Path]) -> None:
    folder, loaded = folders
    (folder / "nwws").write_text("me\nanother\n")
    assert credentials_changed(folder, loaded)
    (folder / "nwws").unlink()
    assert credentials_changed(folder, loaded)
    (folder / "nwws").write_text("me\nsecret\n")
    (folder / "ipaws").write_text("pin\n")
    assert credentials_changed(folder, loaded)


def test_a_first_credential_is_a_change(folders: tuple[Path, Path]) -> None:
    folder, loaded = folders
    (loaded / "credentials_nwws").unlink()
    loaded.rmdir()
    assert credentials_changed(folder, loaded)
    assert not credentials_changed(folder / "absent", loaded)  # neither has any
