from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eas_station.capd.folder_feed import FolderFeed
from eas_station.errors import FeedError

Answer = Callable[..., bytes]


def poll(feed: FolderFeed) -> tuple[list[str], list[str]]:
    """The identifiers and the refusals of one good poll."""
    readings = list(feed.read())
    feed.accept()
    found = [m.identifier for r in readings if r.parsed for m in r.parsed.messages]
    return found, [str(r.refused) for r in readings if r.refused is not None]


def test_each_file_is_read_once_and_again_when_written(tmp_path: Path, answer: Answer) -> None:
    feed = FolderFeed(tmp_path)
    assert poll(feed) == ([], [])
    (tmp_path / "b.json").write_bytes(answer("b"))
    (tmp_path / "a.GEOJSON").write_bytes(answer("a"))
    (tmp_path / "notes.txt").write_bytes(b"not mine")
    (tmp_path / ".hidden.json").write_bytes(b"not yet")
    assert poll(feed) == (["urn:oid:a", "urn:oid:b"], [])
    assert poll(feed) == ([], [])
    (tmp_path / "b.json").write_bytes(answer("b", "c"))
    assert poll(feed) == (["urn:oid:b", "urn:oid:c"], [])


def test_a_poll_that_was_not_taken_is_given_again(tmp_path: Path, answer: Answer) -> None:
    (tmp_path / "a.json").write_bytes(answer("a"))
    feed = FolderFeed(tmp_path)
    assert len(list(feed.read())) == 1
    assert poll(feed) == (["urn:oid:a"], [])


def test_a_half_written_file_is_waited_for(tmp_path: Path, answer: Answer) -> None:
    whole = answer("a")
    path = tmp_path / "a.json"
    feed = FolderFeed(tmp_path)
    path.write_bytes(b"")
    assert poll(feed) == ([], [])
    path.write_bytes(whole[:50])
    assert poll(feed) == ([], [])
    path.write_bytes(whole)
    assert poll(feed) == (["urn:oid:a"], [])


def test_a_file_that_stays_broken_is_refused_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"features": [')
    feed = FolderFeed(tmp_path)
    assert poll(feed) == ([], [])
    found, refused = poll(feed)
    assert found == []
    assert refused[0].startswith("a.json: not JSON")
    assert poll(feed) == ([], [])


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.xml").open("wb") as file:
        file.truncate(1 << 34)
    feed = FolderFeed(tmp_path)
    poll(feed)
    assert "bytes" in poll(feed)[1][0]


def test_what_is_no_file_is_passed_by(tmp_path: Path, answer: Answer) -> None:
    (tmp_path / "a.json").mkdir()
    (tmp_path / "b.xml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "c.xml")
    (tmp_path / "d.json").write_bytes(answer("d"))
    assert poll(FolderFeed(tmp_path)) == (["urn:oid:d"], [])


def test_a_folder_that_is_not_there_is_an_outside_fault(tmp_path: Path, answer: Answer) -> None:
    feed = FolderFeed(tmp_path / "cap")
    with pytest.raises(FeedError, match="cannot be read"):
        poll(feed)
    (tmp_path / "cap").mkdir()
    (tmp_path / "cap" / "a.json").write_bytes(answer("a"))
    assert poll(feed) == (["urn:oid:a"], [])
