"""How the main thread sleeps."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from eas_station.service.wakeup import Wakeup


@pytest.fixture
def wakeup() -> Iterator[Wakeup]:
    before = signal.getsignal(signal.SIGHUP)
    wakeup = Wakeup()
    wakeup.catch([signal.SIGHUP])
    yield wakeup
    wakeup.close()
    signal.signal(signal.SIGHUP, before)


def test_a_signal_wakes_and_is_returned(wakeup: Wakeup) -> None:
    os.kill(os.getpid(), signal.SIGHUP)
    assert wakeup.sleep(5.0) == {signal.SIGHUP}
    assert wakeup.sleep(0.0) == frozenset()


def test_a_signal_that_comes_while_asleep_wakes(wakeup: Wakeup) -> None:
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGHUP))
    timer.start()
    began_s = time.monotonic()
    assert wakeup.sleep(5.0) == {signal.SIGHUP}
    assert time.monotonic() - began_s < 4.0
    timer.join()


def test_a_thread_wakes_without_a_signal(wakeup: Wakeup) -> None:
    for _ in range(100_000):  # more than the socket holds
        wakeup.wake()
    began_s = time.monotonic()
    assert wakeup.sleep(5.0) == frozenset()
    assert time.monotonic() - began_s < 4.0


def test_a_sleep_ends_at_its_timeout(wakeup: Wakeup) -> None:
    began_s = time.monotonic()
    assert wakeup.sleep(0.05) == frozenset()
    assert time.monotonic() - began_s >= 0.05
