"""eas-audiod as a process: recordings, pipes and the bus in; rows, clips and news out."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from eas_station.alerts.model import Reception
from eas_station.bus import topics
from eas_station.bus.messages import AudioLevel, AudioPcm, BusMessage, Control, ReceptionNew, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.store.alerts import alert_queries, receptions
from eas_station.store.database.database import Database
from eas_station.store.records import clips, deaf, desired_states
from eas_station.store.records.clips import Clip
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT.parent / "shared" / "recordings"
RATE_HZ = 25_000
PATIENCE_S = 60.0
T = TypeVar("T")

recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="../shared is absent")


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def burst(text: str) -> np.ndarray:
    """One transmission by an independent modulator: 47 CFR 11.31(a)."""
    data = b"\xab" * 16 + text.encode("ascii")
    bits = [(byte >> i) & 1 for byte in data for i in range(8)]
    tones_hz = np.repeat([2083 + 1 / 3 if bit else 1562.5 for bit in bits], 48)
    return 0.5 * np.sin(2 * np.pi * np.cumsum(tones_hz) / RATE_HZ)


ISSUED_AT = datetime.now(UTC) - timedelta(minutes=1)


def audio(header: str, speech_s: float = 2.0) -> np.ndarray:
    """A whole message: header, something like speech, end of message."""
    pause = np.zeros(RATE_HZ)
    noise = np.random.default_rng(7).normal(0, 0.05, int(speech_s * RATE_HZ))
    three = [part for _ in range(3) for part in (burst(header), pause)]
    end = [part for _ in range(3) for part in (burst("NNNN"), pause)]
    samples = np.concatenate([pause[: RATE_HZ // 2], *three, noise, *end])
    return (32767 * samples).astype("<i2")


def header(number: int, code: str = "TOR") -> str:
    """A header unique to this number, issued shortly before these tests."""
    return f"ZCZC-WXR-{code}-{39_000 + number:06d}+0100-{ISSUED_AT:%j%H%M}-KCLE/NWS-"


class Station:
    """A configuration, a database and the processes of one source."""

    def __init__(self, folder: Path, run_dir: Path) -> None:
        self.folder = folder
        self.run_dir = run_dir
        self.state_dir = folder / "state"
        self.state_dir.mkdir()
        self.url = f"sqlite:///{self.state_dir / 'station.sqlite'}"
        self.database = Database(self.url)
        self.modules = folder / "modules"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(run_dir / "notify"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._subscribers: list[Subscriber] = []

    def configure(self, source: str, more: str = "") -> None:
        self.config = self.folder / "station.toml"
        self.config.write_text(
            f'[paths]\nstate_dir = "{self.state_dir}"\nruntime_dir = "{self.run_dir}"\n'
            f'[database]\nurl = "{self.url}"\n[station]\nclock = "trusted"\n'
            f"[clips]\npre_roll_s = 1.0\npost_roll_s = 0.5\n{more}\n"
            f'[[source]]\nname = "wx"\n{source}\n'
        )

    def start(self, name: str = "wx") -> subprocess.Popen[bytes]:
        """Start the daemon of a source and wait for READY."""
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": str(self.run_dir / "notify"),
            "EAS_DEBUG_MODULES": str(self.modules),
        }
        command = [sys.executable, str(ROOT / "daemons" / "eas-audiod")]
        process = subprocess.Popen(
            [*command, "--config", str(self.config), "--name", name],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
        )
        self._processes.append(process)
        self._notify.settimeout(1.0)
        while b"READY=1" not in self._said():
            assert process.poll() is None, self.log()
        return process

    def _said(self) -> bytes:
        """The next notification of the process to its supervisor; None after a second."""
        try:
            return self._notify.recv(4096)
        except TimeoutError:
            return b""

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def receptions(self) -> list[Reception]:
        """Every reception in the database, also those of one alert."""
        with self.database.read() as connection:
            found = alert_queries.page(connection, "all", 500).alerts
            by_alert = alert_queries.receptions_of(connection, [alert.alert_id for alert in found])
        return [reception for several in by_alert.values() for reception in several]

    def alert_count(self) -> int:
        with self.database.read() as connection:
            return len(alert_queries.page(connection, "all", 500).alerts)

    def headers(self) -> list[str]:
        return sorted(reception.raw for reception in self.receptions())

    def clips(self) -> list[Clip]:
        with self.database.read() as connection:
            found = alert_queries.page(connection, "all", 500).alerts
            of = clips.of_alerts(connection, [alert.alert_id for alert in found])
        return [clip for several in of.values() for clip in several]

    def file_of(self, clip: Clip) -> Path:
        assert clip.path is not None, clip.fault
        return self.state_dir / "clips" / clip.path

    def subscriber(self, *names: str) -> Subscriber:
        """Subscribes to the source; closed with the station, in the test's thread."""
        subscriber = Subscriber(self.run_dir, ["eas-audiod@wx"], names)
        self._subscribers.append(subscriber)
        return subscriber

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for subscriber in self._subscribers:
            subscriber.close()
        self._notify.close()
        self.database.close()


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, Path(run_dir))
        migrate.upgrade(built.url)
        yield built
        built.close()


