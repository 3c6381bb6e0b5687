"""Long work: one at a time, bounded, and never lost without a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.errors import OutsideError
from eas_station.webd.records.tasks import LOST, WAITING_MOST, Task, TaskProgress, Tasks


def until(true: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@pytest.fixture
def tasks(tmp_path: Path, clocks: Any) -> Tasks:
    return Tasks(tmp_path, lambda: clocks.now, lambda: None)


@pytest.fixture
def working(tasks: Tasks) -> Iterator[Tasks]:
    stopping = threading.Event()
    thread = threading.Thread(target=tasks.run, args=(stopping, lambda: None))
    thread.start()
    yield tasks
    stopping.set()
    thread.join(30)


def fine(task: Task, progress: TaskProgress) -> Task:
    return task


def state(tasks: Tasks, task: Task | None) -> tuple[str, str | None]:
    assert task is not None
    found = tasks.find(task.task_id)
    assert found is not None
    return found.state, found.error


def test_work_is_done_and_its_failures_are_told(
    working: Tasks, caplog: pytest.LogCaptureFixture
) -> None:
    def away(task: Task, progress: TaskProgress) -> Task:
        raise OutsideError("no such device")

    def buggy(task: Task, progress: TaskProgress) -> Task:
        raise ZeroDivisionError("seven")

    made = [working.add("verify", name, w) for name, w in (("a", fine), ("b", away), ("c", buggy))]
    until(lambda: all(task.is_over for task in working.all()))
    assert state(working, made[0]) == ("done", None)
    assert state(working, made[1]) == ("failed", "no such device")
    assert state(working, made[2]) == ("failed", "internal error; it was logged")
    assert "ZeroDivisionError: seven" in caplog.text


def test_running_work_is_told_to_give_up(working: Tasks) -> None:
    began = threading.Event()

    def long(task: Task, progress: TaskProgress) -> Task:
        progress.report(0.25)
        began.set()
        assert progress.cancelled.wait(30)
        return task

    task = working.add("verify", "a", long)
    assert task is not None
    assert began.wait(30)
    found = working.find(task.task_id)
    assert found is not None
    assert (found.state, found.progress) == ("running", 0.25)
    working.remove(task.task_id)
    until(lambda: state(working, task)[0] == "cancelled")


def test_the_same_work_is_not_taken_twice_and_not_too_much_of_it(tasks: Tasks) -> None:
    first = tasks.add("verify", "a", fine)
    assert tasks.add("verify", "a", fine) == first
    for n in range(WAITING_MOST - 1):
        assert tasks.add("export", str(n), fine) is not None
    assert tasks.add("export", "one more", fine) is None
    assert first is not None
    tasks.remove(first.task_id)
    assert state(tasks, first) == ("cancelled", None)
    assert tasks.add("export", "one more", fine) is not None


def test_a_task_is_kept_for_a_day_over_a_restart_and_what_ran_is_lost_aloud(
    tasks: Tasks, tmp_path: Path, clocks: Any
) -> None:
    task = tasks.add("verify", "a", fine)
    again = Tasks(tmp_path, lambda: clocks.now, lambda: None)
    assert state(again, task) == ("failed", LOST)
    clocks.move(timedelta(hours=25).total_seconds())
    assert again.all() == ()
    assert again.remove("none") is None


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b'{"tasks": [{}]}', b"\xff\xfe"])
def test_a_damaged_list_is_begun_anew(tmp_path: Path, clocks: Any, kept: bytes) -> None:
    (tmp_path / "tasks.json").write_bytes(kept)
    tasks = Tasks(tmp_path, lambda: clocks.now, lambda: None)
    assert tasks.all() == ()
    assert tasks.add("verify", "a", fine) is not None


def test_a_full_disk_loses_no_work(tmp_path: Path, clocks: Any) -> None:
    (tmp_path / "file").write_text("")
    tasks = Tasks(tmp_path / "file", lambda: clocks.now, lambda: None)
    task = tasks.add("verify", "a", fine)
    assert task is not None
    assert state(tasks, replace(task)) == ("waiting", None)
