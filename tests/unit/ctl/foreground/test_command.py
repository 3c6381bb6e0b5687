"""What `eas-ctl run` decides before it starts anything."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from eas_station.ctl.foreground.children import ending, environment_of_children
from eas_station.ctl.foreground.command import free_port, port_is_free


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        assert not port_is_free("127.0.0.1", port)
        assert not port_is_free("localhost", port)
        assert not port_is_free("*", port)
    assert port_is_free("127.0.0.1", port)


def test_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr("eas_station.ctl.foreground.command.FIRST_PORT", taken)
        monkeypatch.setattr("eas_station.ctl.foreground.command.LAST_PORT", min(taken + 50, 65535))
        assert free_port("127.0.0.1") > taken


def test_a_host_that_is_not_known_is_left_to_the_daemon() -> None:
    assert port_is_free("no-such-host.invalid", 8080)


def test_children_inherit_nothing_that_systemd_meant_for_us() -> None:
    environment = {"PATH": "/bin", "NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1", "EAS_LOG": "text"}
    inherited = environment_of_children(environment)
    assert inherited["PATH"] == "/bin"
    assert inherited["EAS_LOG"] == "json"
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & inherited.keys()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "ended with exit status 0"),
        (78, "ended with exit status 78"),
        (-9, "was ended by SIGKILL"),
        (-99, "was ended by signal 99"),
    ],
)
def test_how_a_process_ended(status: int, words: str) -> None:
    assert ending(status) == words
