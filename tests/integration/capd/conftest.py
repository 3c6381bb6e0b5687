"""eas-capd as a process, the scripted server that it polls, and a page that asks it to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
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
from eas_station.bus.messages import Control, ItemState, ReceptionNew, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.clock import utc_now
from eas_station.config.units import CAPD, WEBD
from eas_station.store.alerts import alert_queries
from eas_station.store.database import alert_tables
from eas_station.store.database.database import Database
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 40.0

Respond = Callable[[BaseHTTPRequestHandler], None]


class Script:
    """Answers by path; what has no answer is not found."""

    def __init__(self) -> None:
        self.answers: dict[str, Respond] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.http: ThreadingHTTPServer | None = None

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        """From now on answer this path with this."""

        def respond(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            if status != 304:
                request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = respond

    def await_polls(self, path: str, more: int) -> None:
        """Wait until this path has been asked for so many times more."""
        goal = self.asked.count(path) + more
        _wait_for(lambda: self.asked.count(path) >= goal)

    def secure(self, certificate: Path, key: Path) -> None:
        """From now on speak TLS, with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        assert self.http is not None
        self.http.socket = context.wrap_socket(
            self.http.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = self.url.replace("http:", "https:")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or refuses the certificate, is what the tests are about."""


@pytest.fixture
def server() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            script.headers.append(dict(self.headers.items()))
            answer = script.answers.get(self.path) or script.answers.get(path)
            try:
                answer(self) if answer is not None else self.send_error(404)
            except OSError:
                pass  # the daemon went away, as it should
            script.asked.append(path)

        def log_message(self, *args: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as running:
        script.http = running
        script.url = f"http://127.0.0.1:{running.server_address[1]}"
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield script
        running.shutdown()


def _wait_for(fact: Callable[[], Any], longest_s: float = PATIENCE_S) -> Any:
    until_s = time.monotonic() + longest_s
    while not (found := fact()):
        assert time.monotonic() < until_s, "it did not become so"
        time.sleep(0.01)
    return found


@pytest.fixture
def wait_for() -> Callable[[Callable[[], Any]], Any]:
    """Waits until something is so; gives what it is."""
    return _wait_for


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """An answer of the API with alerts of these names, for Wood county in Ohio."""

    def make(*names: str, **properties: Any) -> bytes:
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

    return make


class Station:
    """A configuration, its database, and the daemon on it."""

    def __init__(self, folder: Path, feeds: str, url: str | None = None) -> None:
        self.folder = folder
        self.runtime_dir = folder / "run"
        self.url = url or f"sqlite:///{folder / 'state' / 'station.sqlite'}"
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

    def start(self, **environment: str) -> None:
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
                    **environment,
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

        return _wait_for(look)

    def record(self) -> dict[str, list[Any]]:
        """Everything in the database that is about alerts."""
        tables = (
            alert_tables.alerts,
            alert_tables.receptions,
            alert_tables.alert_keys,
            alert_tables.changes,
        )
        with self.database.read() as connection:
            return {t.name: [tuple(row) for row in connection.execute(select(t))] for t in tables}

    def reception_count(self) -> int:
        with self.database.read() as connection:
            count = select(func.count()).select_from(alert_tables.receptions)
            return connection.execute(count).scalar_one()

    def is_settled(self) -> bool:
        """Every alert whose time is over has ended; most of the sets are years old."""
        with self.database.read() as connection:
            return not alert_queries.overdue(connection, utc_now(), 1)

    def identifiers(self) -> set[str]:
        """The CAP identifiers of all receptions."""
        with self.database.read() as connection:
            found = connection.execute(select(alert_tables.receptions.c.statement)).scalars()
            return {statement["message"]["identifier"] for statement in found}

    def spooled(self) -> int:
        """How many rows still wait for the database."""
        spool = self.folder / "state" / f"{CAPD}.spool"
        with sqlite3.connect(f"file:{spool}?mode=ro", uri=True, timeout=PATIENCE_S) as connection:
            count: int = connection.execute("SELECT count(*) FROM outbox").fetchone()[0]
            return count


class Page:
    """Asks eas-capd to poll at once, as the page and eas-ctl can, and hears what it says."""

    def __init__(self, runtime_dir: Path) -> None:
        self._publisher = Publisher(WEBD, runtime_dir)
        status = topics.status(CAPD)
        self._subscriber = Subscriber(runtime_dir, [CAPD], [status, topics.RECEPTION_NEW])
        self._items: dict[str, ItemState] = {}
        self.heard: list[str] = []  # identifiers of receptions that were announced

    def poll(self, station: Station, feed: str) -> ItemState:
        """One poll, taken and stored; gives how the feed is then."""
        before = self.item(feed).counters["polls"]
        topic = topics.control(CAPD)
        _wait_for(lambda: self._publisher.wanted(topic))
        self._publisher.publish(topic, Control(f"poll {feed}"))
        _wait_for(lambda: self.item(feed).counters["polls"] > before)
        _wait_for(lambda: station.spooled() == 0)
        return self.item(feed)

    def item(self, feed: str) -> ItemState:
        """How the feed is, as far as it was told."""
        return _wait_for(lambda: self._told().get(feed))  # type: ignore[no-any-return]

    def told(self, feed: str) -> ItemState | None:
        """The same; None: not told yet."""
        return self._told().get(feed)

    def _told(self) -> dict[str, ItemState]:
        while (message := self._subscriber.receive(0.02)) is not None:
            if isinstance(message.body, Status):
                self._items = {item.name: item for item in message.body.items}
            elif isinstance(message.body, ReceptionNew) and not message.repeated:
                said = message.body.reception.statement.message
                self.heard.append("" if said is None else said.identifier)
        return self._items

    def close(self) -> None:
        self._subscriber.close()
        self._publisher.close()


@pytest.fixture
def page_of() -> Iterator[Callable[[Station], Page]]:
    """Opens a page on a station; there is one at a time."""
    opened: list[Page] = []

    def make(station: Station) -> Page:
        while opened:
            opened.pop().close()
        opened.append(Page(station.runtime_dir))
        return opened[-1]

    yield make
    for page in opened:
        page.close()


@pytest.fixture
def station_of() -> Iterator[Callable[..., Station]]:
    """Makes a station; in a short path, as a socket's must be."""
    made: list[Station] = []
    folder = Path(tempfile.mkdtemp(prefix="eas-"))

    def make(feeds: str, url: str | None = None) -> Station:
        made.append(Station(folder, feeds, url))
        return made[-1]

    yield make
    for station in made:
        if station.process is not None:
            station.process.kill()
            station.process.wait()
        station.database.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def feed() -> Callable[..., str]:
    """A feed in the words of station.toml."""

    def make(name: str, kind: str, where: str, interval_s: float = 1, **others: str) -> str:
        keys = {"path" if kind == "folder" else "url": where, **others}
        lines = [f'{key} = "{value}"' for key, value in keys.items()]
        head = f'[[feed]]\nname = "{name}"\nkind = "{kind}"\ninterval_s = {interval_s}\n'
        return head + "\n".join(lines) + "\n"

    return make
