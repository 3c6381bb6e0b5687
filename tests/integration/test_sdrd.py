"""eas-sdrd as a process: a capture in, numbered audio of seven channels out."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, BusMessage, Control, ReceiverState, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text import message as decoded
from eas_station.dsp.audio import modulate
from eas_station.dsp.radio.fm import FilterBank, Modulator, pre_emphasis_taps
from eas_station.dsp.radio.iq import to_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer
from eas_station.store.database.database import Database
from eas_station.store.records import desired_states
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[2]
SHARED_SAME = ROOT.parent / "shared" / "same"
PATIENCE_S = 60.0
CHANNELS_HZ = [162_400_000 + 25_000 * step for step in range(7)]
CHANNELS = [f"{hz / 1e6:.3f}" for hz in CHANNELS_HZ]


def header(channel: int) -> str:
    return f"ZCZC-WXR-RWT-0391{channel:02d}+0030-1172114-DEMO/WX{channel}-"


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture in which every channel carries its own header; levels 30 dB apart."""
    audio = np.stack([modulate.message(header(k), 25_000) for k in range(7)])
    audio = np.pad(audio, ((0, 0), (0, 25_000)))
    emphasised = FilterBank(7, pre_emphasis_taps(25_000)[np.newaxis]).feed(audio)[0]
    deviation_hz = emphasised * np.float32(4_000 / 1.82) + np.float32(300)
    front = FrontEnd(250_000, [12, 40, 12, 30, 10, 20, 25], np.random.default_rng(1))
    baseband = Modulator(7, 25_000).feed(deviation_hz)
    iq = Synthesizer(250_000, 162_487_500, CHANNELS_HZ).feed(baseband * front.amplitudes)
    path = tmp_path_factory.mktemp("capture") / "messages.cu8"
    path.write_bytes(to_cu8(iq + front.noise(iq.size)))
    return path


class Station:
    """A configuration and the process of one receiver."""

    def __init__(self, folder: Path, run_dir: Path) -> None:
        self.folder, self.run_dir = folder, run_dir
        self.capture = folder / "capture.cu8"
        self.modules = folder / "modules"
        self.url = f"sqlite:///{folder / 'station.sqlite'}"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(run_dir / "notify"))
        self._notify.settimeout(PATIENCE_S)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.told = ""

    def spawn(self, more: str = "") -> subprocess.Popen[bytes]:
        config = self.folder / "station.toml"
        config.write_text(
            f'[paths]\nstate_dir = "{self.folder}"\nruntime_dir = "{self.run_dir}"\n'
            f'[database]\nurl = "{self.url}"\n[station]\nclock = "trusted"\n'
            f'[[receiver]]\nname = "wx"\nkind = "file"\npath = "{self.capture}"\n{more}\n'
        )
        process = subprocess.Popen(
            [
                *(sys.executable, str(ROOT / "daemons" / "eas-sdrd")),
                *("--config", str(config), "--name", "wx"),
            ],
            env={
                **os.environ,
                "NOTIFY_SOCKET": str(self.run_dir / "notify"),
                "EAS_DEBUG_MODULES": str(self.modules),
            },
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
        )
        self._processes.append(process)
        return process

    def start(self, more: str = "") -> subprocess.Popen[bytes]:
        """Start the daemon and wait for READY."""
        process = self.spawn(more)
        while "READY=1" not in self.told:
            self.told = self._notify.recv(4096).decode()
        return process

    def next_status_line(self, wanted: Callable[[str], bool]) -> str:
        """The next STATUS= that is wanted."""
        while True:
            for line in self._notify.recv(4096).decode().splitlines():
                if line.startswith("STATUS=") and wanted(line):
                    return line.removeprefix("STATUS=")

    def subscriber(self, *names: str) -> Subscriber:
        return Subscriber(self.run_dir, ["eas-sdrd@wx"], names)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self._notify.close()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, Path(run_dir))
        migrate.upgrade(built.url)
        yield built
        built.close()


def next_of(subscriber: Subscriber, wanted: Callable[[BusMessage], bool]) -> BusMessage:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        message = subscriber.receive(0.5)
        if message is not None and wanted(message):
            return message
    pytest.fail("the message did not come")


def in_state(state: str) -> Callable[[BusMessage], bool]:
    return lambda message: isinstance(message.body, ReceiverState) and message.body.state == state


