"""One process per unit name, by a lock file.

Without it a second process that binds the same ipc path would silently take over the socket.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from eas_station.errors import BusError

DIRECTORY_MODE = 0o750
LONGEST_PATH = 107  # bytes of sun_path, unix(7)


class UnitLock:
    """The lock of one unit, held until `release` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._descriptor is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> UnitLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def lock_unit(runtime_dir: Path, unit: str) -> UnitLock:
    """Take the lock of `unit`. Raises BusError with the pid of the process that holds it."""
    make_directory(runtime_dir)
    path = runtime_dir / f"{unit}.lock"
    while True:
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise BusError(f"{unit} is already running with pid {pid} in {runtime_dir}") from None
        if _is_still_there(path, descriptor):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
            return UnitLock(path, descriptor)
        os.close(descriptor)  # its holder removed the file between our open and our lock


def make_directory(runtime_dir: Path) -> None:
    """Create the directory of sockets and locks unless it exists. Raises BusError."""
    try:
        runtime_dir.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise BusError(f"{runtime_dir} cannot be created: {error.strerror}") from error


def socket_path(runtime_dir: Path, unit: str) -> Path:
    """The path of the unit's publishing socket. Raises BusError if it is too long."""
    path = runtime_dir / f"{unit}.pub"
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise BusError(
            f"{path} is longer than the {LONGEST_PATH} bytes a socket's path may have:"
            " choose a shorter paths.runtime_dir"
        )
    return path


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    except OSError as error:
        raise BusError(f"{path} cannot be opened: {error.strerror}") from error


def _is_still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
