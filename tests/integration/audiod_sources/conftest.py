"""An eas-audiod process with its database, and real programs as its input."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from eas_station.bus import topics
from eas_station.bus.messages import Control, ItemState, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.store.alerts import alert_queries
from eas_station.store.database.database import Database
from eas_station.store.records import desired_states
from eas_station.store.records.desired_states import Desired
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[3]
RATE_HZ = 25_000
PATIENCE_S = 60.0
ISSUED_AT = datetime.now(UTC) - timedelta(minutes=1)
T = TypeVar("T")


def eventually(ask: Callable[[], T], wanted: Callable[[T], bool] = bool) -> T:
    """Ask until the answer is as wanted; fails with the last answer."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer


def header(number: int) -> str:
    """A header unique to this number, issued shortly before these tests."""
    return f"ZCZC-WXR-TOR-{39_000 + number:06d}+0100-{ISSUED_AT:%j%H%M}-KCLE/NWS-"


def burst(text: str, rate_hz: int) -> np.ndarray:
    """One transmission by an independent modulator: 47 CFR 11.31(a)."""
    data = b"\xab" * 16 + text.encode("ascii")
    bits = np.array([(byte >> i) & 1 for byte in data for i in range(8)])
    at = np.arange(int(len(bits) * rate_hz * 0.00192)) / rate_hz
    tones_hz = np.where(bits[np.minimum((at / 0.00192).astype(int), len(bits) - 1)], 2083.3, 1562.5)
    return 0.5 * np.sin(2 * np.pi * np.cumsum(tones_hz) / rate_hz)


def recording(folder: Path, number: int, rate_hz: int, bursts: int) -> Path:
    """The bursts of a header as WAV."""
    pause = np.zeros(rate_hz)
    said = [part for _ in range(bursts) for part in (burst(header(number), rate_hz), pause)]
    path = folder / f"{number}-{rate_hz}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        samples = np.concatenate([pause[: rate_hz // 2], *said])
        file.writeframes((32767 * samples).astype("<i2").tobytes())
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port: int = closing.getsockname()[1]
        return port


def children_of(pid: int) -> dict[int, str]:
    """The living children of a process, with their command lines."""
    found: dict[int, str] = {}
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            command = Path(f"/proc/{child}/cmdline")
            if command.exists():
                found[int(child)] = command.read_bytes().replace(b"\0", b" ").decode()
    return found


class Programs:
    """External programs that run beside the daemon."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        with (self._folder / "programs.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
                cwd=self._folder,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def need(self, *names: str) -> None:
        """Skip the test where they are not installed."""
        missing = [name for name in names if shutil.which(name) is None]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)}")

    def recording(self, number: int, rate_hz: int = 44_100, bursts: int = 3) -> Path:
        """Header `number` as WAV."""
        return recording(self._folder, number, rate_hz, bursts)

    def log(self) -> str:
        path = self._folder / "programs.log"
        return path.read_text(errors="replace") if path.exists() else ""

    free_port = staticmethod(free_port)

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill it and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for process in self._running:
            self.end(process)
        print(self.log())  # pytest shows it where the test has failed


class Station:
    """A configuration, a database and the processes of one source, "wx"."""

    eventually = staticmethod(eventually)
    header = staticmethod(header)
    children_of = staticmethod(children_of)

    def __init__(self, folder: Path, run_dir: Path) -> None:
        self.folder = folder
        self._run_dir = run_dir
        (folder / "state").mkdir()
        self._url = f"sqlite:///{folder / 'state' / 'station.sqlite'}"
        migrate.upgrade(self._url)
        self._database = Database(self._url)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._web = Publisher("eas-webd", run_dir)
        self._subscriber = self.subscriber(topics.status("eas-audiod@wx"))
        self._status: Status | None = None

    def start(self, source: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        config = self.folder / "station.toml"
        config.write_text(
            f'[paths]\nstate_dir = "{self.folder / "state"}"\nruntime_dir = "{self._run_dir}"\n'
            f'[database]\nurl = "{self._url}"\n[station]\nclock = "trusted"\n'
            f'[[source]]\nname = "wx"\n{source}\n'
        )
        command = [sys.executable, str(ROOT / "daemons" / "eas-audiod"), "--config", str(config)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--name", "wx"],
                env={**os.environ, **(env or {})},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def subscriber(self, *names: str) -> Subscriber:
        return Subscriber(self._run_dir, ["eas-audiod@wx"], names)

    def headers(self) -> list[str]:
        """The headers in the record."""
        with self._database.read() as connection:
            found = alert_queries.page(connection, "all", 500).alerts
            by_alert = alert_queries.receptions_of(connection, [alert.alert_id for alert in found])
        return sorted({heard.raw for several in by_alert.values() for heard in several})

    def hears(self, *numbers: int) -> None:
        """Wait until these headers are in the record."""
        expected = {header(number) for number in numbers}
        eventually(self.headers, lambda found: expected <= set(found))

    def want(self, desired: Desired) -> None:
        """Set the desired state as the web page does."""
        with self._database.write() as connection:
            desired_states.set_desired(
                connection, "source", "wx", desired, datetime.now(UTC), "test"
            )
        self._web.publish(topics.control("eas-audiod@wx"), Control("source wx"))

    def status(self) -> Status | None:
        """The last status of the daemon."""
        while (message := self._subscriber.receive(0.02)) is not None:
            if isinstance(message.body, Status):
                self._status = message.body
        return self._status

    def item(self, kind: str) -> ItemState | None:
        status = self.status()
        found = [item for item in status.items if item.kind == kind] if status else []
        return found[0] if found else None

    def is_told(self, kind: str, wanted: Callable[[ItemState], bool]) -> ItemState:
        """Wait until the item of the status is as wanted."""
        found = eventually(lambda: self.item(kind), lambda item: item is not None and wanted(item))
        assert found is not None
        return found

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        print(self.log())
        self._subscriber.close()
        self._web.close()
        self._database.close()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, Path(run_dir))
        yield built
        built.close()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    built = Programs(tmp_path)
    yield built
    built.close()
