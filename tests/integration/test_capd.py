"""eas-capd as a process, polling a scripted server, on SQLite."""

from __future__ import annotations

import gzip
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
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from eas_station.bus import topics
from eas_station.bus.messages import ItemState, Status
from eas_station.bus.subscriber import Subscriber
from eas_station.clock import utc_now
from eas_station.store import alerts, jobs, migrate, schema
from eas_station.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
SETS = ROOT.parent / "shared" / "cap" / "nws_geojson_sets"
PATIENCE_S = 40.0

Respond = Callable[[BaseHTTPRequestHandler], None]


def answer(*names: str, **properties: Any) -> bytes:
    """An answer of the API with alerts of these names, for Wood county in Ohio."""
    common = {
        "sender": "w-nws.webmaster@noaa.gov",
        "sent": "2026-04-20T11:05:00-04:00",
        "ends": "2099-01-01T00:00:00Z",
        "expires": "2099-01-01T00:00:00Z",
        "status": "Actual",
        "messageType": "Alert",
        "event": "Tornado Warning",
        "geocode": {"SAME": ["039173"]},
        "eventCode": {"SAME": ["TOR"]},
        **properties,
    }
    members = [{"type": "Feature", "properties": {**common, "id": name}} for name in names]
    return json.dumps({"type": "FeatureCollection", "features": members}).encode()


def identifiers_in(body: bytes) -> set[str]:
    return {f["properties"]["id"] for f in json.loads(body)["features"]}


class Script:
    """Answers by path; what has no answer is not found."""

    def __init__(self) -> None:
        self.answers: dict[str, Respond] = {}
        self.asked: list[str] = []
        self.url = ""

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        """From now on answer this path with this."""

        def respond(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = respond

    def await_polls(self, path: str, more: int) -> None:
        """Wait until this path has been asked for so many times more."""
        goal = self.asked.count(path) + more
        wait_for(lambda: self.asked.count(path) >= goal)


@pytest.fixture
def server() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            try:
                script.answers.get(path, lambda request: request.send_error(404))(self)
            except OSError:
                pass  # the daemon went away, as it should
            script.asked.append(path)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        script.url = f"http://127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield script
        http.shutdown()


def wait_for(fact: Callable[[], Any], longest_s: float = PATIENCE_S) -> Any:
    """Wait until something is so; gives what it is."""
    until_s = time.monotonic() + longest_s
    while not (found := fact()):
        assert time.monotonic() < until_s, "it did not become so"
        time.sleep(0.01)
    return found


class Station:
    """A configuration, its database, and the daemon on it."""

    def __init__(self, folder: Path, feeds: str) -> None:
        self.folder = folder
        self.runtime_dir = folder / "run"
        self.url = f"sqlite:///{folder / 'state' / 'station.sqlite'}"
        (folder / "cap").mkdir(parents=True)
        (folder / "state").mkdir()
        self.config = folder / "station.toml"
        self.config.write_text(
            f'[station]\nclock = "trusted"\n[paths]\nstate_dir = "{folder / "state"}"\n'
            f'runtime_dir = "{self.runtime_dir}"\n[database]\nurl = "{self.url}"\n{feeds}'
        )
        migrate.upgrade(self.url)
        self.database = Database(self.url)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the daemon; returns when it says READY."""
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(PATIENCE_S)
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "daemons" / "eas-capd", "--config", self.config],
                stderr=(self.folder / "log").open("a"),
                text=True,
                env={
                    **os.environ,
                    "NOTIFY_SOCKET": str(path),
                    "EAS_DEBUG_MODULES": str(self.folder / "modules"),
                },
            )
            while b"READY=1" not in notify.recv(4096):
                pass

    def stop(self) -> float:
        """SIGTERM; gives how long it took to end well."""
        assert self.process is not None
        began_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10.0) == 0, self.log()
        return time.monotonic() - began_s

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def item(self, subscriber: Subscriber, feed: str, fact: Callable[[ItemState], bool]) -> Any:
        """Wait until a feed's state is so."""

        def look() -> ItemState | None:
            message = subscriber.receive(0.1)
            if message is None or not isinstance(message.body, Status):
                return None
            return next((i for i in message.body.items if i.name == feed and fact(i)), None)

        return wait_for(look)

    def record(self) -> dict[str, list[Any]]:
        """Everything in the database that is about alerts."""
        tables = (schema.alerts, schema.receptions, schema.alert_keys, schema.changes)
        with self.database.read() as connection:
            return {t.name: [tuple(row) for row in connection.execute(select(t))] for t in tables}

    def reception_count(self) -> int:
        with self.database.read() as connection:
            count = select(func.count()).select_from(schema.receptions)
            return connection.execute(count).scalar_one()

    def is_settled(self) -> bool:
        """Every alert whose time is over has ended; most of the sets are years old."""
        with self.database.read() as connection:
            return not alerts.overdue(connection, utc_now(), 1)

    def identifiers(self) -> set[str]:
        """The CAP identifiers of all receptions."""
        with self.database.read() as connection:
            found = connection.execute(select(schema.receptions.c.statement)).scalars()
            return {statement["message"]["identifier"] for statement in found}


@pytest.fixture
def station_of() -> Iterator[Callable[[str], Station]]:
    """Makes a station; in a short path, as a socket's must be."""
    made: list[Station] = []
    folder = Path(tempfile.mkdtemp(prefix="eas-"))

    def make(feeds: str) -> Station:
        made.append(Station(folder, feeds))
        return made[-1]

    yield make
    for station in made:
        if station.process is not None:
            station.process.kill()
            station.process.wait()
        station.database.close()
    shutil.rmtree(folder, ignore_errors=True)


def feed(name: str, kind: str, where: str, interval_s: float = 1) -> str:
    key = "path" if kind == "folder" else "url"
    head = f'[[feed]]\nname = "{name}"\nkind = "{kind}"\n'
    return f'{head}{key} = "{where}"\ninterval_s = {interval_s}\n'


def drip(request: BaseHTTPRequestHandler) -> None:
    """An answer that comes for ever, a byte at a time."""
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.05)


