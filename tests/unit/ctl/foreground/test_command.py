"""The port of the page in `eas-ctl run`."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from eas_station.ctl.foreground.command import free_port, port_is_free


def test_a_port_in_use_is_not_free() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        assert not port_is_free("127.0.0.1", port)
        assert not port_is_free("localhost", port)
        assert not port_is_free("*", port)
    assert port_is_free("127.0.0.1", port)


def test_the_next_free_port_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr("eas_station.ctl.foreground.command.FIRST_PORT", taken)
        monkeypatch.setattr("eas_station.ctl.foreground.command.LAST_PORT", min(taken + 50, 65535))
        assert free_port("127.0.0.1") > taken


def test_an_unknown_host_is_left_to_the_daemon() -> None:
    assert port_is_free("no-such-host.invalid", 8080)
