"""Secrets of feeds, from files: never on a command line, in a log or in a status.

The daemons cannot read /etc/eas-station/credentials; systemd passes the files of that folder to
eas-capd as credentials (systemd.exec(5), LoadCredential=, of a directory). A file that the
configuration names is looked for there first, by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eas_station.errors import FeedError

PREFIX = "credentials_"  # the id in the unit, and systemd's separator before a file's name
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FeedCredentials:
    """Where secrets are."""

    directory: Path | None = None  # $CREDENTIALS_DIRECTORY; None: not started by systemd

    def lines(self, path: Path) -> list[str]:
        """The lines of a secret, without the empty ones. Raises FeedError."""
        passed = None if self.directory is None else self.directory / f"{PREFIX}{path.name}"
        found = passed if passed is not None and passed.is_file() else path
        try:
            text = found.read_bytes()[: MAX_BYTES + 1]
        except OSError as error:
            raise FeedError(f"the credential {path} cannot be read: {error.strerror}") from error
        if len(text) > MAX_BYTES:
            raise FeedError(f"the credential {path} is longer than {MAX_BYTES} bytes")
        try:
            lines = [line.strip() for line in text.decode("utf-8-sig").splitlines()]
        except UnicodeDecodeError as error:
            raise FeedError(f"the credential {path} is not UTF-8 text") from error
        return [line for line in lines if line]

    def single(self, path: Path) -> str:
        """A secret of one line. Raises FeedError."""
        lines = self.lines(path)
        if len(lines) != 1:
            raise FeedError(f"the credential {path} must be one line, not {len(lines)}")
        return lines[0]
