"""Files below a folder, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.webd.records.clips import FileRange, byte_range, open_below


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    (folder / "2025" / "11").mkdir(parents=True)
    (folder / "2025" / "11" / "a.wav").write_bytes(b"0123456789")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    return folder


def test_a_file_below_the_root_is_opened(root: Path) -> None:
    file = open_below(root, "2025/11/a.wav")
    assert file is not None
    with file:
        assert file.read() == b"0123456789"


@pytest.mark.parametrize(
    "path",
    [
        *("../secret", "2025/../../secret", "/etc/passwd", "link", "up/secret", "loop", "pipe"),
        *("", ".", "2025", "2025/11", "gone", "2025/11/a.wav/x", "a\0b", "x" * 300, "//etc/passwd"),
    ],
)
def test_nothing_else_is(root: Path, path: str) -> None:
    assert open_below(root, path) is None


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert open_below(tmp_path / "gone", "a.wav") is None


def test_no_descriptor_is_left_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for path in ("2025/11/gone", "link", "pipe", "2025", "up/secret", ""):
        open_below(root, path)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize(
    ("header", "piece"),
    [
        *(("bytes=0-3", (0, 4)), ("bytes=4-", (4, 10)), ("bytes=-2", (8, 10))),
        *(("bytes=0-99", (0, 10)), ("bytes=-99", (0, 10)), (" bytes=9-9 ", (9, 10))),
        *(("", None), ("bytes=-", None), ("bytes=0-1,3-4", None), ("rows=0-1", None)),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(header: str, piece: tuple[int, int] | None) -> None:
    assert byte_range(header, 10) == piece


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-4", "bytes=99-100", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match="not satisfiable"):
        byte_range(header, 10)


@given(st.text(max_size=40), st.integers(0, 1000))
def test_any_range_is_answered_or_refused(header: str, size: int) -> None:
    try:
        piece = byte_range(f"bytes={header}", size)
    except ValueError:
        return
    assert piece is None or 0 <= piece[0] < piece[1] <= size


def test_a_piece_gives_its_bytes_and_closes_the_file(root: Path) -> None:
    file = open_below(root, "2025/11/a.wav")
    assert file is not None
    piece = FileRange(file, 3, 8)
    assert b"".join(piece) == b"34567"
    piece.close()
    assert file.closed
