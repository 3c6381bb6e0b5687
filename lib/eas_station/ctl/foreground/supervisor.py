"""Child processes: start them, forward their output, restart them, stop them."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from eas_station.ctl.foreground.log_lines import LogStream, read_lines
from eas_station.errors import EXIT_CONFIG, EXIT_FINE
from eas_station.service.wakeup import Wakeup

RESTART_S = 2.0  # RestartSec= of the units
STOP_S = 4.5  # then SIGKILL; a daemon stops within 4 s
STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
NOT_INHERITED = ("JOURNAL_STREAM", "WATCHDOG_USEC", "WATCHDOG_PID", "NOTIFY_SOCKET")
STOP_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM")  # even if this process is killed
CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): PID, UID, GID


@dataclass(frozen=True, slots=True)
class Command:
    """A process to run."""

    unit: str
    argv: tuple[str, ...]
    once: bool = False  # not a daemon: ends by itself


class Supervisor:
    """Runs commands until a signal arrives.

    Each command has a thread that starts it, waits for it and starts it again. The processes
    report on one socket that they are ready, and the kernel adds the ID of the sender.
    """

    def __init__(
        self,
        commands: list[Command],
        environment: Mapping[str, str],
        stream: LogStream,
        on_ready: Callable[[str], None],
    ) -> None:
        """`on_ready` is called with the unit of each daemon that becomes ready."""
        self._stream = stream
        self._on_ready = on_ready
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._notify.setblocking(False)
        self._notify.bind(b"")  # the kernel chooses an abstract address
        address = self._notify.getsockname().decode().replace("\0", "@")
        self._environment = {**environment, "NOTIFY_SOCKET": address}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._running: dict[int, subprocess.Popen[bytes]] = {}  # by process ID
        self._units: dict[int, str] = {}
        self._status: dict[int, str] = {}
        self._ready: set[int] = set()
        self._active = len(commands)
        self._wakeup = Wakeup()
        self._threads = [
            threading.Thread(target=self._keep_running, args=(command,), name=command.unit)
            for command in commands
        ]

    def run(self) -> int:
        """Run until a signal arrives or, with status 78, until no process is left."""
        self._wakeup.catch(STOP_SIGNALS)
        try:
            for thread in self._threads:
                thread.start()
            while self._active:
                select.select([self._wakeup.fileno(), self._notify.fileno()], [], [])
                self._read_notifications()
                if self._wakeup.signals() & STOP_SIGNALS:
                    return EXIT_FINE
            self._read_notifications()
            self._stream.write("eas-ctl run", "no process is left", "ERROR")
            return EXIT_CONFIG
        finally:
            self._stop()
            self._notify.close()
            self._wakeup.close()

    def _keep_running(self, command: Command) -> None:
        """Run the command, and again after it ends unexpectedly."""
        try:
            while self._run_once(command) and not self._stopping.wait(RESTART_S):
                pass
        finally:
            with self._lock:
                self._active -= 1
            self._wakeup.wake()

    def _run_once(self, command: Command) -> bool:
        """Run the command until it ends; gives whether to run it again."""
        with self._lock:
            if self._stopping.is_set():
                return False
            process = subprocess.Popen(
                (*STOP_WITH_PARENT, *command.argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,  # Ctrl-C at the terminal reaches only this process
            )
            self._running[process.pid] = process
            self._units[process.pid] = command.unit
        assert process.stdout is not None
        last: list[str] = []
        reader = threading.Thread(target=self._forward, args=(command.unit, process.stdout, last))
        reader.start()
        status = process.wait()
        _kill_group(process.pid)  # its own children may hold the pipe open
        reader.join()
        del self._running[process.pid]
        return self._ended(command, status, last[0] if last else "")

    def _forward(self, unit: str, pipe: IO[bytes], last: list[str]) -> None:
        with pipe:
            for line in read_lines(pipe):
                last[:] = [self._stream.forward(unit, line)]

    def _ended(self, command: Command, status: int, last_text: str) -> bool:
        """Log how a process ended; gives whether to run it again."""
        why = f"{exit_text(status)} ({last_text})" if last_text else exit_text(status)
        if self._stopping.is_set():
            if status not in (0, -signal.SIGTERM):
                self._stream.write(command.unit, exit_text(status), "WARNING")
        elif command.once:
            if status != 0:
                self._stream.write(command.unit, why, "ERROR")
        elif status == EXIT_CONFIG:
            text = f"{exit_text(status)}: invalid configuration; not restarted"
            self._stream.write(command.unit, text, "ERROR")
        else:
            self._stream.write(command.unit, f"{why}; restarting in {RESTART_S:g} s", "WARNING")
            return True
        return False

    def _read_notifications(self) -> None:
        """Read the messages of sd_notify(3) that have arrived."""
        while True:
            try:
                text, ancillary, _, _ = self._notify.recvmsg(
                    65536, socket.CMSG_SPACE(CREDENTIALS.size)
                )
            except BlockingIOError:
                return
            pid = CREDENTIALS.unpack(ancillary[0][2])[0]
            for line in text.decode("utf-8", "replace").splitlines():
                self._take_notification(pid, line)

    def _take_notification(self, pid: int, line: str) -> None:
        name, _, value = line.partition("=")
        if name == "STATUS":
            self._status[pid] = value
        elif name == "READY" and pid not in self._ready:
            self._ready.add(pid)
            with self._lock:  # the ID of a new process is noted under this lock
                unit = self._units.get(pid)
            if unit is not None:
                self._stream.write(unit, f"ready: {self._status.get(pid, '')}")
                self._on_ready(unit)

    def _stop(self) -> None:
        """Send SIGTERM to all processes, and SIGKILL to those that do not end in time."""
        with self._lock:
            self._stopping.set()
            running = list(self._running.values())
        for process in running:
            process.terminate()
        deadline_s = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        for pid in list(self._running):
            text = f"did not stop within {STOP_S:g} s: killing it"
            self._stream.write(self._units[pid], text, "WARNING")
            _kill_group(pid)
        for thread in self._threads:
            thread.join()


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the processes: without the variables of systemd, logging JSON lines."""
    kept = {k: v for k, v in environment.items() if k not in NOT_INHERITED}
    return {**kept, "EAS_LOG": "json", "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}


def exit_text(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # all of them have ended
