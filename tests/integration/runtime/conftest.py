"""Daemons as real processes, under a notify socket as systemd has it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[3]
LONGEST_S = 20.0

TOY = """
import sys, time
from pathlib import Path
from eas_station.errors import ConfigError, Fault
from eas_station.service import program

folder = Path(__file__).parent

def compose(daemon):
    beat = daemon.heartbeat("loop", 0.5)

    def loop():
        while not daemon.stopping.wait(0.05):
            if (folder / "crash").exists():
                raise ValueError("a bug of ours")
            if not (folder / "stall").exists():
                beat()
        while (folder / "hang").exists():
            time.sleep(0.05)
        (folder / "finished").touch()

    def take(config):
        if config.station.callsign == "REFUSED":
            raise ConfigError((Fault("here", 1, "station.callsign", None, "not this one"),))
        daemon.set_status(f"this is {config.station.name}")

    daemon.spawn("loop", loop)
    daemon.on_reload(take)
    daemon.on_stop((folder / "closed").touch)
    daemon.set_status(f"this is {daemon.config.station.name}", counters={"polls": 3})

sys.exit(program.run("eas-sdrd", sys.argv[1:], compose, "receiver"))
"""
RECEIVER = '[[receiver]]\nname = "wx"\nkind = "file"\npath = "absent.cu8"\n'


class Process:
    """A child with a notify socket and its log in a file."""

    def __init__(self, argv: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.told: list[str] = []
        self.folder = folder
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = folder / f"notify-{time.monotonic_ns()}"
        self._notify.bind(str(path))
        self._log_path = path.with_suffix(".log")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("EAS_", "NOTIFY"))}
        with self._log_path.open("wb") as log:
            self.child = subprocess.Popen(
                argv,
                stdout=log,
                stderr=log,
                env={**inherited, "NOTIFY_SOCKET": str(path), **environment},
                start_new_session=True,
            )
        self.pid = self.child.pid

    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8")

    def await_told(self, wanted: str, longest_s: float = LONGEST_S) -> str:
        """Wait until it tells something that begins with `wanted`; gives all of it."""
        deadline_s = time.monotonic() + longest_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            self._notify.settimeout(left_s)
            try:
                told = self._notify.recv(10_000).decode()
            except TimeoutError:
                break
            self.told.append(told)
            if told.startswith(wanted):
                return told
        raise AssertionError(f"never told {wanted}; told {self.told}; log:\n{self.log()}")

    def await_log(self, wanted: str, longest_s: float = LONGEST_S) -> None:
        until(lambda: wanted in self.log(), longest_s, self.log)

    def tells_within(self, wanted: str, seconds: float) -> bool:
        try:
            self.await_told(wanted, seconds)
        except AssertionError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    def wait(self, longest_s: float = LONGEST_S) -> int:
        return self.child.wait(longest_s)

    def close(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        self._notify.close()


def until(condition: Callable[[], bool], longest_s: float, explain: Callable[[], str]) -> None:
    deadline_s = time.monotonic() + longest_s
    while not condition():
        assert time.monotonic() < deadline_s, explain()
        time.sleep(0.02)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket's path."""
    with TemporaryDirectory(prefix="eas-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Process]]:
    """Start a process: `start("eas-capd", "--config", path, EAS_LOG="json")`."""
    with ExitStack() as stack:

        def begin(program: str | Path, *arguments: str | Path, **environment: str) -> Process:
            path = program if isinstance(program, Path) else ROOT / "daemons" / program
            argv = [sys.executable, str(path), *map(str, arguments)]
            process = Process(argv, folder, environment)
            stack.callback(process.close)
            return process

        yield begin


@pytest.fixture
def config_path(folder: Path) -> Path:
    """A configuration with nothing behind it: no database, no network, no capture."""
    path = folder / "station.toml"
    path.write_text(
        f'[station]\nname = "Toledo"\n'
        f'[paths]\nstate_dir = "{folder}/state"\nruntime_dir = "{folder}/run"\n'
        f'[database]\nurl = "postgresql+psycopg2:///eas?host={folder}/no-server"\n'
        f'[web]\nhost = "127.0.0.1"\nport = 0\n' + RECEIVER
    )
    (folder / "state").mkdir()
    return path


@pytest.fixture
def toy(folder: Path, config_path: Path, start: Callable[..., Process]) -> Callable[..., Process]:
    """A small daemon that can be made to crash, stall and hang by touching files."""
    path = folder / "eas-sdrd"
    path.write_text(TOY)

    def begin(**environment: str) -> Process:
        return start(path, "--config", config_path, "--name", "wx", **environment)

    return begin
