"""One daemon as a child of `eas-ctl run`: started, heard, restarted, ended."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eas_station.ctl.foreground.log_lines import Lines

PR_SET_PDEATHSIG = 1  # prctl(2)
NOT_FOR_CHILDREN = ("JOURNAL_STREAM", "WATCHDOG_USEC", "WATCHDOG_PID", "NOTIFY_SOCKET")


@dataclass(frozen=True, slots=True)
class Command:
    """How one child is started."""

    unit: str
    argv: tuple[str, ...]
    once: bool = False  # does its work and ends; not a daemon


class Child:
    """One running child with its log pipe and its notify socket."""

    def __init__(self, command: Command, environment: Mapping[str, str], notify_dir: Path) -> None:
        """Start it. It gets SIGTERM should this process die."""
        self.unit = command.unit
        self.ready = False
        self.status = ""
        self.last_text = ""
        self._notify_path = notify_dir / f"{command.unit}.notify"
        self._notify_path.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.setblocking(False)
        self.notify.bind(str(self._notify_path))
        reading, writing = os.pipe()
        self.lines = Lines(reading)
        self._process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            env={**environment, "NOTIFY_SOCKET": str(self._notify_path)},
            start_new_session=True,  # Ctrl-C at the terminal is ours alone
            preexec_fn=_DieWithParent(os.getpid()),
        )
        os.close(writing)

    def heard(self) -> list[str]:
        """What it has told its notify socket since the last look, "READY=1" and so on."""
        told: list[str] = []
        while True:
            try:
                told += self.notify.recv(65536).decode("utf-8", "replace").splitlines()
            except BlockingIOError:
                return told

    def exit_status(self) -> int | None:
        """As subprocess says it: negative for a signal; None: it runs."""
        return self._process.poll()

    def end(self) -> None:
        """Ask it to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and everything it has started, now."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # nothing of it is left

    def close(self) -> None:
        """Give back what belonged to it, once it has ended."""
        self.kill()
        self._process.wait()
        self.notify.close()
        self._notify_path.unlink(missing_ok=True)
        os.close(self.lines.descriptor)


def environment_of_children(environment: Mapping[str, str]) -> dict[str, str]:
    """What children inherit: without what systemd meant for us, with logs as JSON lines."""
    kept = {k: v for k, v in environment.items() if k not in NOT_FOR_CHILDREN}
    return {**kept, "EAS_LOG": "json", "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


class _DieWithParent:
    """Runs in the child before its program: SIGTERM when the parent is no more.

    It is safe there because `eas-ctl run` has a single thread.
    """

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._prctl = ctypes.CDLL(None).prctl

    def __call__(self) -> None:
        self._prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != self._parent:  # it died before the line above
            os._exit(1)