def all_frames(subscriber: Subscriber) -> dict[str, list[BusMessage]]:
    """The audio of every channel until the capture has ended."""
    frames: dict[str, list[BusMessage]] = {channel: [] for channel in CHANNELS}
    while True:
        message = next_of(subscriber, lambda message: True)
        if isinstance(message.body, AudioPcm):
            frames[message.topic.removeprefix("audio.pcm.wx.")].append(message)
        elif isinstance(message.body, ReceiverState) and message.body.state == "stopped":
            return frames


def play_once(station: Station, capture: Path) -> dict[str, list[BusMessage]]:
    """Put the capture in place; the subscriber is ready before the first frame."""
    station.start("realtime = false\nloop = false")
    with station.subscriber("audio.pcm.wx.", topics.receiver_state("wx")) as subscriber:
        next_of(subscriber, in_state("reconnecting"))
        station.capture.symlink_to(capture)
        frames = all_frames(subscriber)
        assert subscriber.missed() == ()
        assert subscriber.rejected == 0
    return frames


def test_seven_channels_are_published_and_decodable(station: Station, messages: Path) -> None:
    frames = play_once(station, messages)
    rows = []
    for channel in CHANNELS:
        expected, samples = 0, []
        for number, message in enumerate(frames[channel], start=1):
            assert message.seq == number
            assert isinstance(message.body, AudioPcm)
            assert (message.body.rate_hz, message.body.gap_samples) == (25_000, 0)
            assert message.body.first_sample == expected
            samples.append(np.frombuffer(message.samples or b"", dtype="<i2"))
            expected += samples[-1].size
        rows.append(np.concatenate(samples))
        left_over = messages.stat().st_size // 20 - expected
        assert 0 <= left_over < 2304
    same = SameReceiver(7, 25_000)
    heard = same.feed(np.stack(rows).astype(np.float32) / 32768) + same.flush()
    said = [m for m in heard if isinstance(m, decoded.DecodedMessage)]
    assert {(m.channel, m.text) for m in said if not m.is_eom} == {(k, header(k)) for k in range(7)}
    assert {m.channel for m in said if m.is_eom} == set(range(7))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_SAME.is_dir(), reason="../shared is absent")
def test_a_foreign_synthesiser_with_dc_imbalance_and_20_ppm_is_heard_on_all_seven(
    station: Station, tmp_path: Path
) -> None:
    levels = [20, 8, 48, 8, 10, 25, 12]  # C/N in dB: a neighbour 40 dB stronger
    made = tmp_path / "foreign.cu8"
    command = [sys.executable, str(SHARED_SAME / "iq.py"), "make", "--out", str(made)]
    command += ["--fs", "250000", "--center", "162.4875e6", "--n", "1", "--seed", "5"]
    command += ["--ppm", "20", "--dc", "0.08", "--iqimb", "0.5,2"]
    for channel, cn_db in zip(CHANNELS, levels, strict=True):
        command += ["--ch", f"{channel}:{cn_db}"]
    subprocess.run(command, check=True)
    frames = play_once(station, made)
    rows = [
        np.concatenate([np.frombuffer(m.samples or b"", dtype="<i2") for m in frames[channel]])
        for channel in CHANNELS
    ]
    same = SameReceiver(7, 25_000)
    heard = same.feed(np.stack(rows).astype(np.float32) / 32768) + same.flush()
    headers = [m.channel for m in heard if isinstance(m, decoded.DecodedMessage) and not m.is_eom]
    truth = re.findall(r"ZCZC-[^\"]+", made.with_suffix(".json").read_text())
    texts = {m.text for m in heard if isinstance(m, decoded.DecodedMessage) and not m.is_eom}
    assert sorted(headers) == list(range(7))
    assert texts == set(truth)


