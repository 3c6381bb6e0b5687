"""A station round a real eas-webd: its daemons' voices on the bus, its record in a real store."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Evidence, MessageId, Reception, Statement
from eas_station.alerts.sources import from_same
from eas_station.bus import topics
from eas_station.bus.change_publisher import ChangePublisher
from eas_station.bus.messages import (
    AudioLevel,
    ChannelState,
    HearingProof,
    ItemState,
    ReceiverState,
    ReceptionNew,
    SameBurst,
    Status,
)
from eas_station.bus.publisher import Publisher
from eas_station.geo.area import Area
from eas_station.same.header import Header, format_header
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.records import clips, jobs
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool
from eas_station.store.upkeep import migrate
from eas_station.tables import Tables

ROOT = Path(__file__).resolve().parents[3]
OWN_CODES = ("039173", "039095")  # Wood and Lucas, OH
CHANNELS = ("162.400", "162.425", "162.450", "162.475", "162.500", "162.525", "162.550")
SNR_DB = (9.2, 0.4, 17.8, 1.1, 0.2, 26.3, 31.4)
UNITS = ("eas-capd", "eas-sdrd@wx", "eas-audiod@wx")


def utc_now() -> datetime:
    return datetime.now(UTC)


def until(true: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait until something is true; it is asked again and again."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Voice:
    """One daemon that is not there: it only speaks."""

    def __init__(self, unit: str, runtime_dir: Path) -> None:
        self.unit = unit
        self.publisher = Publisher(unit, runtime_dir)
        self.started_at = utc_now() - timedelta(hours=3, minutes=12)
        self.cpu_s = 62.0

    def say(self, sentence: str, *items: ItemState, state: str = "running", **more: Any) -> None:
        self.cpu_s += more.pop("cpu_step_s", 0.31)
        status = Status(
            unit=self.unit,
            state=state,  # type: ignore[arg-type]
            sentence=sentence,
            started_at=self.started_at,
            pid=4000 + len(self.unit),
            version="0.1.0",
            clock_trusted=True,
            cpu_s=self.cpu_s,
            memory_bytes=more.pop("memory_bytes", 52 << 20),
            items=items,
            **more,
        )
        self.publisher.publish(topics.status(self.unit), status)


class Town:
    """A station in a folder: configuration, database, spool, daemons' voices, and eas-webd."""

    def __init__(self, folder: Path, tables: Tables, database_url: str | None = None) -> None:
        self.folder, self.tables = folder, tables
        self.runtime_dir, self.state_dir = folder / "run", folder / "state"
        self.runtime_dir.mkdir()
        self.state_dir.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url or f"sqlite:///{self.state_dir / 'station.sqlite'}"
        self.voices = {unit: Voice(unit, self.runtime_dir) for unit in UNITS}
        self.database = Database(self.database_url)
        self.spool = Spool(self.state_dir / "eas-capd.spool")
        self.changes = ChangePublisher(self.voices["eas-capd"].publisher)
        self.flusher = Flusher(self.spool, self.database, self.admission(), utc_now, self.changes)
        self.intake = Intake(self.spool, self.announce)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"
        self.more_config = ""
        self.lasting = False  # do the daemons go on speaking, however long a test takes?
        self._closing = threading.Event()
        self._talk: threading.Thread | None = None

    def admission(self) -> Admission:
        area = Area(same_codes=frozenset(OWN_CODES))
        return Admission(lambda: area, self.tables, utc_now)

    def announce(self, reception: Reception, durable: bool) -> None:
        news = ReceptionNew(reception, stored=False, durable=durable)
        self.voices["eas-capd"].publisher.publish(topics.RECEPTION_NEW, news)

    def migrate(self) -> None:
        migrate.upgrade(self.database_url)

    def hear(self, *receptions: Reception, stored: bool = True) -> None:
        """Take receptions in as a daemon does; `stored`: and flush them to the record."""
        for reception in receptions:
            self.intake.take(reception)
        if stored:
            self.flush()

    def flush(self) -> None:
        while self.flusher.run_once():
            pass

    def configuration(self) -> str:
        codes = ", ".join(f'"{code}"' for code in OWN_CODES)
        return f"""
[station]
name = "EAS Station"
same_codes = [{codes}]
timezone = "America/New_York"
clock = "trusted"
{self.more_config}
[paths]
state_dir = "{self.state_dir}"
runtime_dir = "{self.runtime_dir}"
[database]
url = "{self.database_url}"
[web]
host = "127.0.0.1"
port = {self.port}
[[feed]]
name = "nws"
kind = "nws"
area = ["OH"]
[[feed]]
name = "folder"
kind = "folder"
path = "{self.folder}"
[[receiver]]
name = "wx"
kind = "file"
path = "{self.folder / "capture.cu8"}"
[[source]]
name = "wx"
kind = "receiver"
receiver = "wx"
"""

    def start(self, wait: bool = True, **environment: str) -> None:
        """Start eas-webd; `wait` until it answers."""
        config = self.folder / "station.toml"
        config.write_text(self.configuration())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "daemons" / "eas-webd", "--config", config],
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
            )
        if wait:
            until(self.answers)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)

    def close(self) -> None:
        self._closing.set()
        if self._talk is not None:
            self._talk.join()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for voice in self.voices.values():
            voice.publisher.close()
        self.spool.close()
        self.database.close()

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers=named)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, fields, answer.read()
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        status, _, body = self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def say_all_well(self) -> None:
        """Every daemon's word, every channel's level."""
        self.say_statuses()
        self.say_hearings()
        self.say_levels()
        if self._talk is None:
            self._talk = threading.Thread(target=self._go_on_saying_levels)
            self._talk.start()

    def say_statuses(self) -> None:
        """Every daemon's word."""
        now = utc_now()
        nws = ItemState(
            "nws", "feed.nws", "running", "41 alerts, 2 new", now - timedelta(hours=3),
            last_good_at=now - timedelta(seconds=22),
            counters={"polls": 192, "failures": 3, "rejected": 0},
            next_at=now + timedelta(seconds=38),
        )  # fmt: skip
        folder = ItemState(
            "folder", "feed.folder", "running", "6 documents", now - timedelta(hours=3),
            last_good_at=now - timedelta(seconds=3),
        )  # fmt: skip
        source = ItemState(
            "wx", "source.receiver", "running", "7 channels, 12 messages heard",
            now - timedelta(hours=3), counters={"headers": 12, "lost_samples": 0},
        )  # fmt: skip
        last = self.changes.last_change_id
        self.voices["eas-capd"].say(
            "2 feeds, 47 alerts", nws, folder, memory_bytes=61 << 20, cpu_step_s=0.03,
            last_change_id=last, spool_depth=0, counters={"polls": 384, "rejected": 1},
        )  # fmt: skip
        self.voices["eas-sdrd@wx"].say(
            "7 channels, best WX7 31 dB, 0 samples lost, ppm +1.8", memory_bytes=33 << 20
        )
        self.voices["eas-audiod@wx"].say(
            "7 channels of wx, 12 messages heard", source, memory_bytes=58 << 20,
            cpu_step_s=0.52, last_change_id=last, spool_depth=0,
        )  # fmt: skip

    def say_hearings(self) -> None:
        """Would each channel hear a warning now?"""
        now = utc_now()
        for channel, snr_db in zip(CHANNELS, SNR_DB, strict=True):
            well = snr_db > 5
            said = HearingProof(
                "wx", channel, "hearing" if well else "deaf",
                "hears" if well else "deaf: no carrier", now - timedelta(hours=2),
                snr_db - 3 if well else None, snr_db - 2 if well else None,
                now - timedelta(minutes=4), 0.0 if well else 7200.0,
            )  # fmt: skip
            voice = self.voices["eas-audiod@wx"].publisher
            voice.publish(topics.audio_hearing("wx", channel), said)

    def well(self) -> bool:
        """Has eas-webd heard every daemon, channel and radio, and read the record?"""
        status = self.json("/api/v1/status")
        return (
            status["database"]["state"] == "online"
            and status["alerts"]["not_stored"] == 0
            and len(status["units"]) == 1 + len(UNITS)
            and all("memory_bytes" in unit for unit in status["units"])
            and len(self.json("/api/v1/sources")["sources"][0]["channels"]) == len(CHANNELS)
            and len(self.json("/api/v1/receivers")["receivers"][0]["channels"]) == len(CHANNELS)
        )

    def _go_on_saying_levels(self) -> None:
        """They are old news after a few seconds, and a test may take longer."""
        turns = 0
        while not self._closing.wait(1.0):
            self.say_levels()
            turns += 1
            if self.lasting and turns % 10 == 0:
                self.say_statuses()
                self.say_hearings()

    def say_levels(self) -> None:
        audio = self.voices["eas-audiod@wx"].publisher
        states = []
        for number, (channel, snr_db) in enumerate(zip(CHANNELS, SNR_DB, strict=True)):
            carrier = snr_db > 5
            rms_dbfs = -19.0 - number if carrier else -58.0
            level = AudioLevel("wx", channel, rms_dbfs, rms_dbfs + 9, not carrier, carrier)
            audio.publish(topics.audio_level("wx", channel), level)
            states.append(
                ChannelState(
                    channel, float(channel) * 1e6, -42.0 + snr_db, -42.0, snr_db,
                    3100.0 if carrier else 400.0, 212.0 if carrier else 0.0, carrier,
                )
            )  # fmt: skip
        state = ReceiverState(
            "wx", "running", "7 channels, best WX7 31 dB", 250_000, 162_487_500.0,
            tuple(states), 2_700_000_000, 0, 1.8, 40.2,
        )  # fmt: skip
        self.voices["eas-sdrd@wx"].publisher.publish(topics.receiver_state("wx"), state)

    def say_burst(self, text: str) -> None:
        burst = SameBurst("wx", "162.550", text, 28.4, utc_now())
        self.voices["eas-audiod@wx"].publisher.publish(topics.same_burst("wx", "162.550"), burst)

    def off_air(
        self,
        event_code: str = "TOR",
        codes: tuple[str, ...] = ("039173",),
        channel: str = "162.550",
        age: timedelta = timedelta(minutes=2),
        valid: timedelta = timedelta(minutes=45),
        callsign: str = "KCLE/NWS",
        originator: str = "WXR",
        **evidence: Any,
    ) -> Reception:
        """A header as audiod hears it."""
        received_at = utc_now() - age
        text = format_header(Header(originator, event_code, codes, valid, received_at, callsign))
        found = Evidence(
            3, True, 0.99998, snr_db=28.4, baud_error=0.0004, tone_error_hz=1.2, eye_opening=0.91
        )
        return from_same.reception(
            text,
            origin="wx",
            channel=channel,
            received_at=received_at,
            evidence=replace(found, **evidence),
            clock_trusted=True,
            event_name=self.tables.event_name,
            new_id=lambda: str(uuid.uuid4()),
        )

    def by_cap(
        self,
        event_name: str,
        event_code: str | None,
        codes: tuple[str, ...],
        age: timedelta = timedelta(minutes=2),
        lasts: timedelta = timedelta(minutes=45),
        header: str | None = None,
        **said: Any,
    ) -> Reception:
        """A message as capd reads it from the National Weather Service."""
        received_at = utc_now() - age
        issued_at = received_at.replace(second=0, microsecond=0)
        identifier = f"urn:oid:2.49.0.1.840.0.{uuid.uuid4().hex}"
        values: dict[str, Any] = {
            "kind": "alert",
            "status": "actual",
            "event_name": event_name,
            "issued_at": issued_at,
            "event_code": event_code,
            "originator": "WXR",
            "same_codes": codes,
            "onset_at": issued_at,
            "expires_at": issued_at + lasts,
            "message": MessageId("w-nws.webmaster@noaa.gov", identifier, issued_at),
            "same_header": header,
            "severity": "Severe",
            "urgency": "Expected",
            "certainty": "Likely",
            "area_text": "; ".join(self.tables.location_name(code) for code in codes),
            "sender_name": "NWS Cleveland OH",
        }
        return Reception(
            reception_id=str(uuid.uuid4()),
            via="cap",
            origin="nws",
            channel=None,
            received_at=received_at,
            raw=f'<?xml version="1.0"?>\n<alert><identifier>{identifier}</identifier></alert>',
            statement=Statement(**{**values, **said}),
            signature="unsigned",
        )

    def record_jobs(self) -> None:
        """Runs of the polls, as capd records them."""
        now = utc_now()
        with self.database.write() as connection:
            jobs.record_unchanged(connection, "poll nws", now - timedelta(seconds=22), runs=190)
            jobs.record_unchanged(connection, "poll folder", now - timedelta(seconds=3), runs=700)
            failed = jobs.JobRun(
                "run-1", "maintenance", now - timedelta(hours=9), now - timedelta(hours=9),
                now - timedelta(hours=9), "failed", "the backup's disk is full: make room on it",
            )  # fmt: skip
            jobs.record_run(connection, failed)

    def record_clip(self, reception_id: str, path: str, length: int = 64_000) -> str:
        """A clip in the record; its file is made if its folder is ours."""
        clip = clips.Clip(
            clip_id=str(uuid.uuid4()), reception_ids=(reception_id,), source="wx",
            channel="162.550", started_at=utc_now(), duration_s=47.2, path=path, bytes=length,
        )  # fmt: skip
        with self.database.write() as connection:
            clips.record(connection, clip)
        return clip.clip_id


