"""eas-audiod as a process proves that it hears, and accounts for all that it did not hear."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, HearingProof
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.store.database.database import Database
from eas_station.store.records import deaf, expected_tests
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[2]
RATE_HZ = 8_000
FRAME = 800  # samples: a tenth of a second
PATIENCE_S = 180.0
MARK = timedelta(seconds=3)  # the heard-until mark of a killed process is a second old, or more
IN_FLIGHT = timedelta(seconds=0.5)  # sent before, and heard after
CHANNELS = ("162.400", "162.550")
CONFIG = """
[paths]
state_dir = "{state}"
runtime_dir = "{run}"
[database]
url = "{url}"
[station]
clock = "trusted"
[clips]
pre_roll_s = 1.0
[[receiver]]
name = "wx1"
kind = "file"
path = "none.cu8"
channels_hz = [162_400_000, 162_550_000]
[[source]]
name = "wx"
kind = "receiver"
receiver = "wx1"
probe_interval_s = 2
expect = ["162.550 RWT"]
"""


class Radio:
    """A receiver of two channels on the bus, in a thread of its own, at its own pace.

    It is the independent witness of the ledger: it knows when which frame went out.
    """

    def __init__(self, run_dir: Path) -> None:
        self.rms = [0.01, 0.01]
        self.speed = 1.0
        self.muted = threading.Event()
        self._publisher = Publisher("eas-sdrd@wx1", run_dir)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        chance = np.random.default_rng(1)
        at = 0
        due_s = time.monotonic()
        while not self._stop.is_set():
            noise = chance.standard_normal((len(CHANNELS), FRAME))
            frame = AudioPcm(RATE_HZ, at, 0)
            for channel, rms, samples in zip(CHANNELS, self.rms, noise, strict=True):
                if not self.muted.is_set():
                    pcm = np.clip(32768 * rms * samples, -32768, 32767).astype("<i2").tobytes()
                    self._publisher.publish(topics.audio_pcm("wx1", channel), frame, pcm)
            at += FRAME
            due_s += FRAME / RATE_HZ / self.speed
            self._stop.wait(max(0.0, due_s - time.monotonic()))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._publisher.close()


class Station:
    """A configuration, a database and the processes of one source."""

    def __init__(self, folder: Path, run_dir: Path) -> None:
        self.folder = folder
        self.run_dir = run_dir
        state_dir = folder / "state"
        state_dir.mkdir()
        url = f"sqlite:///{state_dir / 'station.sqlite'}"
        migrate.upgrade(url)
        self.database = Database(url)
        self.config = folder / "station.toml"
        self.config.write_text(CONFIG.format(state=state_dir, run=run_dir, url=url))
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(run_dir / "notify"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self.radio = Radio(run_dir)
        self._subscriber = Subscriber(run_dir, ["eas-audiod@wx"], ["audio.hearing."])

    def start(self) -> subprocess.Popen[bytes]:
        """Start the daemon and wait for READY."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    str(ROOT / "daemons" / "eas-audiod"),
                    "--config",
                    str(self.config),
                    "--name",
                    "wx",
                ],
                env={**os.environ, "NOTIFY_SOCKET": str(self.run_dir / "notify")},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._processes.append(process)
        self._notify.settimeout(1.0)
        while b"READY=1" not in self._said():
            assert process.poll() is None, (self.folder / "log").read_text()
        return process

    def _said(self) -> bytes:
        """The next notification of the process to its supervisor; None after a second."""
        try:
            return self._notify.recv(4096)
        except TimeoutError:
            return b""

    def hearing(self, channel: str, wanted: Callable[[HearingProof], bool]) -> HearingProof:
        """The next report on a channel as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = self._subscriber.receive(0.5)
            if message is None or not isinstance(message.body, HearingProof):
                continue
            if message.body.channel == channel and wanted(message.body):
                return message.body
        pytest.fail(f"{channel} was never said to be so; {(self.folder / 'log').read_text()}")

    def deaf(self) -> list[DeafInterval]:
        now = datetime.now(UTC)
        with self.database.read() as connection:
            return list(deaf.between(connection, now - timedelta(hours=1), now))

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.radio.close()
        self._subscriber.close()
        self._notify.close()
        self.database.close()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, Path(run_dir))
        yield built
        built.close()


def eventually(ask: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := ask()) and time.monotonic() < deadline:
        threading.Event().wait(0.1)
    return answer


@pytest.mark.timeout(600)
def test_a_channel_with_too_much_noise_is_deaf_until_it_recovers(
    station: Station,
) -> None:
    """Real processes with live audio: noise on one channel hides any header."""
    station.radio.speed = 4.0  # the copies are of samples, whatever their pace
    station.start()
    first = station.hearing("162.550", lambda said: said.state == "hearing")
    assert first.margin_db is not None
    station.radio.rms[1] = 1.5
    hidden = station.hearing("162.550", lambda said: said.state == "deaf")
    assert (hidden.problem, hidden.margin_db) == (True, None)
    assert "could not be decoded since" in hidden.sentence
    assert eventually(lambda: any("could not be decoded" in row.why for row in station.deaf()))
    station.radio.rms[1] = 0.01
    again = station.hearing("162.550", lambda said: said.state == "hearing")
    assert again.margin_db == pytest.approx(first.margin_db, abs=5)
    ended = [row for row in station.deaf() if "could not be decoded" in row.why]
    assert {row.channel for row in ended} == {"162.550"}
    assert eventually(lambda: all(row.ended_at is not None for row in station.deaf()))
    with station.database.read() as connection:
        assert expected_tests.of_source(connection, "wx")[0].event_code == "RWT"


@dataclass(frozen=True)
class Deafness:
    """When no process ran, as measured by the test."""

    began_at: datetime
    surely_until: datetime
    heard_at: datetime


def covered_s(rows: list[DeafInterval], channel: str, first: datetime, last: datetime) -> float:
    """How much of a time the rows cover, counted in milliseconds."""
    marks: set[int] = set()
    for row in rows:
        if row.channel == channel and row.ended_at is not None:
            began_ms = round((row.began_at - first).total_seconds() * 1000)
            ended_ms = round((min(row.ended_at, last) - first).total_seconds() * 1000)
            marks.update(range(max(0, began_ms), ended_ms))
    return len(marks) / 1000


@pytest.mark.timeout(600)
def test_received_and_deaf_time_add_up_over_random_kills_and_gaps(station: Station) -> None:
    """The rows must agree with the outages measured by the test."""
    chance = np.random.default_rng(6)
    process = station.start()
    station.hearing("162.550", lambda said: said.state != "deaf")
    first = datetime.now(UTC)
    known: list[Deafness] = []
    for how in ("kill", "mute", "terminate", "kill"):
        threading.Event().wait(chance.uniform(1.0, 2.0))  # a random moment is the test
        if how == "mute":
            station.radio.muted.set()
            began_at = datetime.now(UTC) + IN_FLIGHT
            station.hearing("162.550", lambda said: said.state == "deaf")
            surely_until = datetime.now(UTC) - IN_FLIGHT  # the first block begins before it comes
            station.radio.muted.clear()
        else:
            process.kill() if how == "kill" else process.terminate()
            process.wait()
            began_at = datetime.now(UTC)
            threading.Event().wait(chance.uniform(0.5, 1.5))
            surely_until = datetime.now(UTC)
            process = station.start()
        station.hearing("162.550", lambda said: said.state != "deaf")
        known.append(Deafness(began_at, surely_until, datetime.now(UTC)))
    last = datetime.now(UTC)
    assert eventually(lambda: all(row.ended_at is not None for row in station.deaf()))
    rows = station.deaf()
    for channel in CHANNELS:
        for gap in known:
            sure_s = (gap.surely_until - gap.began_at).total_seconds()
            found_s = covered_s(rows, channel, gap.began_at, gap.surely_until)
            assert found_s == pytest.approx(max(0.0, sure_s), abs=0.05), (gap, rows)
        most_s = sum((gap.heard_at - gap.began_at + MARK).total_seconds() for gap in known)
        total_s = covered_s(rows, channel, first, last)
        assert total_s <= most_s, rows
        with station.database.read() as connection:
            sums = deaf.daily_seconds(connection, first, last, source="wx")
        summed_s = sum(seconds for (_, name, _), seconds in sums.items() if name == channel)
        assert summed_s == pytest.approx(total_s, abs=0.05)
    whys = {row.why for row in rows}
    assert {"eas-audiod was killed", "eas-audiod was restarted"} <= whys
    assert "no audio from receiver wx1" in whys
