"""What `eas-ctl apply` finds changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.ctl.units.apply import has_new_secrets


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The secrets, and the copies that eas-capd was given."""
    folder, handed = tmp_path / "credentials", tmp_path / "handed"
    for made in (folder, handed):
        made.mkdir()
    (folder / "nwws").write_text("me\nsecret\n")
    (handed / "credentials_nwws").write_text("me\nsecret\n")
    return folder, handed


def test_the_same_secrets_are_not_new(folders: tuple[Path, Path]) -> None:
    assert not has_new_secrets(*folders)


def test_a_secret_that_came_changed_or_went_is_new(folders: tuple[Path, Path]) -> None:
    folder, handed = folders
    (folder / "nwws").write_text("me\nanother\n")
    assert has_new_secrets(folder, handed)
    (folder / "nwws").unlink()
    assert has_new_secrets(folder, handed)
    (folder / "nwws").write_text("me\nsecret\n")
    (folder / "ipaws").write_text("pin\n")
    assert has_new_secrets(folder, handed)


def test_first_secret_is_new_to_a_daemon_that_was_given_none(folders: tuple[Path, Path]) -> None:
    folder, handed = folders
    (handed / "credentials_nwws").unlink()
    handed.rmdir()
    assert has_new_secrets(folder, handed)
    assert not has_new_secrets(folder / "absent", handed)  # neither has any
