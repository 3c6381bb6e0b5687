"""The format of a backup: one tar file, independent of the kind of database.

    manifest.json            version, schema and the number of rows of each table
    record/<table>.jsonl.gz  one row per line, as JSON
    config/…                 station.toml and station.d
    clips/…                  recordings, with --clips

It is written to a temporary file, synced and renamed, so a file with its name is complete.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Table

from eas_station import __version__
from eas_station.errors import FrameError, InputError, OutsideError
from eas_station.store.database.schema import REVISION
from eas_station.store.upkeep import transfer
from eas_station.wire import from_json, to_json

FORMAT = 1
MANIFEST = "manifest.json"
COMPRESSION = 6
FILE_MODE = 0o640
LONGEST_MANIFEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """Version, schema and row counts of a backup."""

    format: int
    version: str  # of the station that wrote it
    revision: str  # of the schema
    made_at: datetime
    database_id: str | None
    rows: dict[str, int] = field(default_factory=dict)


class BackupError(InputError):
    """A file is not a backup, or is damaged."""


def write(
    path: Path,
    connection: Connection,
    made_at: datetime,
    files: Iterable[tuple[str, Path]],
) -> Manifest:
    """Write a backup of one snapshot. Raises OutsideError, and leaves no file then.

    Args:
        files: further members: the name in the backup, and the file.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        manifest = _write(part, connection, made_at, files)
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutsideError(f"the backup {path} cannot be written: {error.strerror}") from error
    return manifest


def _write(
    part: Path, connection: Connection, made_at: datetime, files: Iterable[tuple[str, Path]]
) -> Manifest:
    rows: dict[str, int] = {}
    with open(part, "wb", opener=_private) as raw, tarfile.open(fileobj=raw, mode="w") as tar:
        for table in transfer.TABLES:
            with tempfile.TemporaryFile(dir=part.parent) as buffer:
                rows[table.name] = _pack(transfer.rows(connection, table), buffer)
                _add(tar, f"record/{table.name}.jsonl.gz", buffer, made_at)
        for name, path in files:
            with path.open("rb") as file:
                _add(tar, name, file, made_at)
        identity = transfer.database_id(connection)
        manifest = Manifest(FORMAT, __version__, REVISION, made_at, identity, rows)
        _add(tar, MANIFEST, io.BytesIO(to_json(manifest).encode()), made_at)
        tar.close()
        raw.flush()
        os.fsync(raw.fileno())
    return manifest


def _pack(rows: Iterable[Mapping[str, Any]], buffer: IO[bytes]) -> int:
    written = 0
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=COMPRESSION, mtime=0) as packed:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            packed.write(line.encode() + b"\n")
            written += 1
    return written


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes], made_at: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size = file.seek(0, os.SEEK_END)
    member.mtime = int(made_at.timestamp())
    member.mode = FILE_MODE
    file.seek(0)
    tar.addfile(member, file)


class Backup:
    """A backup, opened for reading. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises OutsideError if it cannot be read, BackupError if it is not a backup."""
        self.path = path
        try:
            self._tar = tarfile.open(path, "r:")
        except OSError as error:
            raise OutsideError(f"{path} cannot be read: {error.strerror}") from error
        except tarfile.TarError as error:
            raise BackupError(f"{path} is not a backup of EAS Station: {error}") from error
        self.manifest = self._manifest()

    def __enter__(self) -> Backup:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def rows(self, table: Table) -> Iterator[Mapping[str, Any]]:
        """The rows of a table. Raises BackupError if they differ from the manifest."""
        found = 0
        try:
            with gzip.open(self._member(f"record/{table.name}.jsonl.gz")) as lines:
                for line in lines:
                    found += 1
                    yield json.loads(line)
        except (OSError, EOFError, zlib.error, ValueError, tarfile.TarError) as error:
            raise BackupError(f"{self.path}: {table.name} is damaged: {error}") from error
        if found != self.manifest.rows.get(table.name, 0):
            raise BackupError(f"{self.path}: {table.name} is not complete")

    def files(self, prefix: str) -> Iterator[tuple[str, IO[bytes]]]:
        """The files below a prefix, "config/": the rest of the name, and the content."""
        for member in self._tar.getmembers():
            name = member.name.removeprefix(prefix)
            if name == member.name or not member.isreg():
                continue
            if name.startswith("/") or ".." in Path(name).parts:
                raise BackupError(f"{self.path}: {member.name} is outside of its folder")
            content = self._tar.extractfile(member)
            if content is not None:
                yield name, content

    def verify(self) -> None:
        """Read all rows once. Raises BackupError."""
        for table in transfer.TABLES:
            for _ in self.rows(table):
                pass

    def _manifest(self) -> Manifest:
        text = self._member(MANIFEST).read(LONGEST_MANIFEST)
        try:
            manifest = from_json(Manifest, text)
        except FrameError as error:
            raise BackupError(f"{self.path} is not a backup of EAS Station: {error}") from error
        if manifest.format != FORMAT:
            raise BackupError(f"{self.path} was written by a newer version")
        return manifest

    def _member(self, name: str) -> IO[bytes]:
        try:
            found = self._tar.extractfile(name)
        except (KeyError, tarfile.TarError):
            found = None
        if found is None:
            raise BackupError(f"{self.path} is not a complete backup: {name} is missing")
        return found


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, FILE_MODE)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
