"""Calling a webhook: a real server on this machine, well or hostile."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from eas_station.bus.messages import HearingProof, ItemState
from eas_station.capd.alarm.alarm import Caller, recall
from eas_station.capd.alarm.alarm_book import AlarmBook
from eas_station.capd.alarm.webhook import Webhook
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.errors import FeedError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "t0p-s3cret"
BODY = {"state": "problem", "what": "deaf", "channel": None}


class Hook:
    """A server that answers as told: a status, or a function of the handler."""

    def __init__(self) -> None:
        hook = self
        self.calls: list[tuple[str, dict[str, str], object]] = []
        self.answer: int | Callable[[BaseHTTPRequestHandler], None] = 204
        self.released = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.calls.append((self.path, dict(self.headers), json.loads(body)))
                if callable(hook.answer):
                    hook.answer(self)
                    return
                self.send_response(hook.answer)
                self.send_header("Location", f"http://127.0.0.1:{hook.port}/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/{SECRET}"

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        self.released.wait(60)

    def trickle(self, handler: BaseHTTPRequestHandler) -> None:
        """A header that never ends, byte by byte."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.released.wait(0.05):
            handler.wfile.write(b"x")

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    yield server
    server.close()


def webhook(url: str, header_file: Path | None = None, deadline_s: float = 10.0) -> Webhook:
    return Webhook(
        url, header_file, FeedCredentials().single, "eas-station/1", lambda: False, deadline_s
    )


def test_it_is_posted_as_json_with_the_header_of_the_file(hook: Hook, tmp_path: Path) -> None:
    header_file = tmp_path / "alarm"
    header_file.write_text(f"Authorization: Bearer {SECRET}\n")
    webhook(hook.url, header_file).call(BODY)
    ((path, headers, body),) = hook.calls
    assert path == f"/hooks/{SECRET}"
    assert headers["Authorization"] == f"Bearer {SECRET}"
    assert headers["Content-Type"] == "application/json"
    assert body == BODY


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_an_answer_other_than_2xx_is_a_failure_and_is_not_followed(hook: Hook, status: int) -> None:
    hook.answer = status
    with pytest.raises(FeedError, match=f"^HTTP {status}$"):
        webhook(hook.url).call(BODY)
    assert len(hook.calls) == 1


@pytest.mark.parametrize("how", ["hang", "trickle"])
def test_a_server_that_hangs_is_given_up_at_the_deadline(hook: Hook, how: str) -> None:
    hook.answer = getattr(hook, how)
    caller = webhook(hook.url, deadline_s=0.5)
    for _ in range(2):
        with pytest.raises(FeedError, match="no answer in time"):
            caller.call(BODY)
    hook.answer = 200
    caller.call(BODY)


def test_what_is_secret_is_in_no_failure(hook: Hook, tmp_path: Path) -> None:
    url = hook.url
    hook.close()
    header_file = tmp_path / "alarm"
    failures = []
    for said in ("no colon " + SECRET, f"Bad Name\n: {SECRET}", f"X: {SECRET}\u2603"):
        header_file.write_text(said)
        with pytest.raises(FeedError) as failed:
            webhook(url, header_file).call(BODY)
        failures.append(str(failed.value))
    with pytest.raises(FeedError, match="no connection: Connection refused") as failed:
        webhook(url).call(BODY)
    failures.append(str(failed.value))
    assert SECRET not in " ".join(failures)
    assert webhook(url).host == "127.0.0.1"


def test_a_server_that_speaks_something_else_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"\x15\x03 go away\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(FeedError, match="no connection"):
            webhook(f"http://127.0.0.1:{port}/{SECRET}").call(BODY)


# With the book


class World:
    """A caller with its clock."""

    def __init__(self, folder: Path, hook: Hook) -> None:
        self.at_s = 0.0
        self.items: list[ItemState] = []
        self.memory = folder / "alarms.json"
        self.book = AlarmBook(60.0)
        self.book.begin(["wx"], recall(self.memory), 0.0)
        self.caller = Caller(
            "Wood county",
            self.book,
            webhook(hook.url, deadline_s=0.5),
            self.memory,
            self.items.append,
            lambda: NOON,
            lambda: self.at_s,
        )

    def hold(self, state: str, seconds: float) -> None:
        hearing = HearingProof(
            "wx",
            "162.550",
            state,
            "because",
            NOON,
            problem=state == "deaf",  # type: ignore[arg-type]
        )
        for _ in range(round(seconds)):
            self.book.hear(hearing, self.at_s)
            self.caller.step()
            self.at_s += 1.0


def test_a_hook_that_fails_is_tried_again_less_and_less_often_until_it_takes_it(
    tmp_path: Path, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world = World(tmp_path, hook)
    hook.answer = 500
    world.hold("deaf", 60 + 600)
    tries = len(hook.calls)
    assert 5 <= tries <= 12
    assert world.items[-1].state == "reconnecting"
    assert world.items[-1].sentence == "the webhook of 127.0.0.1 fails: HTTP 500"
    hook.answer = 200
    world.hold("deaf", 600)
    assert len(hook.calls) == tries + 1, "once it was taken it is not told again"
    assert world.items[-1].state == "running"
    world.hold("hearing", 300)
    states = [body["state"] for _, _, body in hook.calls if isinstance(body, dict)]
    assert states == ["problem"] * (tries + 1) + ["clear"]
    assert SECRET not in caplog.text
    assert sum("was not reached" in line for line in caplog.messages) == 1


def test_what_was_told_is_remembered_by_the_next_process(tmp_path: Path, hook: Hook) -> None:
    World(tmp_path, hook).hold("deaf", 100)
    following = World(tmp_path, hook)
    following.hold("deaf", 100)
    assert len(hook.calls) == 1
    following.hold("hearing", 100)
    bodies = [body for _, _, body in hook.calls]
    assert [body["state"] for body in bodies if isinstance(body, dict)] == ["problem", "clear"]
    assert recall(following.memory).alarms == ()


def test_what_is_over_before_it_could_be_told_is_not_told(tmp_path: Path, hook: Hook) -> None:
    world = World(tmp_path, hook)
    hook.answer = 503
    world.hold("deaf", 300)
    world.hold("hearing", 60)
    hook.answer = 200
    before = len(hook.calls)
    world.hold("hearing", 600)
    assert len(hook.calls) == before


def test_a_memory_that_is_spoilt_is_none(tmp_path: Path) -> None:
    memory = tmp_path / "alarms.json"
    memory.write_text('{"alarms": [1]}')
    assert recall(memory).alarms == ()
