"""A receiver on another machine, 200 ms and a lost packet in a hundred away: the real daemons."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eas_station.bus import keys, topics
from eas_station.bus.messages import ItemState, Status
from eas_station.bus.subscriber import Subscriber
from eas_station.dsp.audio import modulate
from eas_station.dsp.radio.fm import FilterBank, Modulator, pre_emphasis_taps
from eas_station.dsp.radio.iq import to_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer
from eas_station.store.alerts import alert_queries
from eas_station.store.database.database import Database
from eas_station.store.records import deaf
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = "tcp://10.99.77.1:5600"
PATIENCE_S = 90.0
HEADER = f"ZCZC-WXR-TOR-039173+0100-{datetime.now(UTC) - timedelta(minutes=1):%j%H%M}-KCLE/NWS-"


def make_capture(path: Path) -> None:
    """One channel that says one header again and again."""
    pause = np.zeros(25_000, dtype=np.float32)
    audio = np.tile(np.concatenate([modulate.burst(HEADER, 25_000), pause]), 3)[np.newaxis]
    emphasised = FilterBank(1, pre_emphasis_taps(25_000)[np.newaxis]).feed(audio)[0]
    front = FrontEnd(250_000, [25], np.random.default_rng(1))
    baseband = Modulator(1, 25_000).feed(emphasised * np.float32(4_000 / 1.82))
    iq = Synthesizer(250_000, 162_487_500, [162_550_000]).feed(baseband * front.amplitudes)
    path.write_bytes(to_cu8(iq + front.noise(iq.size)))


class Machine:
    """One of the two: its folders, its configuration, its daemons."""

    def __init__(self, folder: Path, run_dir: Path, into: list[str]) -> None:
        self.folder, self.run_dir, self._into = folder, run_dir, into
        self.state_dir = folder / "state"
        self.state_dir.mkdir(parents=True)
        run_dir.mkdir()
        self.keys = keys.make(keys.path_in(self.state_dir))
        self.url = f"sqlite:///{self.state_dir / 'station.sqlite'}"
        migrate.upgrade(self.url)
        self._processes: list[subprocess.Popen[bytes]] = []

    def configure(self, more: str) -> None:
        self.config = self.folder / "station.toml"
        self.config.write_text(
            f'[paths]\nstate_dir = "{self.state_dir}"\nruntime_dir = "{self.run_dir}"\n'
            f'[database]\nurl = "{self.url}"\n[station]\nclock = "trusted"\n'
            f"[clips]\npre_roll_s = 1.0\npost_roll_s = 0.5\n{more}\n"
        )

    def command(self, program: str, *more: str) -> list[str]:
        there = [sys.executable, str(ROOT / "daemons" / program)]
        return [*self._into, *there, *more, "--config", str(self.config)]

    def start(self, program: str, name: str) -> None:
        log = (self.folder / "log").open("ab")
        command = self.command(program, "--name", name)
        self._processes.append(subprocess.Popen(command, stdout=log, stderr=log))

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def pair(machines: Any, tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    with tempfile.TemporaryDirectory(prefix="eas-") as runs:  # short paths for sockets
        antenna = Machine(tmp_path / "a", Path(runs) / "a", machines.on(machines.antenna))
        station = Machine(tmp_path / "s", Path(runs) / "s", machines.on(machines.station))
        try:
            yield antenna, station
        finally:
            station.stop()
            antenna.stop()


class Hearing:
    """What the station knows of its source."""

    def __init__(self, station: Machine) -> None:
        self._database = Database(station.url)
        self._item: ItemState | None = None
        names = [topics.status("eas-audiod@far")]
        self._subscriber = Subscriber(station.run_dir, ["eas-audiod@far"], names)

    def item(self) -> ItemState | None:
        """The last word about the source."""
        while (message := self._subscriber.receive(0)) is not None:
            if isinstance(message.body, Status):
                items = [item for item in message.body.items if item.kind == "source.receiver"]
                self._item = items[0] if items else None
        return self._item

    def says(self, state: str, part: str = "") -> bool:
        item = self.item()
        return item is not None and item.state == state and part in item.sentence

    def receptions(self) -> list[str]:
        with self._database.read() as connection:
            found = alert_queries.page(connection, "all", 50).alerts
            by_alert = alert_queries.receptions_of(connection, [alert.alert_id for alert in found])
        return [one.raw for several in by_alert.values() for one in several]

    def deaf(self) -> list[deaf.DeafInterval]:
        now = datetime.now(UTC)
        with self._database.read() as connection:
            return deaf.between(connection, now - timedelta(hours=1), now + timedelta(hours=1))

    def close(self) -> None:
        self._subscriber.close()
        self._database.close()


def eventually(true: Callable[[], object], what: str, station: Machine) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until_s, f"it never came to this: {what}\n{station.log()}"
        threading.Event().wait(0.05)


def joined(intervals: Iterable[deaf.DeafInterval]) -> list[tuple[datetime, datetime]]:
    """From when to when, whatever the reasons were meanwhile."""
    stretches: list[tuple[datetime, datetime]] = []
    for one in sorted(intervals, key=lambda one: one.began_at):
        assert one.ended_at is not None
        if stretches and one.began_at - stretches[-1][1] < timedelta(milliseconds=20):
            stretches[-1] = (stretches[-1][0], one.ended_at)
        else:
            stretches.append((one.began_at, one.ended_at))
    return stretches


@pytest.mark.timeout(300)
def test_a_remote_receiver_is_received_and_a_broken_connection_is_a_deaf_interval(
    pair: tuple[Machine, Machine], machines: Any
) -> None:
    antenna, station = pair
    make_capture(antenna.folder / "capture.cu8")
    antenna.configure(
        f'[[receiver]]\nname = "roof"\nkind = "file"\npath = "{antenna.folder}/capture.cu8"\n'
        f'publish = "{ADDRESS}"\nallow = ["{station.keys.public}"]\n'
    )
    station.configure(
        f'[[remote]]\nname = "roof"\naddress = "{ADDRESS}"\n'
        f'server_key = "{antenna.keys.public}"\nchannels_hz = [162_550_000]\n'
        '[[source]]\nname = "far"\nkind = "receiver"\nreceiver = "roof"\n'
    )
    station.start("eas-audiod", "far")
    hearing = Hearing(station)
    try:
        eventually(
            lambda: hearing.says("reconnecting", f"receiver roof: cannot reach {ADDRESS}"),
            "the antenna is not there yet",
            station,
        )
        antenna.start("eas-sdrd", "roof")
        eventually(lambda: hearing.says("running"), "listening", station)
        eventually(lambda: hearing.receptions() == [HEADER], "the message is heard", station)
        asked = station.command("eas-ctl", "receivers", "--json")
        said = json.loads(subprocess.run(asked, check=True, capture_output=True, timeout=60).stdout)
        (receiver,) = said["receivers"]
        assert receiver["unit"] == "eas-sdrd@roof"
        assert receiver["state"]["channels"][-1]["channel"] == "162.550"

        machines.wire.cut = True
        eventually(
            lambda: hearing.says("reconnecting", "no connection to receiver roof"),
            "the wire is cut",
            station,
        )
        noticed_at = datetime.now(UTC)
        heard_before = len(hearing.receptions())
        machines.wire.cut = False
        mended_at = datetime.now(UTC)
        eventually(lambda: hearing.says("running"), "listening again", station)
        eventually(lambda: len(hearing.receptions()) > heard_before, "heard again", station)
        eventually(lambda: all(one.ended_at for one in hearing.deaf()), "deaf no more", station)
        stretches = joined(hearing.deaf())
        assert any(
            began_at <= noticed_at and ended_at >= mended_at for began_at, ended_at in stretches
        ), stretches
        assert {(one.source, one.channel) for one in hearing.deaf()} == {("far", "162.550")}
        assert any("connection to receiver roof" in one.why for one in hearing.deaf())
        assert set(hearing.receptions()) == {HEADER}
    finally:
        hearing.close()
    secrets = (antenna.keys.secret, station.keys.secret)
    for log in (antenna.log(), station.log()):
        assert not any(secret in log for secret in secrets)
        assert "Traceback" not in log
    assert machines.wire.lost > 0


@pytest.mark.timeout(120)
def test_without_keys_a_receiver_is_not_published_and_the_error_names_the_command(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path / "a", tmp_path / "r", [])
    keys.path_in(machine.state_dir).unlink()
    receiver = f'[[receiver]]\nname = "roof"\nkind = "file"\npath = "x"\npublish = "{ADDRESS}"\n'
    for more, said in (
        ("", "name the listeners in allow = [...], with the keys that `eas-ctl keys` shows"),
        (f'allow = ["{machine.keys.public}"]\n', "make one with: eas-ctl keys"),
    ):
        machine.configure(receiver + more)
        done = subprocess.run(
            machine.command("eas-sdrd", "--name", "roof"), capture_output=True, timeout=60
        )
        assert done.returncode == 78
        assert "receiver.roof.publish" in done.stderr.decode()
        assert said in done.stderr.decode()
