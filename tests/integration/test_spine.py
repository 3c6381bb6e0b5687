"""The spine: antenna and feed to the page, through all daemons, on both databases."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eas_station.ctl.demo import cap_documents, capture
from eas_station.ctl.demo.script import Transmission
from eas_station.same.header import Header, format_header
from eas_station.store.alerts import alert_queries
from eas_station.store.database.database import Database
from eas_station.store.records import clips
from eas_station.tables import Tables

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
CAPTURE_S = 26.0
HOUR = timedelta(hours=1)
OURS = ("039173", "039095")  # Wood and Lucas, OH
UNITS = (
    ("eas-webd", None),
    ("eas-audiod", "wx"),
    ("eas-capd", None),
    ("eas-sdrd", "radio"),
)


def header(issued_at: datetime, callsign: str, locations: tuple[str, ...] = OURS) -> str:
    return format_header(Header("EAS", "RWT", locations, HOUR, issued_at, callsign))


class Station:
    """A configuration and the four daemons."""

    def __init__(self, folder: Path, run_dir: Path, database_url: str, known: Tables) -> None:
        self.issued_at = datetime.now(UTC).replace(second=0, microsecond=0)
        self.twin_at = self.issued_at - timedelta(minutes=1)
        self.folder = folder
        self.database = Database(database_url)
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._write_capture()
        self._write_documents(known)
        self.config = folder / "station.toml"
        self.config.write_text(
            f'[station]\nsame_codes = ["039173"]\nclock = "trusted"\n'
            f'[paths]\nstate_dir = "{folder / "state"}"\nruntime_dir = "{run_dir}"\n'
            f'[database]\nurl = "{database_url}"\n'
            f'[web]\nhost = "127.0.0.1"\nport = {self.port}\n'
            f"[clips]\npre_roll_s = 2.0\npost_roll_s = 1.0\n"
            f'[[feed]]\nname = "folder"\nkind = "folder"\npath = "{folder / "cap"}"\n'
            f"interval_s = 1\n"
            f'[[receiver]]\nname = "radio"\nkind = "file"\npath = "{folder / "iq.cu8"}"\n'
            f"loop = false\n"
            f'[[source]]\nname = "wx"\nkind = "receiver"\nreceiver = "radio"\n'
        )

    def _write_capture(self) -> None:
        """One warning by two stations, a near twin of it, and a warning that is not for us."""
        transmissions = (
            Transmission(162_550_000, 4.0, header(self.issued_at, "KCLE/NWS"), voice_s=3.0),
            Transmission(162_400_000, 5.0, header(self.issued_at, "KDTX/NWS")),
            Transmission(162_475_000, 6.0, header(self.twin_at, "KCLE/NWS")),
            Transmission(162_500_000, 7.0, header(self.issued_at, "KLOT/NWS", ("017031",))),
        )
        blocks = capture.blocks(transmissions, CAPTURE_S, np.random.default_rng(162))
        with (self.folder / "iq.cu8").open("wb") as file:
            file.writelines(blocks)

    def _write_documents(self, known: Tables) -> None:
        """The warning of the two stations once more, by CAP."""
        draft = cap_documents.CapDraft("spine-1", self.issued_at, ("EAS", "RWT"), OURS, HOUR)
        (self.folder / "cap").mkdir()
        (self.folder / "cap" / "1.xml").write_text(cap_documents.document(draft, known))

    def start(self) -> None:
        """The recording is played once: it begins when there is somebody to hear it."""
        for program, name in UNITS:
            if program == "eas-sdrd":
                eventually(lambda: self.get("/api/v1/sources"), listens)
            command = [sys.executable, str(ROOT / "daemons" / program), "--config"]
            instance = [] if name is None else ["--name", name]
            process = subprocess.Popen(
                [*command, str(self.config), *instance],
                stdout=subprocess.DEVNULL,
                stderr=(self.folder / f"{program}.log").open("wb"),
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
            self._processes.append(process)

    def get(self, path: str) -> Any:
        """What the API answers; None: it does not yet."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=5
            ) as response:
                return json.load(response)
        except OSError:
            return None

    def stop(self) -> list[tuple[int, float]]:
        """Ask all to end; gives the exit status and the seconds of each."""
        began = time.monotonic()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        return [(process.wait(20), time.monotonic() - began) for process in self._processes]

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.database.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def station(tmp_path: Path, database_url: str, tables: Tables) -> Iterator[Station]:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, Path(run_dir), database_url, tables)
        yield built
        built.close()


def eventually(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Ask until the answer is as wanted; the last answer in any case."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(answer := ask()) and time.monotonic() < deadline:
        threading.Event().wait(0.2)
    return answer


def listens(answer: Any) -> bool:
    """The source has opened its receiver, which is not there yet."""
    item = (answer or {"sources": [{}]})["sources"][0]
    return "receiver radio" in str(item)


def complete(answer: Any) -> bool:
    """All that was sent has arrived: three warnings, one of them heard three times."""
    heard = sorted(len(alert["receptions"]) for alert in (answer or {}).get("alerts", ()))
    return heard == [1, 1, 3] and all(alert["stored"] for alert in answer["alerts"])


def times(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.timeout(180)
def test_what_is_sent_over_the_air_and_by_cap_is_on_the_page_as_it_is(station: Station) -> None:
    station.start()
    answer = eventually(lambda: station.get("/api/v1/alerts?state=all"), complete)
    assert complete(answer), answer
    by_issue = {
        (times(alert["issued_at"]), tuple(alert["same_codes"])): alert for alert in answer["alerts"]
    }
    both_ways = by_issue[(station.issued_at, OURS)]
    twin = by_issue[(station.twin_at, OURS)]
    elsewhere = by_issue[(station.issued_at, ("017031",))]

    heard = {(r["via"], r["origin"], r["channel"]) for r in both_ways["receptions"]}
    assert heard == {("cap", "folder", None), ("same", "wx", "162.550"), ("same", "wx", "162.400")}
    assert [r["channel"] for r in twin["receptions"]] == ["162.475"]
    assert both_ways["relevance"]["relevant"] is True
    assert both_ways["is_test"] is True
    assert elsewhere["relevance"]["relevant"] is False
    assert elsewhere["relevance"]["trace"], "every decision keeps its reason"

    (source,) = station.get("/api/v1/sources")["sources"]
    assert [level["channel"] for level in source["channels"]] == [
        f"162.{thousandths}" for thousandths in (400, 425, 450, 475, 500, 525, 550)
    ]
    units = {unit["unit"]: unit for unit in station.get("/api/v1/status")["units"]}
    assert "last header" in units["eas-audiod@wx"]["sentence"]

    recorded = eventually(lambda: clips_of(station), lambda found: len(found) == 4)
    assert {clip.channel for clip in recorded} == {"162.400", "162.475", "162.500", "162.550"}
    for clip in recorded:
        assert clip.fault is None
        assert (station.folder / "state" / "clips" / clip.path).stat().st_size == clip.bytes

    for status, seconds in station.stop():
        assert status == 0
        assert seconds <= 4.5


def clips_of(station: Station) -> list[Any]:
    with station.database.read() as connection:
        found = alert_queries.page(connection, "all", 50).alerts
        of = clips.of_alerts(connection, [alert.alert_id for alert in found])
    return [clip for several in of.values() for clip in several]
