"""What a poll costs eas-capd as a process, and how soon an alert is in the record and on the page.

The largest real nationwide answer where ../shared is, else one that is made up here. Wall time,
but for the poll with nothing new, whose price is CPU.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_cap import NATIONWIDE, made_up
from borrowed import ROOT, SHARED, conftest
from processes import cpu_s, pss_mib
from table import Table

from eas_station import tables

PARTS = conftest("capd")
ANSWER = SHARED / "cap" / "nws_geojson_sets" / "weathergov__air-quality-alerts.json"
COLD_S, UNCHANGED_CPU_S, CHANGED_S, PAGE_S, PSS_MIB = 1.0, 0.005, 0.1, 0.3, 100.0
ROUNDS, UNCHANGED = 5, 40
PATIENCE_S = 120.0
PATH = "/alerts/active"


class Watch:
    """The most memory that a process had, looked at often."""

    def __init__(self, pid: int) -> None:
        self.most_mib = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.05):
            self.most_mib = max(self.most_mib, pss_mib(self._pid))

    def close(self) -> None:
        self._over.set()
        self._thread.join()


class Events:
    """What comes on the page's stream of events, and when."""

    def __init__(self, port: int) -> None:
        self.lines: list[tuple[float, str]] = []
        self._answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/events")
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        for line in self._answer:
            self.lines.append((time.perf_counter(), line.decode()))

    def await_text(self, text: str) -> float:
        """When a text came."""
        until(lambda: any(text in line for _, line in list(self.lines)))
        return next(at_s for at_s, line in self.lines if text in line)


def until(true: Callable[[], object]) -> float:
    """When it became true."""
    began_s = time.perf_counter()
    while not true():
        if time.perf_counter() - began_s > PATIENCE_S:
            raise RuntimeError("it never became so")
        time.sleep(0.002)
    return time.perf_counter()


def one_more(data: bytes, name: str, **changed: Any) -> bytes:
    """The answer with one more alert, in the form of its first, as the newest."""
    page = json.loads(data)
    first = page["features"][0]
    properties = {**first["properties"], "id": name, "references": [], **changed}
    properties["parameters"] = {}
    page["features"].insert(0, {**first, "properties": properties})
    return json.dumps(page).encode()


def bench_changed(server: Any, station: Any, page: Any, data: bytes, name: str) -> float:
    """Seconds from the answer with one more alert to its row; the best of some rounds."""
    best_s = float("inf")
    for number in range(ROUNDS):
        count = station.reception_count()
        data = one_more(data, f"{name}-{number}")
        began = time.perf_counter()
        server.serve(PATH, data)
        page.poll(station, "nws")
        stored_s = until(lambda count=count: station.reception_count() > count)  # type: ignore[misc]
        asked_s = max(began, server.served_s)
        best_s = min(best_s, stored_s - asked_s)
    return best_s


class Timed:
    """Notes when the answer to a request was through."""

    def __init__(self, server: Any) -> None:
        self._server = server
        server.served_s = 0.0

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        type(self._server).serve(self._server, path, body, status, **headers)
        respond = self._server.answers[path]

        def timed(request: Any) -> None:
            respond(request)
            self._server.served_s = time.perf_counter()

        self._server.answers[path] = timed


def start_page(station: Any, folder: Path) -> tuple[subprocess.Popen[bytes], Events]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with station.config.open("a", encoding="utf-8") as config:
        config.write(f'[web]\nhost = "127.0.0.1"\nport = {port}\n')
    web = subprocess.Popen(
        [sys.executable, ROOT / "daemons" / "eas-webd", "--config", station.config],
        stderr=(folder / "web.log").open("w"),
    )
    deadline_s = time.perf_counter() + PATIENCE_S
    while True:
        try:
            return web, Events(port)
        except OSError:
            if time.perf_counter() > deadline_s:
                raise
            time.sleep(0.1)