def test_in_real_time_the_state_is_published(station: Station, messages: Path) -> None:
    station.capture.symlink_to(messages)
    process = station.start()
    with station.subscriber(
        "audio.pcm.wx.", topics.receiver_state("wx"), topics.status("eas-sdrd@wx")
    ) as subscriber:
        state = next_of(subscriber, lambda m: in_state("running")(m) and bool(m.body.channels)).body
        began_s, samples = time.monotonic(), 0
        while time.monotonic() < began_s + 3:
            message = subscriber.receive(0.2)
            if message is not None and message.topic == topics.audio_pcm("wx", "162.475"):
                samples += len(message.samples or b"") // 2
        assert samples / (time.monotonic() - began_s) == pytest.approx(25_000, rel=0.2)
        assert subscriber.missed() == ()
    assert isinstance(state, ReceiverState)
    assert [channel.channel for channel in state.channels] == CHANNELS
    for channel, cn_db in zip(state.channels, [12, 40, 12, 30, 10, 20, 25], strict=True):
        assert channel.carrier_present
        # Full modulation reaches the edge of the channel filter: as noise 26 dB down or better.
        assert min(cn_db, 28) - 2 < channel.snr_db < cn_db + 2
        assert channel.offset_hz == pytest.approx(300, abs=40)
    assert state.ppm == pytest.approx(1.85, abs=0.2)
    line = station.next_status_line(lambda line: "best" in line)
    assert re.fullmatch(
        r"7 channels, best WX\d \(162\.\d{3}\) \d+ dB, 0 samples lost, ppm \+\d\.\d", line
    )
    title = Path(f"/proc/{process.pid}/cmdline").read_text().rstrip("\0").strip()
    assert title == "eas-sdrd: wx"


def test_sigterm_ends_the_daemon_within_four_seconds(station: Station, messages: Path) -> None:
    station.capture.symlink_to(messages)
    process = station.start()
    with station.subscriber(topics.receiver_state("wx")) as subscriber:
        next_of(subscriber, in_state("running"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


def test_neither_the_web_page_nor_the_parsers_are_loaded(station: Station) -> None:
    station.start()
    loaded = {name.split(".")[0] for name in station.modules.read_text().split()}
    assert not loaded & {"bottle", "waitress", "lxml", "requests", "rtlsdr", "pyaudio", "scipy"}
    assert "eas_station.cap" not in station.modules.read_text().split()


def test_a_missing_capture_is_reconnecting_with_one_log_line(
    station: Station, messages: Path
) -> None:
    station.start()
    with station.subscriber(
        topics.receiver_state("wx"), topics.status("eas-sdrd@wx")
    ) as subscriber:
        state = next_of(subscriber, in_state("reconnecting")).body
        assert isinstance(state, ReceiverState)
        assert f"{station.capture} does not exist" in state.sentence
        status = next_of(
            subscriber, lambda m: isinstance(m.body, Status) and m.body.state == "degraded"
        )
        assert isinstance(status.body, Status)
        next_of(subscriber, lambda m: m.seq >= 3 and in_state("reconnecting")(m))
        assert station.log().count("reconnecting") == 1
        station.capture.symlink_to(messages)
        next_of(subscriber, in_state("running"))
        assert station.log().count("receiver wx is running") == 1


def test_the_operator_stops_and_starts_the_daemon_s_receiver(
    station: Station, messages: Path
) -> None:
    station.capture.symlink_to(messages)
    station.start()
    database = Database(station.url)
    page = Publisher("eas-webd", station.run_dir)

    def want(desired: desired_states.Desired) -> None:
        with database.write() as connection:
            desired_states.set_desired(
                connection, "receiver", "wx", desired, datetime.now(UTC), "a test"
            )

    try:
        with station.subscriber(topics.receiver_state("wx")) as subscriber:
            for desired, state in (("stopped", "stopped"), ("running", "running")):
                next_of(subscriber, lambda message: True)
                want(desired)
                deadline = time.monotonic() + PATIENCE_S
                while time.monotonic() < deadline:  # the daemon hears the page once it is there
                    page.publish(topics.control("eas-sdrd@wx"), Control("receiver wx"))
                    message = subscriber.receive(0.5)
                    if message is not None and in_state(state)(message):
                        break
                else:
                    pytest.fail(f"never {state}")
    finally:
        page.close()
        database.close()
    assert "stopped by the operator" in station.log()


def test_channels_out_of_reach_are_a_configuration_fault(station: Station) -> None:
    process = station.spawn("channels_hz = [162400000, 162401000]")
    assert process.wait(timeout=PATIENCE_S) == 78
    assert "receiver.wx.center_hz" in station.log()
    assert "must be a multiple of 2500 Hz away from every channel" in station.log()
    assert "Traceback" not in station.log()
