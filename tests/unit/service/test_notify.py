"""What systemd is told."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from eas_station.service.notify import Notifier, watchdog_interval_s


def test_every_notification_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        TemporaryDirectory(prefix="eas-") as name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        systemd.bind(str(Path(name) / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(Path(name) / "notify"))
        notifier = Notifier()
        before_usec = time.monotonic_ns() // 1000
        notifier.ready()
        notifier.status("7 channels – best 31 dB,\nppm ≤ 1.8")
        notifier.reloading()
        notifier.watchdog()
        notifier.stopping()
        told = [systemd.recv(1000).decode() for _ in range(5)]
    assert told[0] == "READY=1"
    assert told[1] == "STATUS=7 channels – best 31 dB, ppm ≤ 1.8"
    reloading, usec = told[2].split("\nMONOTONIC_USEC=")
    assert reloading == "RELOADING=1"
    assert before_usec <= int(usec) <= time.monotonic_ns() // 1000
    assert told[3:] == ["WATCHDOG=1", "STOPPING=1"]


def test_a_listener_that_does_not_read_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        TemporaryDirectory(prefix="eas-") as name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        systemd.bind(str(Path(name) / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(Path(name) / "notify"))
        notifier = Notifier()
        for _ in range(2000):
            notifier.watchdog()


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().ready()


@pytest.mark.parametrize(
    ("usec", "interval_s"),
    [("30000000", 10.0), ("3000000", 1.0), (None, None), ("0", None), ("x", None), ("-5", None)],
)
def test_the_watchdog_is_fed_three_times_as_often_as_it_must(
    usec: str | None, interval_s: float | None
) -> None:
    assert watchdog_interval_s(usec) == interval_s