def bench_page(table: Table, server: Any, station: Any, folder: Path) -> None:
    """A feed that is asked each second gives an alert: when is it stored, and on the page."""
    web, events = start_page(station, folder)
    try:
        events.await_text("event:")
        worst_row_s = worst_page_s = 0.0
        for number in range(5):
            name, count = f"urn:oid:page-{number}", station.reception_count()
            server.serve("/quick", one_alert(name))
            until(lambda name=name: any(name in line for _, line in list(events.lines)))  # type: ignore[misc]
            served_s = server.served_s
            page_s = events.await_text(name)
            row_s = until(lambda count=count: station.reception_count() > count)  # type: ignore[misc]
            worst_page_s = max(worst_page_s, page_s - served_s)
            worst_row_s = max(worst_row_s, row_s - served_s)
        table.value("a new alert: its row, worst of 5", worst_row_s, "s", at_most=PAGE_S)
        table.value("a new alert: event on the page, worst", worst_page_s, "s", at_most=PAGE_S)
    finally:
        web.terminate()
        web.wait(PATIENCE_S)


def one_alert(name: str) -> bytes:
    properties = {
        "id": name, "sender": "w-nws.webmaster@noaa.gov", "sent": "2026-04-20T11:05:00-04:00",
        "ends": "2099-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z", "status": "Actual",
        "messageType": "Alert", "event": "Tornado Warning", "geocode": {"SAME": ["039173"]},
        "eventCode": {"SAME": ["TOR"]}, "headline": name,
    }  # fmt: skip
    members = [{"type": "Feature", "properties": properties}]
    return json.dumps({"type": "FeatureCollection", "features": members}).encode()


def run(table: Table, server: Any, station: Any, folder: Path, data: bytes) -> None:
    timed, count = Timed(server), len(json.loads(data)["features"])
    timed.serve(PATH, data, ETag='"1"')
    station.start()
    watch = Watch(station.process.pid)
    until(lambda: server.asked)
    stored_s = until(lambda: station.reception_count() >= count - 10) - server.served_s
    page = PARTS.Page(station.runtime_dir)
    until(lambda: station.spooled() == 0)
    table.value(f"{count} alerts, cold: stored", stored_s, "s", at_most=COLD_S)
    server.serve(PATH, b"", 304)
    page.poll(station, "nws")
    idle_s, began = cpu_s(station.process.pid), time.perf_counter()
    time.sleep(5.0)
    per_s = (cpu_s(station.process.pid) - idle_s) / (time.perf_counter() - began)
    before_s, began = cpu_s(station.process.pid), time.perf_counter()
    for _ in range(UNCHANGED):
        page.poll(station, "nws")
    used_s = cpu_s(station.process.pid) - before_s - per_s * (time.perf_counter() - began)
    figure = "304: CPU of a poll, asked for and told"
    table.value(figure, used_s / UNCHANGED, "s", at_most=UNCHANGED_CPU_S)
    shim = Shim(server, timed)
    few_s = bench_changed(shim, station, page, data, "few")
    table.value("one alert more: stored", few_s, "s", at_most=CHANGED_S)
    bench_page(table, Shim(server, timed), station, folder)
    watch.close()
    table.value("eas-capd: PSS, the most", watch.most_mib, "MiB", at_most=PSS_MIB)
    page.close()
    station.stop()


class Shim:
    """The server, whose answers are timed."""

    def __init__(self, server: Any, timed: Timed) -> None:
        self._server, self.serve = server, timed.serve

    @property
    def served_s(self) -> float:
        served_s: float = self._server.served_s
        return served_s


def main() -> None:
    table = Table("eas-capd and a server on this machine (SQLite)")
    data = ANSWER.read_bytes() if ANSWER.exists() else made_up(tables.load(), NATIONWIDE)
    folder = Path(tempfile.mkdtemp(prefix="eas-bench-"))
    serving = PARTS.server.__wrapped__() if hasattr(PARTS.server, "__wrapped__") else None
    assert serving is not None, "the fixture cannot be used as it is"
    server = next(serving)
    feeds = "".join(
        f'[[feed]]\nname = "{name}"\nkind = "nws"\nurl = "{server.url}{path}"\ninterval_s = {s}\n'
        for name, path, s in (("nws", PATH, 600), ("quick", "/quick", 1))
    )
    station = PARTS.Station(folder, feeds)
    try:
        run(table, server, station, folder, data)
    finally:
        if station.process is not None:
            station.process.kill()
        next(serving, None)
        shutil.rmtree(folder, ignore_errors=True)
    table.show()


if __name__ == "__main__":
    main()
