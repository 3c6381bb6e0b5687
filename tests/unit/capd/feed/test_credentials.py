from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.errors import FeedError


def test_what_systemd_hands_over_comes_before_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "credentials_wire").write_text("from systemd\n")
    own = tmp_path / "wire"
    own.write_text("from the file\n")
    assert (
        FeedCredentials(tmp_path).single(Path("/etc/eas-station/credentials/wire"))
        == "from systemd"
    )
    assert FeedCredentials(None).single(own) == "from the file"
    assert FeedCredentials(tmp_path / "none").single(own) == "from the file"


def test_lines_are_stripped_and_empty_ones_left_out(tmp_path: Path) -> None:
    own = tmp_path / "wire"
    own.write_bytes(b"\xef\xbb\xbfuser \r\n\r\n pass word\n\n")
    assert FeedCredentials().lines(own) == ["user", "pass word"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "must be one line, not 0"),
        (b"a\nb\n", "must be one line, not 2"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * 5000, "is longer than 4096 bytes"),
    ],
)
def test_what_is_no_secret_is_told_without_it(
    tmp_path: Path, data: bytes | None, said: str
) -> None:
    own = tmp_path / "pin"
    if data is not None:
        own.write_bytes(data)
    with pytest.raises(FeedError) as caught:
        FeedCredentials().single(own)
    assert str(caught.value) == f"the credential {own} {said}"
