"""The cost of a source with seven channels: CPU, memory, hours of operation, and latency.

The receiver is a process of its own with noise on every channel at the pace of life; the database
is SQLite. CPU is the daemon's own, of one core; it does not depend on who else is busy, much.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from borrowed import ROOT
from processes import cpu_s, pss_mib
from table import Table

from eas_station.audiod.clips.clip_files import ClipOrder
from eas_station.audiod.hearing.level_meter import AudioLevelMeter
from eas_station.audiod.segment import AudioSegment, ClipRules
from eas_station.audiod.sources.audio_source import Block
from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, ReceptionNew, SameBurst
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.config.model import ClipsConfig
from eas_station.decoder.text.message import DecodedMessage
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.audio.modulate import bursts
from eas_station.store.upkeep import migrate
from eas_station.tables import load

CHANNELS = tuple(f"162.{n}" for n in (400, 425, 450, 475, 500, 525, 550))
RATE_HZ, FRAME = 25_000, 2_500
WATCHED_S = 30.0
IDLE_PERCENT, BUSY_PERCENT, PSS_MIB, LATENCY_S = 3.0, 8.0, 100.0, 0.5
PATIENCE_S = 60.0
MESSAGES = 56
CONFIG = """
[paths]
state_dir = "{state}"
runtime_dir = "{run}"
[database]
url = "{url}"
[station]
clock = "trusted"
[[receiver]]
name = "wx1"
kind = "file"
path = "none.cu8"
channels_hz = [{channels}]
[[source]]
name = "wx"
kind = "receiver"
receiver = "wx1"
"""


def header(number: int) -> str:
    place = f"{1 + number % 56:03d}{2 * (number // 7) + 1:03d}"
    return f"ZCZC-WXR-TOR-{place}+0100-{datetime.now(UTC):%j%H%M}-KCLE/NWS-"


class Radio:
    """Seven channels of noise in real time, with headers on request."""

    def __init__(self, run_dir: Path) -> None:
        chance = np.random.default_rng(5)
        self._noise = (chance.standard_normal((7, 40 * FRAME)) * 400).astype("<i2")
        self._publisher = Publisher("eas-sdrd@wx1", run_dir)
        self._sound: list[np.ndarray[Any, Any]] = [np.zeros(0, "<i2") for _ in CHANNELS]
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def play(self, channel: int, text: str) -> None:
        """A header and its end of message, beginning with the next frame."""
        said = [bursts(text, RATE_HZ), bursts("NNNN", RATE_HZ)]
        sound = (np.concatenate(said) * 9000).astype("<i2")
        with self._lock:
            self._sound[channel] = np.concatenate([self._sound[channel], sound])

    def _run(self) -> None:
        at, due_s = 0, time.monotonic()
        while not self._stop.is_set():
            frame = AudioPcm(RATE_HZ, at, 0)
            place = at % (40 * FRAME)
            for number, channel in enumerate(CHANNELS):
                samples = self._noise[number, place : place + FRAME]
                with self._lock:
                    sound = self._sound[number][:FRAME]
                    self._sound[number] = self._sound[number][FRAME:]
                if len(sound):
                    samples = samples + np.pad(sound, (0, FRAME - len(sound)))
                self._publisher.publish(topics.audio_pcm("wx1", channel), frame, samples.tobytes())
            at += FRAME
            due_s += FRAME / RATE_HZ
            self._stop.wait(max(0.0, due_s - time.monotonic()))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._publisher.close()


class Newsreader:
    """When each header and its alert were published."""

    def __init__(self, run_dir: Path) -> None:
        self.news_s: dict[str, float] = {}
        self.decoded_s: dict[str, float] = {}
        self.alerts_s: list[float] = []
        self._subscriber = Subscriber(
            run_dir,
            ["eas-audiod@wx"],
            [topics.RECEPTION_NEW, topics.ALERT_NEW, "audio.level.", "same."],
        )
        self.levels = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            message = self._subscriber.receive(0.1)
            if message is None or message.repeated:
                continue
            if isinstance(message.body, ReceptionNew):
                self.news_s[message.body.reception.raw] = time.perf_counter()
            elif message.topic == topics.ALERT_NEW:
                self.alerts_s.append(time.perf_counter())
            elif isinstance(message.body, SameBurst):
                if message.body.text not in self.news_s:
                    self.decoded_s[message.body.text] = time.perf_counter()
            else:
                self.levels += 1

    def until(self, true: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > deadline:
                raise RuntimeError(f"it never came to this: {what}")
            time.sleep(0.02)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._subscriber.close()


@contextmanager
def station(with_database: bool) -> Iterator[tuple[Radio, Newsreader, int]]:
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as name:
        folder = Path(name)
        for each in ("run", "state"):
            (folder / each).mkdir()
        url = f"sqlite:///{folder}/state/station.sqlite"
        if with_database:
            migrate.upgrade(url)
        config = folder / "station.toml"
        hz = ", ".join(str(round(float(channel) * 1e6)) for channel in CHANNELS)
        config.write_text(
            CONFIG.format(state=folder / "state", run=folder / "run", url=url, channels=hz)
        )
        radio, reader = Radio(folder / "run"), Newsreader(folder / "run")
        argv = [sys.executable, str(ROOT / "daemons" / "eas-audiod"), "--config", str(config)]
        daemon = subprocess.Popen([*argv, "--name", "wx"], stderr=subprocess.DEVNULL)
        try:
            reader.until(lambda: reader.levels > 7, "it hears")
            yield radio, reader, daemon.pid
        finally:
            daemon.terminate()
            daemon.wait(PATIENCE_S)
            radio.close()
            reader.close()


def percent_of_a_core(pid: int, seconds: float) -> float:
    before_s, began_s = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_s(pid) - before_s) / (time.monotonic() - began_s)


def bench_idle(table: Table, radio: Radio, pid: int) -> None:
    time.sleep(70)  # the first round of probes comes at once and is over
    idle = percent_of_a_core(pid, WATCHED_S)
    table.value("seven channels, idle: CPU", idle, "%", at_most=IDLE_PERCENT)
    table.value("seven channels, idle: PSS, 30 s of pre-roll", pss_mib(pid), "MiB", at_most=PSS_MIB)
    for number in range(3):
        radio.play(number, header(1000 + number))
    busy = percent_of_a_core(pid, 13.0)
    table.value("three channels in a message: CPU", busy, "%", at_most=BUSY_PERCENT)


def bench_latency(table: Table, reader: Newsreader, radio: Radio, pid: int, where: str) -> None:
    seen, alerts = len(reader.news_s), len(reader.alerts_s)
    began_s, before_s = time.monotonic(), cpu_s(pid)
    texts = [header(number) for number in range(MESSAGES)]
    for start in range(0, MESSAGES, 7):
        for channel in range(7):
            radio.play(channel, texts[start + channel])
        reader.until(lambda n=start + 7: len(reader.news_s) >= seen + n, "all were news")
    busy = 100 * (cpu_s(pid) - before_s) / (time.monotonic() - began_s)
    table.value(f"seven channels in messages without end, {where}: CPU", busy, "%")
    news = sorted(reader.news_s[text] - reader.decoded_s[text] for text in texts)
    table.value(f"decoded to news, {where}, n={MESSAGES}: median", news[len(news) // 2], "s")
    table.value(f"decoded to news, {where}: worst", news[-1], "s", at_most=LATENCY_S)
    if where != "with a database":
        return
    reader.until(lambda: len(reader.alerts_s) >= alerts + MESSAGES, "all are in the record")
    decoded = sorted(reader.decoded_s[text] for text in texts)
    late = sorted(np.array(sorted(reader.alerts_s)[alerts:]) - np.array(decoded))
    table.value("decoded to row and alert.new: median", float(late[len(late) // 2]), "s")
    table.value("decoded to row and alert.new: worst", float(late[-1]), "s", at_most=LATENCY_S)


def bench_daemon(table: Table) -> None:
    with station(with_database=True) as (radio, reader, pid):
        bench_idle(table, radio, pid)
        bench_latency(table, reader, radio, pid, "with a database")
    with station(with_database=False) as (radio, reader, pid):
        bench_latency(table, reader, radio, pid, "without one")


class Nowhere:
    """Discards the clips of the simulated hours."""

    def begin(self, order: ClipOrder) -> None:
        """Do nothing."""

    def write(self, clip_id: str, samples: Any) -> None:
        """Do nothing."""

    def finish(self, clip_id: str, eom_sample: int | None) -> None:
        """Do nothing."""


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def bench_hours(table: Table, hours: float) -> None:
    """The work of an audio segment at full speed, with a warning on one channel every minute."""
    tables = load()
    prior = Prior(events=tuple(tables.events), states=tuple(tables.states))
    rules = ClipRules(ClipsConfig(), Nowhere(), lambda: "clip")
    stretch = AudioSegment(CHANNELS, RATE_HZ, rules, prior)
    meter = AudioLevelMeter(len(CHANNELS))
    chance = np.random.default_rng(9)
    noise = (chance.standard_normal((7, RATE_HZ)) * 0.01).astype(np.float32)
    total, first, heard = round(hours * 3600), 0, 0
    marks = {total // 10: "10 %", total // 2: "50 %", total - 1: "100 %"}
    began_s = time.process_time()
    sound = np.zeros(0, np.float32)
    for second in range(total):
        if second % 60 == 5:
            sound = bursts(header(second // 60), RATE_HZ) * np.float32(0.25)
        samples = noise.copy()
        piece, sound = sound[:RATE_HZ], sound[RATE_HZ:]
        samples[second // 60 % 7, : len(piece)] += piece
        for at in range(0, RATE_HZ, 6250):
            block = Block(samples[:, at : at + 6250], RATE_HZ, first)
            first += 6250
            for said in stretch.decode(block):
                if isinstance(said, DecodedMessage):
                    heard += 1
                    now = datetime.now(UTC)
                    stretch.begin_clip(said, CHANNELS[said.channel], "TOR", str(heard), now)
            stretch.record()
            meter.feed(block.samples, RATE_HZ)
        if second in marks:
            table.value(f"{hours:g} h of sound, at {marks[second]}: RSS", rss_mib(), "MiB")
    cost = 100 * (time.process_time() - began_s) / (hours * 3600)
    table.value(f"{hours:g} h of sound: decoder, ring and levels, CPU", cost, "%")
    table.value(f"{hours:g} h of sound: warnings heard, of {total // 60}", heard, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="of simulated sound")
    hours = parser.parse_args().hours
    table = Table("eas-audiod, one source of seven channels")
    if hours > 0:
        bench_hours(table, hours)
    bench_daemon(table)
    table.show()


if __name__ == "__main__":
    main()
