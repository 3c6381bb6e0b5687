"""A folder of CAP documents, from a file transfer, a script or the demonstration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eas_station.cap.bug import CapBug
from eas_station.cap.limits import ParseLimits
from eas_station.capd.feed.reading import DocumentReading, parse
from eas_station.errors import CapError, FeedError

SUFFIXES = (".xml", ".cap", ".json", ".geojson")
MAX_FILES = 10_000


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Differs after each write to a file."""

    inode: int
    size_bytes: int
    written_ns: int


class FolderFeed:
    """Reads the files that are new or have changed."""

    max_age_s = 0.0
    note = ""
    fault: str | None = None

    def __init__(self, path: Path, limits: ParseLimits | None = None) -> None:
        self.listed: tuple[str, ...] | None = ()
        self._path = path
        self._limits = limits or ParseLimits()
        self._done: dict[str, _Stamp] = {}  # read, or refused for good
        self._doubtful: dict[str, _Stamp] = {}  # did not parse: perhaps half written
        self._reading: dict[str, _Stamp] = {}  # of the poll under way

    def read(self) -> Iterator[DocumentReading]:
        """The documents in files that have changed. Raises FeedError if there is no folder.

        A file that does not parse may be half written: it is refused if it is the same in the next
        poll.
        """
        files = self._files()
        for known in (self._done, self._doubtful):
            for name in [name for name in known if name not in files]:
                del known[name]
        self._reading, self.listed = {}, tuple(files)
        for name, stamp in files.items():
            if self._done.get(name) != stamp:
                yield from self._read(name, stamp)

    def accept(self) -> None:
        """What was read is taken."""
        self._done.update(self._reading)
        self._reading = {}

    def close(self) -> None:
        """Nothing to do."""

    def _read(self, name: str, stamp: _Stamp) -> Iterator[DocumentReading]:
        try:
            if stamp.size_bytes > self._limits.document_bytes:
                raise CapError(f"a file of {stamp.size_bytes} bytes")
            parsed = parse((self._path / name).read_bytes())
        except FileNotFoundError:
            return
        except OSError as error:
            if self._doubtful.get(name) != stamp:
                yield DocumentReading(name, None, CapError(f"{name}: {error.strerror}"))
            self._doubtful[name] = stamp
            return
        except CapError as error:
            if self._doubtful.get(name) == stamp:
                self._reading[name] = stamp
                named = CapError(f"{name}: {error}", error.text)
                yield DocumentReading(name, None, error if isinstance(error, CapBug) else named)
            self._doubtful[name] = stamp
            return
        self._reading[name] = stamp
        yield DocumentReading(name, parsed)

    def _files(self) -> dict[str, _Stamp]:
        """The files by name, in order of name."""
        found: dict[str, _Stamp] = {}
        try:
            for path in sorted(self._path.iterdir()):
                if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                    stamp = _stamp(path)
                    if stamp is not None:
                        found[path.name] = stamp
        except OSError as error:
            raise FeedError(f"the folder {self._path} cannot be read: {error.strerror}") from error
        if len(found) > MAX_FILES:
            raise FeedError(f"more than {MAX_FILES} files in {self._path}")
        return found


def _stamp(path: Path) -> _Stamp | None:
    """None: no regular file, or gone meanwhile."""
    try:
        if not path.is_file():
            return None
        status = path.stat()
    except OSError:
        return None
    return _Stamp(status.st_ino, status.st_size, status.st_mtime_ns)
