"""How fast eas-webd answers, beside hello world on the same server.

Ten clients in this process, each asking again as soon as it has its answer, over a new connection
each time (as ab does, which the bars are about) and over kept ones. Both servers run at once and
are asked in turns. What a request costs the server is told apart, since the clients need the
processor too.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from borrowed import conftest
from playwright.sync_api import sync_playwright
from processes import cpu_s, pss_mib
from table import Table

from eas_station import tables

REQUESTS, CLIENTS, ROUNDS = 2000, 10, 3
PATHS = ("/", "/api/v1/status", "/api/v1/alerts")
LEAST_RATIO, P99_S, PSS_MIB, PUSH_S = 0.5, 0.05, 80.0, 0.1
PUSHES = 30
SHOWN = ("FFW", "SVR", "TOE", "FRW", "EVI", "CEM", "LEW", "NUW", "RHW", "SPW")  # new alerts
SHOWN_S, CHROMIUM = 1.0, Path("/usr/bin/chromium")

HELLO = """
import sys
from eas_station.webd.http.server import Server, bound_sockets

def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "12")])
    return [b"hello, world"]

server = Server(hello, bound_sockets("127.0.0.1", 0))
print(server.urls()[0].rstrip("/").rpartition(":")[2], flush=True)
server.run()
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What some thousand requests were like."""

    per_s: float
    p99_s: float
    cpu_s: float  # of the server, for one request
    length: int  # bytes of one answer's body


class Client:
    """Asks for the same again and again."""

    def __init__(self, port: int, path: str, kept: bool, selector: selectors.BaseSelector) -> None:
        self._port, self._kept, self._selector = port, kept, selector
        ending = "" if kept else "Connection: close\r\n"
        self._question = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{ending}\r\n".encode()
        self._socket: socket.socket | None = None
        self._read = b""
        self._asked_s = 0.0

    def ask(self) -> None:
        self._read = b""
        self._asked_s = time.perf_counter()
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._socket.sendall(self._question)

    def hear(self) -> tuple[float, int] | None:
        """Seconds and length of the answer once it is whole."""
        assert self._socket is not None
        piece = self._socket.recv(1 << 18)
        assert piece, "the server hung up"
        self._read += piece
        head, mark, body = self._read.partition(b"\r\n\r\n")
        if not mark:
            return None
        assert head.startswith(b"HTTP/1.1 200 "), head.splitlines()[0]
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return None
        took_s = time.perf_counter() - self._asked_s
        if not self._kept:
            self.close()
        return took_s, length

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def load(pid: int, port: int, path: str, kept: bool = False) -> Answers:
    """Ask some thousand times with ten clients at once."""
    selector = selectors.DefaultSelector()
    clients = [Client(port, path, kept, selector) for _ in range(CLIENTS)]
    used_s, began_s = cpu_s(pid), time.perf_counter()
    for client in clients:
        client.ask()
    left = REQUESTS - CLIENTS
    took_s: list[float] = []
    length = 0
    while len(took_s) < REQUESTS:
        for key, _ in selector.select(30):
            answer = key.data.hear()
            if answer is not None:
                took_s.append(answer[0])
                length = answer[1]
                if left:
                    left -= 1
                    key.data.ask()
    per_s = REQUESTS / (time.perf_counter() - began_s)
    used_s = cpu_s(pid) - used_s
    for client in clients:
        client.close()
    selector.close()
    return Answers(per_s, sorted(took_s)[REQUESTS * 99 // 100], used_s / REQUESTS, length)


def better(one: Answers, other: Answers) -> Answers:
    return max(one, other, key=lambda answers: answers.per_s)


def bench_requests(table: Table, pid: int, port: int, hello: tuple[int, int]) -> None:
    best: dict[tuple[str, bool], Answers] = {}
    for _ in range(ROUNDS):
        for kept in (False, True):
            for path in ("hello world", *PATHS):
                server, asked = (hello, "/") if path == "hello world" else ((pid, port), path)
                answers = load(*server, asked, kept)
                best[path, kept] = better(answers, best.get((path, kept), answers))
    for path, kept in sorted(best, key=lambda one: one[1]):
        answers, plain = best[path, kept], best["hello world", kept]
        name = f"{path}, kept" if kept else path
        bar = None if kept or answers is plain else LEAST_RATIO
        ratio = answers.per_s / plain.per_s
        table.ratio(f"{name}: requests", answers.per_s, "/s", ratio, at_least=bar)
        if not kept:
            cost = answers.cpu_s / plain.cpu_s
            table.value(f"{name}: server's CPU of one", answers.cpu_s, "s", cost)
            slowest_s = None if answers is plain else P99_S
            table.value(f"{name}: p99", answers.p99_s, "s", at_most=slowest_s)
            table.note(f"{name}: {answers.length} bytes.")
    after = f"eas-webd: PSS after {2 * REQUESTS * ROUNDS * len(PATHS)} requests"
    table.value(after, pss_mib(pid), "MiB", at_most=PSS_MIB)


class Listener:
    """Notes when each reception came out of the event stream."""

    def __init__(self, port: int) -> None:
        self.came_s: dict[str, float] = {}
        self.open = threading.Event()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        kind = ""
        for line in self._socket.makefile("rb"):
            name, _, value = line.decode().rstrip().partition(": ")
            if name == "event":
                kind = value
                self.open.set()
            elif name == "data" and kind == "reception":
                self.came_s[json.loads(value)["same_header"]] = time.perf_counter()


def bench_push(table: Table, town: object, port: int) -> None:
    listener = Listener(port)
    listener.open.wait(30)
    took_s = []
    for number in range(PUSHES):
        reception = town.off_air(callsign=f"BENCH{number:03}")  # type: ignore[attr-defined]
        began_s = time.perf_counter()
        town.announce(reception, True)  # type: ignore[attr-defined]
        while reception.raw not in listener.came_s and time.perf_counter() < began_s + 5:
            time.sleep(0.001)
        took_s.append(listener.came_s.get(reception.raw, float("inf")) - began_s)
    took_s.sort()
    table.value("news to event in the browser, median", took_s[PUSHES // 2], "s", at_most=PUSH_S)
    table.value(f"news to event, worst of {PUSHES}", took_s[-1], "s", at_most=PUSH_S)


def bench_page(table: Table, town: object, port: int) -> None:
    """From the news to the card on a page that is open in a browser."""
    if not CHROMIUM.exists():
        table.note("Chromium is not installed: no figure of the page itself.")
        return
    took_s = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("body.live")
        for event_code in SHOWN:
            before = page.locator("#here .card").count()
            reception = town.off_air(event_code)  # type: ignore[attr-defined]
            began_s = time.perf_counter()
            town.announce(reception, True)  # type: ignore[attr-defined]
            page.wait_for_selector(f"#here .card >> nth={before}")
            took_s.append(time.perf_counter() - began_s)
        browser.close()
    took_s.sort()
    table.value("news to card on the page, median", took_s[len(SHOWN) // 2], "s", at_most=SHOWN_S)
    table.value(
        f"news to card on the page, worst of {len(SHOWN)}", took_s[-1], "s", at_most=SHOWN_S
    )


def main() -> None:
    made = conftest("webd")
    table = Table("eas-webd (ratios to hello world on the same server in the same minute)")
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as folder:
        town = made.Town(Path(folder), tables.load())
        hello = subprocess.Popen([sys.executable, "-c", HELLO], stdout=subprocess.PIPE)
        try:
            town.migrate()
            made.tell_a_bad_night(town)
            town.start()
            town.say_all_well()
            made.until(lambda: town.json("/api/v1/status")["database"]["state"] == "online")
            assert hello.stdout is not None
            at = hello.pid, int(hello.stdout.readline())
            bench_requests(table, town.process.pid, town.port, at)
            bench_push(table, town, town.port)
            bench_page(table, town, town.port)
        finally:
            hello.kill()
            hello.wait()
            town.close()
    table.show()


if __name__ == "__main__":
    main()
