"""The whole station in the foreground: how soon it speaks, and what it takes meanwhile.

It is the demonstration of `make run`, but for the National Weather Service: a server here gives
nothing in its place, so that no figure depends on the Internet or the weather.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from borrowed import ROOT
from processes import children, cpu_s, pss_mib
from table import Table, best_s

from eas_station import tables
from eas_station.config.embedded import demo_dir, embedded, to_toml
from eas_station.config.units import units
from eas_station.ctl.demo.area import draw_area

PATIENCE_S = 90.0
WATCHED_S = 20.0
FIRST_ALERT_S, SECOND_START_S, STOP_S = 60.0, 5.0, 5.0
IMPORT_RATIO, IMPORT_ROUNDS, FOUR_MIB = 60.0, 8, 240.0
PSS_MIB = {"eas-capd": 100.0, "eas-audiod": 100.0, "eas-sdrd": 65.0, "eas-webd": 80.0}
CPU_PERCENT = {"eas-audiod": 8.0}  # of a core, busy
READY = re.compile(r"^(eas-\S+) .* ready: ")
NOTHING = b'{"type": "FeatureCollection", "features": []}'


class QuietFeed(BaseHTTPRequestHandler):
    """The National Weather Service on a day without any alert."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/geo+json")
        self.send_header("Content-Length", str(len(NOTHING)))
        self.end_headers()
        self.wfile.write(NOTHING)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Run:
    """One life of the station, from `eas-ctl run` to the signal."""

    def __init__(self, var_dir: Path, config: Path, port: int) -> None:
        self._url = f"http://localhost:{port}"
        self.ready_s: dict[str, float] = {}
        self.lines: list[str] = []
        self._began_s = time.perf_counter()
        program = [sys.executable, str(ROOT / "daemons" / "eas-ctl")]
        self._station = subprocess.Popen(
            [*program, "run", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._demo = subprocess.Popen(
            [*program, "demo", "make", "--var", str(var_dir)], stdout=subprocess.DEVNULL
        )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._station.pid

    def age_s(self) -> float:
        return time.perf_counter() - self._began_s

    def until(self, true: Callable[[], object], what: str) -> float:
        """How old the station was when it became true."""
        while not true():
            if self.age_s() > PATIENCE_S or self._station.poll() is not None:
                raise RuntimeError("\n".join([*self.lines, f"it never came to this: {what}"]))
            time.sleep(0.02)
        return self.age_s()

    def page_is_there(self) -> bool:
        return self._get("/") is not None

    def alerts(self) -> list[dict[str, Any]]:
        answer = self._get("/api/v1/alerts?state=all&limit=500")
        return [] if answer is None else json.loads(answer)["alerts"]

    def heard(self, *ways: str) -> bool:
        """Whether an alert was heard in each of these ways."""
        return any(
            set(ways) <= {reception["via"] for reception in alert["receptions"]}
            for alert in self.alerts()
        )

    def stop(self) -> float:
        """Ctrl-C; gives the seconds until everything has ended."""
        began_s = time.perf_counter()
        self._station.send_signal(signal.SIGINT)
        self._station.wait(30)
        took_s = time.perf_counter() - began_s
        self._demo.terminate()
        self._demo.wait(30)
        return took_s

    def kill(self) -> None:
        for process in (self._station, self._demo):
            if process.poll() is None:
                process.kill()
            process.wait()

    def _get(self, path: str) -> bytes | None:
        try:
            with urllib.request.urlopen(self._url + path, timeout=5) as answer:
                content: bytes = answer.read()
                return content
        except OSError:
            return None

    def _read(self) -> None:
        assert self._station.stdout is not None
        for line in self._station.stdout:
            self.lines.append(line.rstrip())
            found = READY.match(line)
            if found:
                self.ready_s.setdefault(found[1], self.age_s())


def configure(var_dir: Path, feed_port: int) -> tuple[Path, int, tuple[str, ...]]:
    """The demonstration's configuration; gives its file, the page's port and the units."""
    area = draw_area(tables.load(), random.SystemRandom())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = embedded(var_dir, None, port, area.same_codes, area.point, (area.state,))
    nws, *others = made.feeds
    quiet = replace(nws, url=f"http://127.0.0.1:{feed_port}")
    config = replace(made, feeds=(quiet, *others))
    path = var_dir / "station.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    config.paths.state_dir.mkdir()
    return path, port, units(config)


def bench_first(table: Table, run: Run, names: tuple[str, ...]) -> None:
    page_s = run.until(run.page_is_there, "the page answers")
    first_s = run.until(run.alerts, "an alert is on the page")
    air_s = run.until(lambda: run.heard("same"), "an alert came off the air")
    both_s = run.until(lambda: run.heard("same", "cap"), "an alert was heard both ways")
    run.until(lambda: set(names) <= set(run.ready_s), "all daemons are ready")
    for name in names:
        table.value(f"first start: {name} READY", run.ready_s[name], "s")
    table.value("first start: the page", page_s, "s")
    table.value("first start: first alert on the page", first_s, "s", at_most=FIRST_ALERT_S)
    table.value("first start: first alert off the air", air_s, "s", at_most=FIRST_ALERT_S)
    table.value("first start: one alert heard both ways", both_s, "s", at_most=FIRST_ALERT_S)


def bench_usage(table: Table, run: Run) -> None:
    daemons = {
        title: pid
        for title, pid in sorted(children(run.pid).items())
        if title.split(":")[0] in PSS_MIB
    }
    before, began_s = {title: cpu_s(pid) for title, pid in daemons.items()}, time.perf_counter()
    time.sleep(WATCHED_S)
    watched_s = time.perf_counter() - began_s
    total_mib = 0.0
    for title, pid in daemons.items():
        name = title.split(":")[0]
        percent = 100 * (cpu_s(pid) - before[title]) / watched_s
        limit = CPU_PERCENT.get(name)
        table.value(f"{title}: CPU over {WATCHED_S:g} s", percent, "%", at_most=limit)
    for title, pid in daemons.items():
        mib = pss_mib(pid)
        total_mib += mib
        table.value(f"{title}: PSS", mib, "MiB", at_most=PSS_MIB[title.split(":")[0]])
    table.value("the four daemons: PSS", total_mib, "MiB", at_most=FOUR_MIB)


def bench_second(table: Table, run: Run, names: tuple[str, ...]) -> None:
    run.until(run.alerts, "the alerts of before are on the page")
    first_s = run.age_s()
    run.until(lambda: set(names) <= set(run.ready_s), "all daemons are ready")
    ready_s = max(run.ready_s[name] for name in names)
    table.value("second start: all READY", ready_s, "s", at_most=SECOND_START_S)
    table.value("second start: the alerts on the page", first_s, "s", at_most=SECOND_START_S)


def bench_imports(table: Table) -> None:
    packages = ("capd.main", "audiod.main", "sdrd.main", "webd.main", "ctl.decode")
    codes = ["pass", *(f"import eas_station.{package}" for package in packages)]
    took_s = dict.fromkeys(codes, float("inf"))
    for _ in range(IMPORT_ROUNDS):  # in turns: a neighbour is busy for a while, then quiet
        for code in codes:
            argv = [sys.executable, "-c", code]
            once_s = best_s(lambda argv=argv: subprocess.run(argv, check=True), 1, children_cpu_s)  # type: ignore[misc]
            took_s[code] = min(took_s[code], once_s)
    for code, best in took_s.items():
        bar = None if code == "pass" else IMPORT_RATIO
        table.ratio(f"python -c '{code}', CPU", best, "s", best / took_s["pass"], at_most=bar)


def children_cpu_s() -> float:
    """What all children that have ended used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    table = Table("The station (wall time since eas-ctl run; PSS, CPU of one core with the demo)")
    feed = ThreadingHTTPServer(("127.0.0.1", 0), QuietFeed)
    threading.Thread(target=feed.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as folder:
        var_dir = Path(folder)
        config, port, names = configure(var_dir, feed.server_address[1])
        run = Run(var_dir, config, port)
        try:
            bench_first(table, run, names)
            bench_usage(table, run)
            table.value("Ctrl-C to the end of all", run.stop(), "s", at_most=STOP_S)
            shutil.rmtree(demo_dir(var_dir))  # as `make run` does
            run = Run(var_dir, config, port)
            bench_second(table, run, names)
            run.stop()
        finally:
            run.kill()
    feed.shutdown()
    bench_imports(table)
    table.show()


if __name__ == "__main__":
    main()
