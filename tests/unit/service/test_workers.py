"""The threads of a daemon."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from eas_station.service.workers import WorkerThreads


def test_a_thread_is_named_for_the_kernel_too() -> None:
    names = []

    def work() -> None:
        names.append(Path(f"/proc/self/task/{threading.get_native_id()}/comm").read_text().strip())

    workers = WorkerThreads(on_crash=lambda: None)
    workers.spawn("feed nws", work)
    assert workers.join(5.0) == ()
    workers.spawn("a-name-that-is-far-too-long", work)
    assert workers.join(5.0) == ()
    assert names == ["feed nws", "a-name-that-is-"]


def test_a_crash_is_logged_with_its_traceback_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = threading.Event()
    workers = WorkerThreads(on_crash=told.set)

    def work() -> None:
        raise ValueError("a bug of ours")

    with caplog.at_level(logging.ERROR):
        workers.spawn("loop", work)
        assert told.wait(5.0)
        workers.join(5.0)
    assert workers.crashed == "loop"
    assert caplog.records[0].getMessage() == "thread loop crashed"
    assert "a bug of ours" in caplog.text


def test_a_thread_that_ends_is_no_crash() -> None:
    workers = WorkerThreads(on_crash=lambda: pytest.fail("no crash"))
    workers.spawn("once", lambda: None)
    assert workers.join(5.0) == ()
    assert workers.crashed is None


def test_a_thread_that_does_not_end_in_time_is_named() -> None:
    release = threading.Event()
    workers = WorkerThreads(on_crash=lambda: None)
    workers.spawn("stuck", lambda: release.wait(10.0) and None)
    workers.spawn("done", lambda: None)
    assert workers.join(0.2) == ("stuck",)
    release.set()
    assert workers.join(5.0) == ()
