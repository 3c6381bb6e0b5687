"""eas-sdrd as processes, with dongles that are not there: a server and a library of our own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, BusMessage, ReceiverState
from eas_station.bus.subscriber import Subscriber
from eas_station.dsp.audio import modulate
from eas_station.dsp.radio.fm import FilterBank, Modulator, pre_emphasis_taps
from eas_station.dsp.radio.iq import to_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 30.0
RATE_HZ, CENTER_HZ = 250_000, 162_487_500
NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]
PPM = 6.0  # of the dongles' crystals: they run slow, so carriers appear too high
COMMANDS = {1: "frequency", 2: "rate", 3: "manual", 4: "gain", 5: "ppm", 8: "agc", 9: "direct"}
HEADER = b"RTL0" + struct.pack(">II", 5, 29)


def header_of(channel: int) -> str:
    """The SAME header that a channel carries."""
    return f"ZCZC-WXR-RWT-0391{channel:02d}+0030-1172114-DEMO/WX{channel}-"


@pytest.fixture(scope="session")
def received() -> bytes:
    """Twelve seconds of cu8: every channel sends a header, once, and then goes on in silence."""
    audio = np.stack([modulate.message(header_of(k), 25_000) for k in range(7)])[:, : 12 * 25_000]
    audio = np.pad(audio, ((0, 0), (0, 12 * 25_000 - audio.shape[1])))
    emphasised = FilterBank(7, pre_emphasis_taps(25_000)[np.newaxis]).feed(audio)[0]
    deviation_hz = emphasised * np.float32(4_000 / 1.82) + np.float32(PPM * 162.475)
    front = FrontEnd(RATE_HZ, [12, 40, 12, 30, 10, 20, 25], np.random.default_rng(1))
    baseband = Modulator(7, 25_000).feed(deviation_hz)
    iq = Synthesizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(baseband * front.amplitudes)
    return to_cu8(iq + front.noise(iq.size))


class Dongle:
    """An rtl_tcp server that paces samples at the requested rate and can misbehave."""

    def __init__(self, iq: bytes) -> None:
        self._iq = iq
        self._listening: socket.socket | None = None
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = 0
        self.commands: list[tuple[str, int]] = []
        self.accepted = 0
        self.stalls = threading.Event()
        self.greeting = HEADER  # what a connection begins with
        self.skip_samples = 0  # to be left out of the air, once
        self.listen()

    def listen(self) -> None:
        """Start it, on the same port as before."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        self._start(self._accept, self._listening)

    def vanish(self) -> None:
        """Close all connections and stop."""
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        self.hang_up()

    def hang_up(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def end(self) -> None:
        """Stop for good."""
        self.vanish()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def told(self, what: str) -> list[int]:
        """What was set, in order."""
        return [value for name, value in list(self.commands) if name == what]

    def _start(self, target: Callable[[socket.socket], None], of: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(of,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self.accepted += 1
                self._connections.append(connection)
                self._start(self._obey, connection)
                self._start(self._send, connection)

    def _obey(self, connection: socket.socket) -> None:
        raw = b""
        with contextlib.suppress(OSError):
            while data := connection.recv(4096):
                raw += data
                while len(raw) >= 5:
                    code, value = struct.unpack(">Bi", raw[:5])
                    raw = raw[5:]
                    self.commands.append((COMMANDS.get(code, str(code)), value))

    def _send(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.sendall(self.greeting)
            if self.greeting != HEADER:
                connection.shutdown(socket.SHUT_RDWR)
                return
            began_s, sent, at = time.monotonic(), 0, 0
            while True:
                due = round((time.monotonic() - began_s) * RATE_HZ) * 2 - sent
                if due < 10_001 or self.stalls.is_set():
                    time.sleep(0.005)
                    continue
                if self.skip_samples:
                    sent += 2 * self.skip_samples
                    at += 2 * self.skip_samples
                    self.skip_samples = 0
                    continue
                due = min(due, 30_001) | 1  # an odd number of bytes: TCP knows no samples
                piece = self._iq[at % len(self._iq) :][:due]
                connection.sendall(piece)
                sent += len(piece)
                at += len(piece)


class Station:
    """A configuration, and its receivers' processes under a supervisor like systemd."""

    def __init__(self, folder: Path, run_dir: Path) -> None:
        self.folder, self.run_dir = folder, run_dir
        self.environment: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._url = f"sqlite:///{folder / 'station.sqlite'}"
        migrate.upgrade(self._url)

    def configure(self, **receivers: str) -> None:
        """One [[receiver]] each: its name and its keys."""
        tables = [f'[[receiver]]\nname = "{name}"\n{keys}\n' for name, keys in receivers.items()]
        (self.folder / "station.toml").write_text(
            f'[paths]\nstate_dir = "{self.folder}"\nruntime_dir = "{self.run_dir}"\n'
            f'[database]\nurl = "{self._url}"\n[station]\nclock = "trusted"\n' + "\n".join(tables)
        )

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start the process of a receiver."""
        process = subprocess.Popen(
            [
                *(sys.executable, str(ROOT / "daemons" / "eas-sdrd")),
                *("--config", str(self.folder / "station.toml"), "--name", name),
            ],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{name}.log").open("ab"),
        )
        self.processes[name] = process
        return process

    def log(self, name: str) -> str:
        """The log of a receiver's process."""
        return (self.folder / f"{name}.log").read_text()

    def subscriber(self, *names: str) -> Subscriber:
        """Subscribes to the states and the first channel of receivers."""
        units = [f"eas-sdrd@{name}" for name in names]
        heard = [topics.receiver_state(name) for name in names]
        return Subscriber(self.run_dir, units, [*heard, *(f"audio.pcm.{name}." for name in names)])

    def close(self) -> None:
        """End the processes."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """A station without receivers yet."""
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, Path(run_dir))
        yield built
        built.close()


@pytest.fixture
def dongle(received: bytes) -> Iterator[Dongle]:
    """An rtl_tcp server."""
    made = Dongle(received)
    yield made
    made.end()


@pytest.fixture(scope="session")
def fake_librtlsdr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated librtlsdr.so whose dongles are files."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the fake librtlsdr cannot be made")
    folder = tmp_path_factory.mktemp("librtlsdr")
    source = Path(__file__).with_name("fake_librtlsdr.c")
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", str(folder / "librtlsdr.so"), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return folder


Wanted = Callable[[BusMessage], bool]


@pytest.fixture
def wait_for() -> Callable[[Subscriber, Wanted], BusMessage]:
    """Waits for a message that is wanted."""

    def wait(subscriber: Subscriber, wanted: Wanted) -> BusMessage:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = subscriber.receive(0.5)
            if message is not None and wanted(message):
                return message
        pytest.fail("the message did not come")

    return wait


@pytest.fixture
def in_state() -> Callable[..., Wanted]:
    """Whether a message reports this state of a receiver."""

    def of(state: str, receiver: str = "wx", said: str = "") -> Wanted:
        return lambda message: (
            isinstance(message.body, ReceiverState)
            and message.body.receiver == receiver
            and message.body.state == state
            and said in message.body.sentence
        )

    return of


@pytest.fixture
def audio() -> Wanted:
    """Whether a message is audio of the first channel."""
    return lambda message: isinstance(message.body, AudioPcm) and message.topic.endswith(".162.400")
