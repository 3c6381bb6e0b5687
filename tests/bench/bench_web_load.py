"""How eas-webd answers `ab` while 300 clients drip their headers and 60 hang on live updates.

Hello world on the same server, in the same minute and on the same machine, is the yardstick; it has
the same crowd at its door, because a crowd costs whoever serves it.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench_web import HELLO, LEAST_RATIO, P99_S, PATHS, PSS_MIB
from borrowed import conftest
from processes import cpu_s, pss_mib
from table import Table

from eas_station import tables

LORISES, STREAMS, DRIP_S = 300, 60, 1.0
REQUESTS, CLIENTS, ROUNDS = 1000, 10, 5
BEGINNING = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


@dataclass(frozen=True, slots=True)
class Told:
    """What ab said, and what one request cost the server."""

    per_s: float
    p99_s: float
    failed: int
    not_2xx: int
    cpu_s: float


class Crowd:
    """Clients that never come to an end: their headers drip; or they read live updates."""

    def __init__(self, port: int, lorises: int, streams: int) -> None:
        self._stopping = threading.Event()
        self._lorises = [self._call(port, BEGINNING) for _ in range(lorises)]
        asked = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self._streams = [self._call(port, asked) for _ in range(streams)]
        for stream in self._streams:
            assert stream.recv(64).startswith(b"HTTP/1.1 200 "), "a stream was refused"
        for one in (*self._lorises, *self._streams):
            one.setblocking(False)
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()

    def lost(self) -> int:
        """How many of them the server has sent away."""
        return sum(1 for one in self._lorises if not self._alive(one))

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        for one in (*self._lorises, *self._streams):
            one.close()

    def _go_on(self) -> None:
        while not self._stopping.wait(DRIP_S / 10):
            turn = int(time.monotonic() / DRIP_S * 10) % 10
            for one in self._lorises[turn::10]:
                self._drip(one)
            for one in self._streams:
                self._swallow(one)

    @staticmethod
    def _drip(one: socket.socket) -> None:
        try:
            one.sendall(b"x")
        except OSError:
            pass  # sent away: `lost` counts it

    @staticmethod
    def _swallow(one: socket.socket) -> None:
        try:
            while one.recv(65_536):
                pass
        except OSError:
            pass  # nothing more now

    @staticmethod
    def _alive(one: socket.socket) -> bool:
        try:
            return one.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    @staticmethod
    def _call(port: int, question: bytes) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", port), timeout=30)
        one.sendall(question)
        return one


def ab(pid: int, port: int, path: str) -> Told:
    """One run of ab."""
    used_s = cpu_s(pid)
    asked = ["ab", "-q", "-n", str(REQUESTS), "-c", str(CLIENTS), f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout
    return Told(
        per_s=_figure(r"Requests per second: +([\d.]+)", said),
        p99_s=_figure(r"\n +99% +(\d+)", said) / 1000,
        failed=int(_figure(r"Failed requests: +(\d+)", said)),
        not_2xx=int(_figure(r"Non-2xx responses: +(\d+)", said, 0.0)),
        cpu_s=(cpu_s(pid) - used_s) / REQUESTS,
    )


def _figure(pattern: str, said: str, missing: float | None = None) -> float:
    found = re.search(pattern, said)
    if found is None:
        assert missing is not None, said
        return missing
    return float(found[1])


def bench(table: Table, pid: int, port: int, hello: tuple[int, int]) -> None:
    crowds = Crowd(port, LORISES, STREAMS), Crowd(hello[1], LORISES + STREAMS, 0)
    told: dict[str, list[Told]] = {}
    try:
        for _ in range(ROUNDS):
            told.setdefault("hello world", []).append(ab(*hello, "/"))
            for path in PATHS:
                told.setdefault(path, []).append(ab(pid, port, path))
        table.value("slow clients sent away", crowds[0].lost(), "", at_most=0)
    finally:
        for crowd in crowds:
            crowd.close()
    plain = _typical(told["hello world"])
    for path, runs in told.items():
        run, is_page = _typical(runs), path != "hello world"
        bar = LEAST_RATIO if is_page else None
        table.ratio(f"{path}: requests", run.per_s, "/s", run.per_s / plain.per_s, at_least=bar)
        table.value(f"{path}: server's CPU of one", run.cpu_s, "s", run.cpu_s / plain.cpu_s)
        slowest_s = max(one.p99_s for one in runs)
        table.value(f"{path}: p99, worst run", slowest_s, "s", at_most=P99_S if is_page else None)
        bad = sum(one.failed + one.not_2xx for one in runs)
        table.value(f"{path}: failed or not 2xx", bad, "", at_most=0)
    table.value("eas-webd: PSS after it", pss_mib(pid), "MiB", at_most=PSS_MIB)


def _typical(runs: list[Told]) -> Told:
    """The run in the middle."""
    return sorted(runs, key=lambda run: run.per_s)[len(runs) // 2]


def main() -> None:
    made = conftest("webd")
    table = Table(
        f"eas-webd under ab -n {REQUESTS} -c {CLIENTS}, with {LORISES} slow clients and "
        f"{STREAMS} live (medians of {ROUNDS} runs)"
    )
    if shutil.which("ab") is None:
        table.note("ab is not installed: apt install apache2-utils")
        table.show()
        return
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as folder:
        town = made.Town(Path(folder), tables.load())
        hello = subprocess.Popen([sys.executable, "-c", HELLO], stdout=subprocess.PIPE)
        try:
            town.migrate()
            made.tell_a_bad_night(town)
            town.start()
            town.say_all_well()
            made.until(town.well)
            assert hello.stdout is not None
            at = hello.pid, int(hello.stdout.readline())
            bench(table, town.process.pid, town.port, at)
        finally:
            hello.kill()
            hello.wait()
            town.close()
    table.show()


if __name__ == "__main__":
    main()