TORNADO_TEXT = (
    "At 312 AM EST, a confirmed large and extremely dangerous tornado was located near Bowling "
    "Green, moving northeast at 45 mph.\n\nHAZARD...Damaging tornado.\n\nSOURCE...Radar confirmed "
    "tornado.\n\nIMPACT...Flying debris will be dangerous to those caught without shelter."
)
TORNADO_ACTION = (
    "TAKE COVER NOW! Move to a basement or an interior room on the lowest floor of a sturdy "
    "building. Avoid windows. If you are outdoors, in a mobile home, or in a vehicle, move to the "
    "closest substantial shelter and protect yourself from flying debris."
)


def tell_a_bad_night(town: Town) -> Reception:
    """A tornado heard three times, a watch, tests, others' warnings, some that are over.

    Gives the first hearing of the tornado.
    """
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    tornado = town.off_air("TOR", OWN_CODES, "162.550", 3 * minute)
    again = replace(
        tornado,
        reception_id=str(uuid.uuid4()),
        channel="162.525",
        received_at=tornado.received_at + timedelta(seconds=9),
        evidence=Evidence(2, False, 0.981, snr_db=11.7, repaired=(12, 31)),
    )
    by_cap = town.by_cap(
        "Tornado Warning", "TOR", OWN_CODES, 2 * minute, header=tornado.statement.same_header,
        issued_at=tornado.statement.issued_at, expires_at=tornado.statement.expires_at,
        severity="Extreme", urgency="Immediate", certainty="Observed",
        headline="Tornado Warning issued for Wood and Lucas Counties by NWS Cleveland OH",
        description=TORNADO_TEXT, instruction=TORNADO_ACTION,
    )  # fmt: skip
    watch = town.by_cap(
        "Flood Watch", "FLA", ("039173", "039095", "039063", "039123"), 4 * hour, 20 * hour,
        severity="Severe", certainty="Possible", urgency="Future",
        headline="Flood Watch in effect through this evening",
        instruction="You should monitor later forecasts and be alert for possible Flood Warnings. "
        "Those living in areas prone to flooding should be prepared to take action.",
    )  # fmt: skip
    elsewhere = [
        town.by_cap("Severe Thunderstorm Warning", "SVR", ("039063", "039175"), 9 * minute),
        town.by_cap("Winter Weather Advisory", None, ("039055", "039007"), 2 * hour, 9 * hour,
                    severity="Moderate"),
        town.by_cap("Special Weather Statement", "SPS", ("039151",), hour, 2 * hour,
                    severity="Moderate"),
    ]  # fmt: skip
    over = [
        town.by_cap("Severe Thunderstorm Warning", "SVR", OWN_CODES, 3 * hour, hour),
        town.off_air("SVR", ("039173",), age=5 * hour),
        town.off_air("RMT", OWN_CODES, age=26 * hour, valid=timedelta(hours=1)),
        town.off_air("FFW", ("039095",), age=40 * hour, valid=timedelta(hours=6)),
    ]
    tests = [
        town.off_air("RWT", OWN_CODES, "162.525", 12 * minute, timedelta(hours=1), "KEC58/NW"),
        town.off_air("DMO", ("039173",), "162.400", 5 * minute, timedelta(minutes=30), "WXJ93/NW"),
    ]
    town.hear(*reversed(over), watch, *elsewhere, *tests, tornado, again, by_cap)
    town.flusher.end_overdue(utc_now())
    town.record_jobs()
    town.say_burst(tornado.raw)
    return tornado


