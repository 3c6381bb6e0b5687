"""A virtual sound card of PulseAudio, a FIFO from sox, live listening and CPU affinity."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm

RATE_HZ = 25_000
CARD = """</usr/share/alsa/alsa.conf>
pcm.easmon { type pulse server "unix:%s" device "vsink.monitor"
 hint { show on description "virtual receiver audio" } }
"""


class VirtualCard:
    """A card whose input is what is played into it."""

    def __init__(self, programs: Any, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self.environment = {
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "PULSE_LATENCY_MSEC": "30",
            "HOME": str(folder),
        }
        (folder / "asound.conf").write_text(CARD % (folder / "native"))
        self.plug_in()

    def plug_in(self) -> None:
        (self._folder / "native").unlink(missing_ok=True)
        self.process: subprocess.Popen[bytes] = self._programs.start(
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
            *("--disable-shm=yes", "--disallow-exit"),
            *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={self._folder}/native"),
            *("-L", "module-null-sink sink_name=vsink rate=44100 channels=2 format=s16le"),
            env={"HOME": str(self._folder)},
        )

    def unplug(self) -> None:
        self._programs.end(self.process)

    def play_until_heard(self, station: Any, wav: Path, number: int) -> None:
        """Repeated: on a busy computer the card itself drops samples."""

        def is_heard() -> bool:
            self._play(wav)
            return station.header(number) in station.headers()

        station.eventually(is_heard)

    def _play(self, wav: Path) -> None:
        done = subprocess.run(
            ["paplay", "--device=vsink", str(wav)],
            env={**os.environ, **self.environment, "PULSE_SERVER": f"unix:{self._folder}/native"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def card(programs: Any) -> Iterator[VirtualCard]:
    programs.need("pulseaudio", "paplay")
    if importlib.util.find_spec("pyaudio") is None:
        pytest.skip("not installed: PyAudio")
    with tempfile.TemporaryDirectory(prefix="eas-card-") as folder:  # a short path for the socket
        yield VirtualCard(programs, Path(folder))


def test_a_sound_card_is_heard_and_again_after_it_was_unplugged(
    station: Any, programs: Any, card: VirtualCard
) -> None:
    station.eventually((card._folder / "native").exists)
    process = station.start(
        'kind = "soundcard"\ndevice = "EASMON"\nchannel = "left"', env=card.environment
    )
    item = station.is_told("source.soundcard", lambda item: item.state == "running")
    assert item.sentence == "listening: easmon at 44100 Hz"
    card.play_until_heard(station, programs.recording(11, bursts=2), 11)
    card.unplug()
    item = station.is_told("source.soundcard", lambda item: item.state == "reconnecting")
    assert "easmon" in item.sentence
    card.plug_in()
    item = station.is_told("source.soundcard", lambda item: item.state == "running")
    card.play_until_heard(station, programs.recording(12, bursts=2), 12)
    item = station.is_told("source.soundcard", lambda item: item.counters["connections"] == 2)
    assert "overflows" in item.counters
    assert process.poll() is None, "the same process all the time"
    station.want("stopped")
    station.is_told("source.soundcard", lambda item: item.state == "stopped")
    assert not [path for path in Path(f"/proc/{process.pid}/fd").iterdir() if is_pulse(path)]
    assert "ALSA lib" not in station.log()


def is_pulse(descriptor: Path) -> bool:
    """Whether the descriptor belongs to the card."""
    return descriptor.is_symlink() and "pulse" in str(descriptor.readlink())


def test_a_missing_card_is_reported_by_name(station: Any) -> None:
    if importlib.util.find_spec("pyaudio") is None:
        pytest.skip("not installed: PyAudio")
    station.start('kind = "soundcard"\ndevice = "no such card"')
    item = station.is_told("source.soundcard", lambda item: "no such card" in item.sentence)
    assert item.state == "reconnecting"


def can_be_written(fifo: Path) -> bool:
    """Whether the FIFO has a reader."""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def test_a_fifo_from_sox_is_heard_and_stays_released_while_stopped(
    station: Any, programs: Any, tmp_path: Path
) -> None:
    programs.need("sox")
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    source = f'kind = "pipe"\npath = "{fifo}"\nrate_hz = 48000'
    process = station.start(source)
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-r", "48000", str(fifo)]
    subprocess.run(["sox", str(programs.recording(21)), *raw], check=True, timeout=60)
    station.hears(21)
    station.want("stopped")
    station.is_told("source.pipe", lambda item: item.state == "stopped")
    assert not can_be_written(fifo)
    process.kill()
    process.wait()
    pid = station.start(source).pid
    station.eventually(station.status, lambda status: status is not None and status.pid == pid)
    item = station.is_told("source.pipe", lambda item: item.state == "stopped")
    assert item.sentence == "stopped by the operator"
    assert not can_be_written(fifo)
    station.want("running")
    station.eventually(lambda: can_be_written(fifo))
    subprocess.run(["sox", str(programs.recording(22)), *raw], check=True, timeout=60)
    station.hears(21, 22)


class Tone:
    """Writes into a FIFO in real time until it is closed."""

    def __init__(self, fifo: Path) -> None:
        self._stop = threading.Event()
        self._pipe = fifo.open("r+b", buffering=0)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Tone:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._pipe.close()

    def _run(self) -> None:
        ramp = np.arange(RATE_HZ // 10, dtype="<i2").tobytes()
        while not self._stop.wait(0.1):
            self._pipe.write(ramp)


def test_audio_is_published_to_subscribers_and_cpu_affinity_is_kept(
    station: Any, tmp_path: Path
) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    cpu = max(os.sched_getaffinity(0))
    with Tone(fifo):
        process = station.start(f'kind = "pipe"\npath = "{fifo}"\ncpu_affinity = [{cpu}]')
        station.is_told("source.pipe", lambda item: item.state == "running")
        silent_until = station.status().last_seq
        topic = topics.audio_pcm("wx", "mono")
        assert topic not in silent_until, "nobody has listened"
        with station.subscriber(topic) as listener:
            frames = []
            deadline = time.monotonic() + 60
            while len(frames) < 6:
                assert time.monotonic() < deadline
                message = listener.receive(0.5)
                if message is not None:
                    frames.append(message)
    for message in frames:
        assert isinstance(message.body, AudioPcm)
        assert message.body.rate_hz == RATE_HZ
    pieces = [np.frombuffer(message.samples, "<i2") for message in frames]
    heard = np.concatenate(pieces)
    turn = int(np.argmin(heard[: RATE_HZ // 10]))
    ramp = np.arange(RATE_HZ // 10)
    assert np.array_equal(heard[turn : turn + len(ramp)], ramp), "sample by sample"
    firsts = [message.body.first_sample for message in frames]
    lengths = [len(piece) for piece in pieces]
    assert firsts[1:] == [first + n for first, n in zip(firsts, lengths, strict=True)][:-1]
    item = station.is_told("cpu", lambda item: True)
    assert (item.state, item.sentence) == ("running", f"runs on CPU {cpu}, as configured")
    tasks = [int(path.name) for path in Path(f"/proc/{process.pid}/task").iterdir()]
    assert {frozenset(os.sched_getaffinity(task)) for task in tasks} == {frozenset({cpu})}