@pytest.mark.shared
@pytest.mark.skipif(not SETS.is_dir(), reason=f"{SETS} is not there")
def test_nationwide_sets_are_stored_and_nothing_a_server_does_changes_them(
    server: Script, station_of: Callable[[str], Station]
) -> None:
    nationwide = (SETS / "weathergov__air-quality-alerts.json").read_bytes()
    other = (SETS / "weathergov__testing.json").read_bytes()
    expected = identifiers_in(nationwide) | identifiers_in(other)
    server.serve("/nws", nationwide)
    server.serve("/other", other)
    server.answers["/drip"] = drip
    station = station_of(
        feed("nws", "nws", f"{server.url}/nws")
        + feed("other", "nws", f"{server.url}/other")
        + feed("slow", "cap", f"{server.url}/drip")
    )
    station.start()
    wait_for(lambda: station.reception_count() >= len(expected))
    assert station.identifiers() == expected
    wait_for(station.is_settled)
    before = station.record()
    assert len(before["receptions"]) == len(expected) > 420

    server.await_polls("/nws", 2)  # the same again
    assert station.record() == before

    with Subscriber(station.runtime_dir, ["eas-capd"], [topics.status("eas-capd")]) as subscriber:
        packed = gzip.compress(bytes(64 << 20))
        for body, status, headers, said in (
            (b"{}", 503, {"Retry_After": "1"}, "HTTP 503"),
            (b"<html>back soon</html>", 200, {"Content_Type": "text/html"}, "HTML"),
            (nationwide[: len(nationwide) // 2], 200, {}, "not JSON"),
            (b"", 200, {}, "empty document"),
            (packed, 200, {"Content_Encoding": "gzip"}, "after decompression"),
        ):
            server.serve("/nws", body, status, **headers)
            failing = station.item(subscriber, "nws", lambda item: item.state == "reconnecting")
            assert said in failing.sentence
            assert failing.last_good_at is not None
            assert station.record() == before
            server.serve("/nws", nationwide)
            station.item(subscriber, "nws", lambda item: item.state == "running")
        assert station.record() == before
        slow = station.item(subscriber, "slow", lambda item: item.state == "reconnecting")
        assert "in time" in slow.sentence  # and it delayed nobody

    loaded = (station.folder / "modules").read_text().split()
    assert not {"numpy", "bottle", "zmq.green"} & set(loaded)
    assert "lxml.etree" in loaded
    assert station.stop() < 4.0
    with station.database.read() as connection:
        runs = jobs.last_runs(connection, limit=100, job="poll nws")["poll nws"]
    assert {run.outcome for run in runs} == {"changed", "unchanged", "failed"}
    assert any(run.error is not None and "HTTP 503" in run.error for run in runs)
    assert "Traceback" not in station.log()

    station.start()  # a new life knows what the old one took
    server.await_polls("/nws", 2)
    server.await_polls("/other", 2)
    assert station.record() == before
    assert station.stop() < 4.0


def test_a_folder_is_read_and_a_reload_brings_another_feed(
    server: Script, station_of: Callable[[str], Station]
) -> None:
    station = station_of("")
    folder = station.folder / "cap"
    text = station.config.read_text()
    station.config.write_text(text + feed("folder", "folder", str(folder)))
    station.start()
    (folder / "a.json").write_bytes(answer("a"))
    wait_for(lambda: station.identifiers() == {"a"})
    (folder / "b.json").write_bytes(answer("b")[:40])
    (folder / "c.json").write_bytes(answer("c", "d").replace(b'"Actual"', b'"Maybe"', 1))
    wait_for(lambda: station.identifiers() == {"a", "d"})
    (folder / "b.json").write_bytes(answer("b"))
    wait_for(lambda: station.identifiers() == {"a", "b", "d"})

    server.serve("/nws", answer("e"))
    assert station.process is not None
    station.config.write_text(text + feed("nws", "nws", f"{server.url}/nws"))
    station.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "e" in station.identifiers())
    (folder / "f.json").write_bytes(answer("f"))
    server.await_polls("/nws", 2)
    assert "f" not in station.identifiers()
    assert station.stop() < 4.0
    assert "rejected: status 'Maybe'" in station.log()


def test_an_update_and_a_cancel_end_what_they_should(
    server: Script, station_of: Callable[[str], Station]
) -> None:
    server.serve("/nws", answer("a", "b"))
    station = station_of(feed("nws", "nws", f"{server.url}/nws"))
    station.start()
    wait_for(lambda: station.identifiers() == {"a", "b"})

    def active() -> int:
        with station.database.read() as connection:
            return len(alerts.active(connection, utc_now()))

    wait_for(lambda: active() == 2)
    reference = {
        "sender": "w-nws.webmaster@noaa.gov",
        "identifier": "a",
        "sent": "2026-04-20T11:05:00-04:00",
    }
    later = "2026-04-20T11:20:00-04:00"
    server.serve("/nws", answer("c", messageType="Cancel", references=[reference], sent=later))
    wait_for(lambda: active() == 1)  # b is missing from the answer, and has not ended
    server.await_polls("/nws", 2)
    assert active() == 1
    assert station.stop() < 4.0


def test_a_station_without_a_database_takes_alerts_and_stores_them_later(
    server: Script, station_of: Callable[[str], Station]
) -> None:
    server.serve("/nws", answer("a"))
    station = station_of(feed("nws", "nws", f"{server.url}/nws"))
    database = Path(station.url.removeprefix("sqlite:///"))
    station.database.close()
    away = database.with_suffix(".away")
    database.rename(away)
    station.start()
    with Subscriber(station.runtime_dir, ["eas-capd"], [topics.RECEPTION_NEW]) as subscriber:
        heard = wait_for(lambda: subscriber.receive(0.1))
    assert heard.body.reception.statement.message.identifier == "a"
    assert (heard.body.stored, heard.body.durable) == (False, True)
    away.rename(database)
    wait_for(lambda: station.identifiers() == {"a"})
    assert station.stop() < 4.0
