"""The disk of a real eas-audiod fills up and is freed; its database is on another one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from eas_station.bus import topics
from eas_station.bus.messages import ItemState, ReceptionNew, Status
from eas_station.bus.subscriber import Subscriber
from eas_station.dsp.audio.modulate import burst
from eas_station.store.alerts import alert_queries
from eas_station.store.database.database import Database
from eas_station.store.records import clips
from eas_station.store.records.clips import Clip
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[2]
RATE_HZ = 25_000
PATIENCE_S = 60.0
T = TypeVar("T")
ISSUED_AT = datetime.now(UTC) - timedelta(minutes=1)


def header(number: int) -> str:
    return f"ZCZC-WXR-TOR-{39_000 + number:06d}+0100-{ISSUED_AT:%j%H%M}-KCLE/NWS-"


def audio(number: int) -> bytes:
    pause = np.zeros(RATE_HZ, np.float32)
    parts = [pause]
    for text in (header(number), "NNNN"):
        parts += [part for _ in range(3) for part in (burst(text, RATE_HZ), pause)]
    return (16000 * np.concatenate([*parts, pause, pause])).astype("<i2").tobytes()


def eventually(ask: Callable[[], T], wanted: Callable[[T], bool] = bool) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(answer := ask()):
        assert time.monotonic() < deadline, answer
        threading.Event().wait(0.05)
    return answer


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    folder = tmp_path / "state"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Station:
    """A FIFO, a daemon with its state on the small disk, and a database elsewhere."""

    def __init__(self, folder: Path, state_dir: Path, run_dir: Path) -> None:
        self.state_dir = state_dir
        url = f"sqlite:///{folder / 'station.sqlite'}"
        migrate.upgrade(url)
        self.database = Database(url)
        self.fifo = folder / "pipe"
        os.mkfifo(self.fifo)
        config = folder / "station.toml"
        config.write_text(
            f'[paths]\nstate_dir = "{state_dir}"\nruntime_dir = "{run_dir}"\n'
            f'[database]\nurl = "{url}"\n[station]\nclock = "trusted"\n'
            "[clips]\npre_roll_s = 1.0\npost_roll_s = 0.5\nleast_free_mb = 0\n"
            f'[[source]]\nname = "wx"\nkind = "pipe"\npath = "{self.fifo}"\n'
        )
        names = [topics.status("eas-audiod@wx"), topics.RECEPTION_NEW]
        self._subscriber = Subscriber(run_dir, ["eas-audiod@wx"], names)
        self.news: list[str] = []
        self._items: tuple[ItemState, ...] = ()
        command = [sys.executable, str(ROOT / "daemons" / "eas-audiod"), "--config", str(config)]
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, "--name", "wx"], stderr=log)

    def play(self, number: int) -> None:
        self.fifo.write_bytes(audio(number))

    def hear(self) -> list[str]:
        """The headers published so far."""
        while (message := self._subscriber.receive(0.02)) is not None:
            if isinstance(message.body, Status):
                self._items = message.body.items
            elif isinstance(message.body, ReceptionNew) and not message.repeated:
                self.news.append(message.body.reception.raw)
        return self.news

    def clip_item(self) -> ItemState | None:
        self.hear()
        return next((item for item in self._items if item.kind == "clips"), None)

    def clips(self) -> dict[str, Clip]:
        """By the header."""
        with self.database.read() as connection:
            found = alert_queries.page(connection, "all", 500).alerts
            ids = [alert.alert_id for alert in found]
            by_alert = alert_queries.receptions_of(connection, ids)
            recorded = clips.of_alerts(connection, ids)
            return {
                heard.raw: clip
                for alert_id in ids
                for heard in by_alert[alert_id]
                for clip in recorded[alert_id]
                if heard.reception_id in clip.reception_ids
            }

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._subscriber.close()
        self.database.close()


@pytest.fixture
def station(tmp_path: Path, small_disk: Path) -> Iterator[Station]:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, small_disk, Path(run_dir))
        yield built
        built.close()


def fill(path: Path, size: int) -> None:
    with path.open("wb") as ballast:
        ballast.truncate(0)
        os.posix_fallocate(ballast.fileno(), 0, size)


def test_on_a_full_disk_a_warning_is_published_and_its_clip_is_a_fault(
    station: Station,
) -> None:
    station.play(1)
    (first,) = eventually(lambda: list(station.clips().values()))
    assert first.path is not None
    with station.database.write() as connection:
        clips.set_keep(connection, first.clip_id, True)
    station.play(2)
    second = eventually(lambda: station.clips().get(header(2)))
    assert second is not None and second.path is not None

    free = os.statvfs(station.state_dir)
    fill(station.state_dir / "ballast", (free.f_bavail * free.f_frsize) - (1 << 20))
    item = eventually(station.clip_item, lambda item: item is not None and item.state == "failed")
    assert item is not None
    assert "less than 8 MiB free" in item.sentence
    assert not (station.state_dir / "clips" / second.path).exists(), "the oldest that may go went"
    assert (station.state_dir / "clips" / (first.path or "")).exists(), "what is kept stays"

    station.play(3)
    eventually(station.hear, lambda news: header(3) in news)
    third = eventually(lambda: station.clips().get(header(3)))
    assert third is not None
    assert (third.path, "less than 8 MiB free" in (third.fault or "")) == (None, True)
    gone = station.clips()[header(2)]
    assert gone.removed_at is not None

    (station.state_dir / "ballast").unlink()
    eventually(station.clip_item, lambda item: item is not None and item.state == "running")
    station.play(4)
    fourth = eventually(lambda: station.clips().get(header(4)))
    assert fourth is not None and fourth.path is not None
    listed = {clip.path for clip in station.clips().values() if clip.path and not clip.removed_at}
    root = station.state_dir / "clips"
    assert {str(path.relative_to(root)) for path in root.glob("2*/*/*/*")} == listed
    assert not list((root / "part").rglob("*.part"))
    assert station.process.poll() is None