@pytest.fixture
def town_on(tmp_path: Path, tables: Tables) -> Iterator[Callable[[str | None], Town]]:
    """Makes a station on a database; None: on a SQLite file of its own, not made yet."""
    towns: list[Town] = []

    def build(url: str | None) -> Town:
        folder = tmp_path / f"town{len(towns)}"
        folder.mkdir()
        towns.append(Town(folder, tables, url))
        return towns[-1]

    yield build
    for town in towns:
        town.close()
        said = town.log.read_text() if town.log.exists() else ""
        assert "Traceback" not in said, "eas-webd met a bug of ours"
        assert town.flusher.quarantined == 0


@pytest.fixture
def empty_town(town_on: Callable[[str | None], Town]) -> Town:
    """A station whose database does not exist yet."""
    return town_on(None)


@pytest.fixture
def town(empty_town: Town) -> Town:
    """A station with an empty record."""
    empty_town.migrate()
    return empty_town


@pytest.fixture
def running(town: Town) -> Town:
    """A station with an empty record, its daemons well, eas-webd up."""
    town.start()
    town.say_all_well()
    until(town.well)
    return town


def start_on_a_bad_night(town: Town) -> None:
    """A station at work: its record full, its daemons well, its page up and aware of all that."""
    tell_a_bad_night(town)
    town.start()
    town.say_all_well()
    until(town.well)
    until(lambda: town.json("/api/v1/status")["alerts"]["here"] == 2)
    until(lambda: b"61 MiB" in town.get("/")[2])
    until(lambda: b"162.550 MHz" in town.get("/listening")[2])


@pytest.fixture(scope="module")
def module_night(tmp_path_factory: pytest.TempPathFactory, tables: Tables) -> Iterator[Town]:
    """A station on a bad night, for all tests of a file that do not change it."""
    town = Town(tmp_path_factory.mktemp("night"), tables)
    try:
        town.migrate()
        town.lasting = True
        start_on_a_bad_night(town)
        yield town
    finally:
        town.close()
    assert "Traceback" not in town.log.read_text(), "eas-webd met a bug of ours"
