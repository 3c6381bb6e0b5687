"""eas-capd as a process calls a webhook when a source is deaf; a real server on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import HearingProof, ItemState, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.store.upkeep import migrate

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "t0p-s3cret"


class Hook:
    """A webhook: it refuses, hangs or takes what is posted."""

    def __init__(self) -> None:
        hook = self
        self.status = 200
        self.hanging = False
        self.released = threading.Event()
        self.tried = threading.Semaphore(0)
        self.taken: list[dict[str, str | None]] = []
        self.headers: list[str | None] = []
        self.arrived = threading.Semaphore(0)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.tried.release()
                if hook.hanging:
                    hook.released.wait(PATIENCE_S)
                    return
                status = hook.status
                self.send_response(status)
                self.end_headers()
                if status == 200:
                    hook.taken.append(body)
                    hook.headers.append(self.headers["X-Token"])
                    hook.arrived.release()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/{SECRET}"
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class Station:
    """eas-capd, and a source on the bus that says what it hears."""

    def __init__(self, folder: Path, run_dir: Path, hook: Hook) -> None:
        self.folder = folder
        self.run_dir = run_dir
        (folder / "state").mkdir()
        url = f"sqlite:///{folder / 'state' / 'station.sqlite'}"
        migrate.upgrade(url)
        (folder / "token").write_text(f"X-Token: {SECRET}\n")
        self.config = folder / "station.toml"
        self.config.write_text(
            f'[paths]\nstate_dir = "{folder / "state"}"\nruntime_dir = "{run_dir}"\n'
            f'[database]\nurl = "{url}"\n[station]\nname = "Wood county"\nclock = "trusted"\n'
            f'[alarm]\nwebhook = "{hook.url}"\nheader_file = "token"\nafter_s = 0.2\n'
            '[[source]]\nname = "wx"\nkind = "pipe"\npath = "wx.pcm"\n'
        )
        self.source = Publisher("eas-audiod@wx", run_dir)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        daemon = ROOT / "daemons" / "eas-capd"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(daemon), "--config", str(self.config)],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(PATIENCE_S)

    def say(self, state: str, sentence: str) -> None:
        hearing = HearingProof(
            "wx",
            "mono",
            state,
            sentence,
            NOON,
            problem=state == "deaf",  # type: ignore[arg-type]
        )
        self.source.publish(topics.audio_hearing("wx", "mono"), hearing)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def until_logged(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.log():
            assert time.monotonic() < deadline, self.log()
            threading.Event().wait(0.05)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.source.close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    yield server
    server.close()


@pytest.fixture
def station(tmp_path: Path, hook: Hook) -> Iterator[Station]:
    with tempfile.TemporaryDirectory(prefix="eas-") as run_dir:  # a short path for sockets
        built = Station(tmp_path, Path(run_dir), hook)
        yield built
        built.close()


def until_said(station: Station, wanted: Callable[[Status], bool]) -> None:
    items: tuple[ItemState, ...] = ()
    with Subscriber(station.run_dir, ["eas-capd"], [topics.status("eas-capd")]) as subscriber:
        for _ in range(round(PATIENCE_S)):
            heard = subscriber.receive(1.0)
            if heard is not None and isinstance(heard.body, Status):
                items = heard.body.items
                if wanted(heard.body):
                    return
    pytest.fail(f"the status did not come: {items}")


@pytest.mark.timeout(600)
def test_deafness_is_told_once_through_refusals_and_restarts_and_so_is_its_end(
    station: Station, hook: Hook
) -> None:
    hook.status = 500
    station.say("deaf", "no audio from receiver wx1")
    station.start()
    for _ in range(2):
        assert hook.tried.acquire(timeout=PATIENCE_S), station.log()
    hook.status = 200
    assert hook.arrived.acquire(timeout=PATIENCE_S), station.log()
    station.until_logged("alarm told: wx mono is deaf")
    memory = station.folder / "state" / "eas-capd.alarms.json"
    while not memory.exists():
        threading.Event().wait(0.05)
    station.end(signal.SIGKILL)
    station.start()
    until_said(station, lambda status: any(item.kind == "alarm" for item in status.items))
    station.say("hearing", "heard, with a margin of 21 dB")
    assert hook.arrived.acquire(timeout=PATIENCE_S), station.log()
    station.end(signal.SIGTERM)
    problem, clear = hook.taken
    assert (problem["state"], problem["what"], problem["channel"]) == ("problem", "deaf", "mono")
    assert (problem["station"], problem["why"]) == ("Wood county", "no audio from receiver wx1")
    assert problem["since"] == "2026-11-22T12:00:00Z"
    assert (clear["state"], clear["id"]) == ("clear", problem["id"])
    assert hook.headers == [SECRET, SECRET]
    assert SECRET not in station.log()


@pytest.mark.timeout(600)
def test_a_webhook_that_hangs_is_a_state_and_delays_no_stop(station: Station, hook: Hook) -> None:
    hook.hanging = True
    station.say("deaf", "no audio from receiver wx1")
    station.start()
    assert hook.tried.acquire(timeout=PATIENCE_S), station.log()
    until_said(
        station,
        lambda status: any(
            item.kind == "alarm" and "no answer in time" in item.sentence for item in status.items
        ),
    )
    station.end(signal.SIGTERM)
    assert "left behind" not in station.log()
    assert SECRET not in station.log()