def eventually(ask: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is as wanted; the last answer in any case."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(answer := ask()) and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    return answer


def next_of(subscriber: Subscriber, wanted: Callable[[BusMessage], bool]) -> BusMessage:
    """The next message as wanted."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        message = subscriber.receive(0.5)
        if message is not None and wanted(message):
            return message
    pytest.fail("the message did not come")


def multimon(clip: Path) -> list[str]:
    """What multimon-ng decodes from a clip."""
    wav = subprocess.run(
        ["sox", str(clip), "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "22050", "-"],
        capture_output=True,
        check=True,
    )
    heard = subprocess.run(
        ["multimon-ng", "-q", "-t", "raw", "-a", "EAS", "-"], input=wav.stdout, capture_output=True
    )
    lines = heard.stdout.decode().splitlines()
    return [line.removeprefix("EAS: ") for line in lines if line.startswith("EAS: ZCZC")]


def as_wav(recording: Path, folder: Path) -> Path:
    """A recording in another format as WAV."""
    wav = folder / (recording.stem + ".wav")
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "22050"]
    subprocess.run(
        ["sox", *(raw if recording.suffix == ".bin" else []), str(recording), str(wav)], check=True
    )
    return wav


@recordings
@needs("sox", "multimon-ng")
@pytest.mark.parametrize(
    "name",
    [
        "dsame_WXR-RWT.ogg",
        "mx_same.wav",
        "nick_same.wav",
        "sameold_npt.22050.s16le.bin",
        "sameold_two_and_two.22050.s16le.bin",
    ],
)
def test_a_foreign_recording_becomes_an_alert_with_a_clip(station: Station, name: str) -> None:
    manifest = json.loads((RECORDINGS / "MANIFEST.json").read_text())
    (expected,) = [file["headers"] for file in manifest["files"] if file["file"] == name]
    wav = as_wav(RECORDINGS / name, station.folder)
    station.configure(f'kind = "file"\npath = "{wav}"\nrealtime = false')
    station.start()
    assert eventually(station.headers, lambda headers: headers == expected) == expected
    (reception,) = station.receptions()
    assert (reception.via, reception.origin, reception.channel) == ("same", "wx", "mono")
    (clip,) = eventually(station.clips, lambda found: len(found) == 1)
    file = station.file_of(clip)
    assert file.suffix == (".flac" if shutil.which("flac") else ".wav")
    assert file.stat().st_size == clip.bytes
    assert clip.reception_ids == (reception.reception_id,)
    assert multimon(file) == multimon(wav), "another decoder hears in it what it hears in ours"


@recordings
@needs("sox")
def test_a_recording_with_an_invalid_day_is_dated_now(station: Station) -> None:
    wav = as_wav(RECORDINGS / "sameold_long_message.22050.s16le.bin", station.folder)
    station.configure(f'kind = "file"\npath = "{wav}"\nrealtime = false')
    station.start()
    (header,) = eventually(station.headers, bool)
    assert header.endswith("-581947+0000-0001122-NOCALL00-"), "as sent, with its day 000"
    (reception,) = station.receptions()
    issued_at = reception.statement.issued_at
    assert timedelta(0) <= reception.received_at - issued_at < timedelta(minutes=1)
    assert reception.statement.expires_at == issued_at + timedelta(hours=1), "purge time 0000"
    assert reception.statement.doubt == "date in header: 0001122, not believed"


def test_one_warning_on_two_sources_is_one_alert_with_both_receptions(
    station: Station,
) -> None:
    """Two processes with the same message, and a similar one that only one receives."""
    elsewhere = header(1).replace("KCLE/NWS", "KDTX/NWS")
    for name, texts in (("wx", (header(1),)), ("wy", (elsewhere, header(2)))):
        with wave.open(str(station.folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(np.concatenate([audio(text, 0.1) for text in texts]).tobytes())
    source = 'kind = "file"\nrealtime = false\npath = "{}"'
    station.configure(
        source.format(station.folder / "wx.wav")
        + '\n[[source]]\nname = "wy"\n'
        + source.format(station.folder / "wy.wav")
    )
    station.start("wx")
    station.start("wy")
    expected = sorted([header(1), elsewhere, header(2)])
    assert eventually(station.headers, lambda headers: headers == expected) == expected
    assert station.alert_count() == 2
    with station.database.read() as connection:
        found = alert_queries.page(connection, "all", 500).alerts
        by_alert = alert_queries.receptions_of(connection, [alert.alert_id for alert in found])
    (twin,), both = sorted(by_alert.values(), key=len)
    assert (twin.raw, twin.origin) == (header(2), "wy")
    assert {(one.origin, one.raw) for one in both} == {("wx", header(1)), ("wy", elsewhere)}
    for one in both:
        assert one.evidence is not None
        assert one.evidence.agreed
        assert one.evidence.posterior > 0.99
        assert one.evidence.snr_db is not None
    assert len(eventually(station.clips, lambda clips: len(clips) == 3)) == 3


@needs("sox")
def test_a_fifo_is_heard_from_one_writer_after_another(station: Station) -> None:
    fifo = station.folder / "pipe"
    os.mkfifo(fifo)
    station.configure(f'kind = "pipe"\npath = "{fifo}"')
    station.start()
    for number in (1, 2):
        wav = station.folder / f"{number}.wav"
        with wave.open(str(wav), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(audio(header(number)).tobytes())
        raw = ["-t", "raw", "-e", "signed", "-b", "16", "-r", str(RATE_HZ), str(fifo)]
        subprocess.run(["sox", str(wav), *raw], check=True, timeout=30)
        heard = eventually(station.headers, lambda headers, number=number: len(headers) == number)
        assert len(heard) == number
    recorded = eventually(station.clips, lambda found: len(found) == 2)
    assert {clip.channel for clip in recorded} == {"mono"}


def test_raw_samples_on_standard_input_are_decoded_to_the_end(station: Station) -> None:
    station.configure('kind = "pipe"\npath = "-"')
    (station.folder / "raw").write_bytes(audio(header(3), 0.1).tobytes())
    command = [sys.executable, str(ROOT / "daemons" / "eas-audiod")]
    with (station.folder / "raw").open("rb") as raw, (station.folder / "log").open("wb") as log:
        arguments = ["--config", str(station.config), "--name", "wx"]
        process = subprocess.Popen([*command, *arguments], stdin=raw, stderr=log)
        station._processes.append(process)
        assert len(eventually(station.headers, lambda headers: len(headers) == 1)) == 1
    eventually(station.log, lambda log: "standard input was closed" in log)
    assert "standard input was closed" in station.log()


class Feeder:
    """Writes messages into a FIFO without end, across deaths of the reader."""

    def __init__(self, fifo: Path) -> None:
        self._fifo = fifo
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0

    def __enter__(self) -> Feeder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        try:
            os.close(os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK))
        finally:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._fifo.open("wb") as pipe:
                    while not self._stop.is_set():
                        self.sent += 1
                        pipe.write(audio(header(self.sent), 0.5).tobytes())
            except BrokenPipeError:
                continue


class AcknowledgedReceptions:
    """Keeps the receptions that the daemon has acknowledged."""

    def __init__(self, station: Station) -> None:
        self._run_dir = station.run_dir
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged: dict[str, str] = {}
        self.durable = True

    def __enter__(self) -> AcknowledgedReceptions:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def waits_for(self, count: int) -> None:
        """Wait until so many are acknowledged."""
        acknowledged = eventually(lambda: len(self.acknowledged), lambda found: found >= count)
        assert acknowledged >= count

    def _run(self) -> None:
        with Subscriber(self._run_dir, ["eas-audiod@wx"], [topics.RECEPTION_NEW]) as subscriber:
            while not self._stop.is_set():
                message = subscriber.receive(0.1)
                if message is not None and isinstance(message.body, ReceptionNew):
                    heard = message.body.reception
                    self.acknowledged[heard.reception_id] = heard.raw
                    self.durable = self.durable and message.body.durable


@needs("flac", "sox", "multimon-ng")
@pytest.mark.timeout(300)
def test_twenty_kills_during_messages_lose_and_repeat_nothing(station: Station) -> None:
    fifo = station.folder / "pipe"
    os.mkfifo(fifo)
    station.configure(f'kind = "pipe"\npath = "{fifo}"')
    chance = np.random.default_rng(2025)
    with AcknowledgedReceptions(station) as watching, Feeder(fifo):
        for round_ in range(20):
            process = station.start()
            if round_ % 4 == 0:  # so that there is something to lose
                watching.waits_for(len(watching.acknowledged) + 1)
            threading.Event().wait(chance.uniform(0.0, 0.3))  # a random moment is the test
            process.kill()
            process.wait()
        process = station.start()
        watching.waits_for(len(watching.acknowledged) + 3)
    assert len(watching.acknowledged) >= 8
    assert watching.durable
    stored = eventually(
        lambda: {heard.reception_id: heard.raw for heard in station.receptions()},
        lambda found: watching.acknowledged.keys() <= found.keys(),
    )
    assert watching.acknowledged.items() <= stored.items()
    assert station.alert_count() == len(set(stored.values())), "one alert for each header"
    process.terminate()
    assert process.wait(30) == 0, "every clip is finished, or was never begun"
    station.start()  # what the one before could not move any more
    least = len(stored) - 6  # a kill may fall between a reception and the note of its clip
    told = eventually(station.clips, lambda found: len(found) >= least)
    assert least <= len(told) <= len(stored), "a clip, or the reason why there is none, for each"
    whole = no_half_clip(station)
    assert len(whole) >= 3
    for clip in whole[-3:]:
        assert stored[clip.reception_ids[0]] in multimon(station.file_of(clip)), "another decoder"


def no_half_clip(station: Station) -> list[Clip]:
    """The clips with a file, oldest first; all must be complete, without other files."""
    listed = [clip for clip in station.clips() if clip.path is not None]
    for clip in listed:
        file = station.file_of(clip)
        content = file.read_bytes()
        assert len(content) == clip.bytes
        assert hashlib.sha256(content).hexdigest() == clip.sha256
        if file.suffix == ".flac":
            subprocess.run(["flac", "--test", "--silent", str(file)], check=True)
    assert {station.file_of(clip) for clip in listed} == files_of(station)
    assert not list((station.state_dir / "clips" / "part").rglob("*.part"))
    return sorted(listed, key=lambda clip: clip.started_at)


def files_of(station: Station) -> set[Path]:
    return set((station.state_dir / "clips").glob("2*/*/*/*"))


def test_sigterm_during_a_message_ends_in_time_with_the_clip(station: Station) -> None:
    fifo = station.folder / "pipe"
    os.mkfifo(fifo)
    station.configure(f'kind = "pipe"\npath = "{fifo}"')
    process = station.start()
    with fifo.open("wb") as pipe:
        pipe.write(audio(header(1), 60.0).tobytes()[: 30 * RATE_HZ * 2])
        pipe.flush()
        assert len(eventually(station.headers, lambda headers: len(headers) == 1)) == 1
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began <= 4.0
    station.start()
    (clip,) = eventually(station.clips, lambda found: len(found) == 1)
    assert clip.duration_s > 5
    assert station.file_of(clip).stat().st_size == clip.bytes
    assert files_of(station) == {station.file_of(clip)}


class Radio:
    """A receiver of two channels on the bus, as eas-sdrd is."""

    def __init__(self, run_dir: Path) -> None:
        self._publisher = Publisher("eas-sdrd@wx1", run_dir)
        self._at = 0

    def play(self, samples: np.ndarray, silent: bool = False, speed: float = 1.0) -> float:
        """Send the samples on 162.550 and noise on 162.400; gives when the last was sent."""
        noise = np.random.default_rng(1).integers(-500, 500, 2500).astype("<i2").tobytes()
        samples = np.concatenate([samples, np.zeros(-len(samples) % 2500, "<i2")])
        for first in range(0, len(samples), 2500):
            frame = AudioPcm(RATE_HZ, self._at, 0)
            piece = samples[first : first + 2500].tobytes()
            if not silent:
                self._publisher.publish(topics.audio_pcm("wx1", "162.400"), frame, noise)
                self._publisher.publish(topics.audio_pcm("wx1", "162.550"), frame, piece)
            self._at += 2500
            threading.Event().wait(0.1 / speed)  # the pace of a radio
        return time.monotonic()

    def close(self) -> None:
        self._publisher.close()


RECEIVER = """
[[receiver]]
name = "wx1"
kind = "file"
path = "none.cu8"
channels_hz = [162_400_000, 162_550_000]
"""


@pytest.fixture
def radio(station: Station) -> Iterator[Radio]:
    built = Radio(station.run_dir)
    station.configure('kind = "receiver"\nreceiver = "wx1"', RECEIVER)
    yield built
    built.close()


def test_a_receiver_on_the_bus_is_decoded_live(station: Station, radio: Radio) -> None:
    station.start()
    subscriber = station.subscriber(topics.RECEPTION_NEW, topics.audio_level("wx", "162.550"))
    radio.play(np.zeros(RATE_HZ, "<i2"))
    two_bursts = np.concatenate([burst(header(1)), np.zeros(RATE_HZ), burst(header(1))])
    radio.play((32767 * two_bursts).astype("<i2"))
    sender = threading.Thread(target=radio.play, args=(np.zeros(4 * RATE_HZ, "<i2"),), daemon=True)
    sender.start()
    news = next_of(subscriber, lambda message: isinstance(message.body, ReceptionNew))
    assert sender.is_alive()
    assert isinstance(news.body, ReceptionNew)
    assert news.body.reception.channel == "162.550"
    assert news.body.reception.raw == header(1)
    level = next_of(subscriber, lambda message: isinstance(message.body, AudioLevel)).body
    assert isinstance(level, AudioLevel)
    assert level.rms_dbfs < 0
    sender.join()


def deaf_intervals(station: Station) -> list[deaf.DeafInterval]:
    now = datetime.now(UTC)
    with station.database.read() as connection:
        rows = deaf.between(connection, now - timedelta(hours=1), now)
    return [row for row in rows if row.ended_at is not None]


def test_a_kill_and_lost_samples_are_recorded_as_deaf(station: Station, radio: Radio) -> None:
    station.start().kill()
    process = station.start()
    radio.play(np.zeros(3 * RATE_HZ, "<i2"), speed=1.0)
    process.kill()
    killed_at = datetime.now(UTC)
    process.wait()
    radio.play(np.zeros(2 * RATE_HZ, "<i2"))
    station.start()
    heard_at = datetime.now(UTC)
    radio.play(np.zeros(2 * RATE_HZ, "<i2"))
    radio.play(np.zeros(3 * RATE_HZ, "<i2"), silent=True)
    radio.play(np.zeros(2 * RATE_HZ, "<i2"))
    told = eventually(lambda: deaf_intervals(station), lambda rows: len(rows) == 4)
    assert {row.why for row in told} == {"eas-audiod was killed", "no audio from receiver wx1"}
    assert sorted({row.channel for row in told}) == ["162.400", "162.550"]
    killed = [row for row in told if row.why == "eas-audiod was killed"]
    away = [row for row in told if row.why != "eas-audiod was killed"]
    for row in killed:
        assert row.ended_at is not None
        assert abs((row.began_at - killed_at).total_seconds()) <= 1.5
        assert abs((row.ended_at - heard_at).total_seconds()) <= 1.5
    for row in away:
        assert row.ended_at is not None
        assert (row.ended_at - row.began_at).total_seconds() == pytest.approx(3.3, abs=0.6)
    assert (len(killed), len(away)) == (2, 2)


def test_a_source_is_stopped_and_started_by_the_operator(station: Station, radio: Radio) -> None:
    station.start()
    web = Publisher("eas-webd", station.run_dir)
    subscriber = station.subscriber(topics.status("eas-audiod@wx"))

    def state(message: BusMessage) -> str:
        assert isinstance(message.body, Status)
        states = {item.kind: item.state for item in message.body.items}
        return states.get("source.receiver", "")

    for desired in ("stopped", "running", "stopped"):
        with station.database.write() as connection:
            desired_states.set_desired(
                connection, "source", "wx", desired, datetime.now(UTC), "test"
            )
        web.publish(topics.control("eas-audiod@wx"), Control("source wx"))
        expected = "reconnecting" if desired == "running" else "stopped"
        next_of(subscriber, lambda message, expected=expected: state(message) == expected)
    web.close()
    assert "stopped by the operator" in station.log()


def test_only_a_reload_that_changes_the_source_ends_the_process(
    station: Station,
) -> None:
    os.mkfifo(station.folder / "pipe")
    source = f'kind = "pipe"\npath = "{station.folder / "pipe"}"'
    station.configure(source)
    process = station.start()
    station.configure(source, "[web]\nport = 8099")
    process.send_signal(signal.SIGHUP)
    assert "configuration reloaded" in eventually(station.log, lambda log: "reloaded" in log)
    assert process.poll() is None
    station.configure(source + "\nrate_hz = 48000")
    process.send_signal(signal.SIGHUP)
    assert process.wait(10) == 0
    assert "the configuration changed" in station.log()


def test_without_a_database_a_header_is_published(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:
        station = Station(tmp_path, Path(run_dir))
        fifo = station.folder / "pipe"
        os.mkfifo(fifo)
        station.configure(f'kind = "pipe"\npath = "{fifo}"')
        station.start()
        with AcknowledgedReceptions(station) as watching:
            fifo.write_bytes(audio(header(5), 0.1).tobytes())
            heard = eventually(lambda: list(watching.acknowledged.values()), bool)
        assert heard == [header(5)]
        migrate.upgrade(station.url)
        assert eventually(station.headers, bool) == [header(5)]
        station.close()


def test_the_status_is_complete_and_no_needless_module_is_loaded(
    station: Station, radio: Radio
) -> None:
    station.start()
    subscriber = station.subscriber(topics.status("eas-audiod@wx"))
    player = threading.Thread(target=radio.play, args=(audio(header(9), 0.1),), daemon=True)
    player.start()

    def heard(message: BusMessage) -> bool:
        return isinstance(message.body, Status) and "last header" in message.body.sentence

    status = next_of(subscriber, heard).body
    player.join()
    assert isinstance(status, Status)
    assert status.sentence.startswith("2 channels, last header ")
    assert status.sentence.endswith(" UTC on 162.550, 0 samples lost")
    kinds = sorted((item.kind, item.name) for item in status.items)
    assert ("source.receiver", "wx") in kinds
    assert [name for kind, name in kinds if kind == "channel"] == ["162.400", "162.550"]
    loaded = set(station.modules.read_text().split())
    assert not {name for name in loaded if name.split(".")[0] in ("bottle", "lxml", "alembic")}
    assert not {name for name in loaded if name.startswith("eas_station.cap.")}


def test_a_reception_is_one_row_in_the_table_of_receptions(station: Station) -> None:
    wav = station.folder / "a.wav"
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.concatenate([audio(header(1)), audio(header(2, "RWT"))]).tobytes())
    station.configure(f'kind = "file"\npath = "{wav}"\nrealtime = false')
    station.start()
    assert eventually(station.headers, lambda found: len(found) == 2) == sorted(
        [header(1), header(2, "RWT")]
    )
    with station.database.read() as connection:
        rows, _ = receptions.page(connection, 9)
    assert {row.reception_id for row in rows} == {r.reception_id for r in station.receptions()}
    for stored in rows:
        assert stored.evidence is not None
        assert stored.evidence.posterior > 0.9
