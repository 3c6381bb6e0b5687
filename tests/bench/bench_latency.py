"""How long after its last bit a header is news: sound at its own pace into a real eas-audiod."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np
from borrowed import ROOT
from table import Table

from eas_station.bus import topics
from eas_station.bus.messages import ReceptionNew
from eas_station.bus.subscriber import Subscriber
from eas_station.dsp.audio.modulate import burst
from eas_station.store.upkeep import migrate

RATE_HZ, BLOCK = 25_000, 500  # 20 ms
MESSAGES = 6
PATIENCE_S = 30.0
LATENCY_S = 0.5
PAUSE = np.zeros(RATE_HZ, np.float32)


def header(number: int) -> str:
    return f"ZCZC-WXR-TOR-{39_001 + 2 * number:06d}+0100-{datetime.now(UTC):%j%H%M}-KCLE/NWS-"


class Player:
    """Plays into a pipe at the pace of a sound card."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._began_s = time.perf_counter()
        self._samples = 0

    def play(self, sound: np.ndarray) -> float:
        """Returns when the last sample is out; gives that time."""
        raw = (np.clip(sound, -1, 1) * 0.5 * 32767).astype("<i2")
        for start in range(0, len(raw), BLOCK):
            block = raw[start : start + BLOCK]
            self._samples += len(block)
            due_s = self._began_s + self._samples / RATE_HZ
            time.sleep(max(0.0, due_s - time.perf_counter()))
            self._pipe.write(block.tobytes())
            self._pipe.flush()
        return time.perf_counter()


class Newsreader:
    """Notes when each header came over the bus, and when its alert was in the record."""

    def __init__(self, run_dir: Path) -> None:
        self.news_s: dict[str, float] = {}
        self.stored_s: list[float] = []
        self._subscriber = Subscriber(
            run_dir, ["eas-audiod@wx"], [topics.RECEPTION_NEW, topics.ALERT_NEW]
        )
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
            else:
                self.stored_s.append(time.perf_counter())

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._subscriber.close()


def play_all(pipe: IO[bytes], reader: Newsreader) -> tuple[list[float], list[float]]:
    """Seconds from the second burst's last bit to the news, and from there to the record."""
    player = Player(pipe)
    to_news, to_record = [], []
    player.play(np.tile(PAUSE, 2))
    for number in range(MESSAGES):
        text = header(number)
        sound = burst(text, RATE_HZ)
        player.play(np.concatenate([sound, PAUSE]))
        second_s = player.play(sound)
        player.play(PAUSE)
        player.play(sound)
        player.play(np.tile(PAUSE, 3))
        to_news.append(reader.news_s[text] - second_s)
        to_record.append(reader.stored_s[number] - reader.news_s[text])
    return to_news, to_record


def main() -> None:
    table = Table(f"From the air to the news (wall time; {MESSAGES} clean messages in real time)")
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as name:
        folder = Path(name)
        fifo, config = folder / "fifo", folder / "station.toml"
        os.mkfifo(fifo)
        for each in ("run", "state"):
            (folder / each).mkdir()
        url = f"sqlite:///{folder}/state/station.sqlite"
        migrate.upgrade(url)
        config.write_text(
            f'[paths]\nstate_dir = "{folder}/state"\nruntime_dir = "{folder}/run"\n'
            f'[database]\nurl = "{url}"\n[station]\nclock = "trusted"\n'
            f'[[source]]\nname = "wx"\nkind = "pipe"\npath = "{fifo}"\n'
        )
        reader = Newsreader(folder / "run")
        argv = [sys.executable, str(ROOT / "daemons" / "eas-audiod"), "--config", str(config)]
        daemon = subprocess.Popen([*argv, "--name", "wx"], stderr=subprocess.DEVNULL)
        try:
            with fifo.open("wb") as pipe:
                to_news, to_record = play_all(pipe, reader)
        finally:
            daemon.terminate()
            daemon.wait(PATIENCE_S)
            reader.close()
    median_s = sorted(to_news)[MESSAGES // 2]
    table.value("second burst's last bit to reception.new, median", median_s, "s")
    worst = "second burst's last bit to reception.new, worst"
    table.value(worst, max(to_news), "s", at_most=LATENCY_S)
    record = "reception.new to alert.new (in the record), worst"
    table.value(record, max(to_record), "s")
    table.show()


if __name__ == "__main__":
    main()
