"""Sockets, and a server that ends in time."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

import pytest

from eas_station.errors import SourceError
from eas_station.webd.http import self_check
from eas_station.webd.http.fanout import Fanout
from eas_station.webd.http.server import Server, bound_sockets, passed_sockets


def hello(environ: Any, start: Any) -> list[bytes]:
    start("200 OK", [("Content-Length", "5")])
    return [b"hello"]


def test_localhost_is_every_address_of_it_on_one_port() -> None:
    sockets = bound_sockets("localhost", 0)
    assert {one.getsockname()[0] for one in sockets} <= {"127.0.0.1", "::1"}
    assert len({one.getsockname()[1] for one in sockets}) == 1
    for one in sockets:
        one.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_refused_with_a_sentence(host: str) -> None:
    with pytest.raises(SourceError, match=f"cannot listen on {host}"):
        bound_sockets(host, 8080)


def test_only_sockets_passed_to_this_process_are_taken() -> None:
    mine = str(os.getpid())
    assert passed_sockets({}, os.getpid()) == ()
    another = str(os.getpid() + 1)
    assert passed_sockets({"LISTEN_FDS": "1", "LISTEN_PID": another}, os.getpid()) == ()
    assert passed_sockets({"LISTEN_FDS": "many", "LISTEN_PID": mine}, os.getpid()) == ()
    assert passed_sockets({"LISTEN_FDS": "0", "LISTEN_PID": mine}, os.getpid()) == ()


def test_the_pulse_beats_while_the_server_answers_and_stops_it_at_the_end() -> None:
    server, fanout = Server(hello, bound_sockets("127.0.0.1", 0), streams=1, workers=2), Fanout()
    serving = threading.Thread(target=server.run)
    serving.start()
    stopping, beaten = threading.Event(), threading.Event()
    pulsing = threading.Thread(target=self_check.run, args=(server, fanout, stopping, beaten.set))
    pulsing.start()
    assert beaten.wait(5)
    stopping.set()
    pulsing.join(5)
    serving.join(5)
    assert not pulsing.is_alive()
    assert not serving.is_alive()
    assert self_check.responds(server) is False


def test_a_server_whose_workers_all_hang_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eas_station.webd.http.server.SELF_REQUEST_TIMEOUT_S", 0.2)
    may_end, hanging = threading.Event(), threading.Event()

    def hang(environ: Any, start: Any) -> list[bytes]:
        hanging.set()
        may_end.wait(5)
        return hello(environ, start)

    server = Server(hang, bound_sockets("127.0.0.1", 0), streams=1, workers=0)
    serving = threading.Thread(target=server.run)
    serving.start()
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert hanging.wait(5)
        assert self_check.responds(server) is False
    may_end.set()
    server.stop()
    serving.join(5)
    assert not serving.is_alive()


def test_the_address_is_one_that_people_can_open() -> None:
    server = Server(hello, bound_sockets("127.0.0.1", 0), streams=1, workers=1)
    (url,) = server.urls()
    port = server.connect().getpeername()[1]
    assert url == f"http://127.0.0.1:{port}/"
    everywhere = socket.socket()
    everywhere.bind(("0.0.0.0", 0))
    other = Server(hello, (everywhere,), streams=1, workers=1)
    assert socket.gethostname() in other.urls()[0]
