"""Desired states: read from the database, again when a control message arrives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import Control
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.errors import StoreError
from eas_station.service.desired_state import DesiredStates

UNIT = "eas-audiod@wx"
NOBODY: frozenset[str] = frozenset()


class Record:
    """The database: gives a prepared answer, and signals that it was asked."""

    def __init__(self, answer: frozenset[str] | StoreError) -> None:
        self.answer = answer
        self.asked = threading.Semaphore(0)

    def ask(self) -> frozenset[str]:
        self.asked.release()
        if isinstance(self.answer, StoreError):
            raise self.answer
        return self.answer


@contextmanager
def following(record: Record, runtime_dir: Path) -> Iterator[DesiredStates]:
    stopping = threading.Event()
    desired = DesiredStates(
        "source",
        record.ask,
        lambda: Subscriber(runtime_dir, ["eas-webd"], [topics.control(UNIT)]),
        stopping,
    )
    thread = threading.Thread(target=desired.run)
    thread.start()
    assert record.asked.acquire(timeout=5), "it asks at the start"
    yield desired
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Publisher]:
    publisher = Publisher("eas-webd", tmp_path)
    yield publisher
    publisher.close()


def until_asked_again(record: Record, page: Publisher) -> None:
    """Publish control messages until the database is asked."""
    while not record.asked.acquire(timeout=0.05):
        page.publish(topics.control(UNIT), Control("source wx"))
    while record.asked.acquire(timeout=0.1):
        pass


def test_a_stopped_source_stays_stopped_after_a_restart(page: Publisher, tmp_path: Path) -> None:
    record = Record(frozenset({"wx"}))
    with following(record, tmp_path) as desired:
        until_asked_again(record, page)
        assert (desired.is_running("wx"), desired.is_running("scanner")) == (False, True)


def test_a_control_message_takes_effect_at_once(page: Publisher, tmp_path: Path) -> None:
    record = Record(NOBODY)
    with following(record, tmp_path) as desired:
        assert desired.is_running("wx")
        for answer in (frozenset({"wx"}), NOBODY):
            record.answer = answer
            until_asked_again(record, page)
            until_asked_again(record, page)
            assert desired.is_running("wx") is not bool(answer)


def test_a_desired_state_is_kept_while_the_database_does_not_respond(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = Record(frozenset({"wx"}))
    desired = DesiredStates(
        "source", record.ask, lambda: Subscriber(tmp_path, [], []), threading.Event()
    )
    desired.refresh()
    record.answer = StoreError("the database is away")
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            desired.refresh()
    assert not desired.is_running("wx")
    assert len(caplog.records) == 1, "one line per change of state"
    assert "keeping the current one: the database is away" in caplog.text
    record.answer = NOBODY
    desired.refresh()
    assert desired.is_running("wx")


def test_a_command_is_passed_on_unless_it_is_an_old_one(page: Publisher, tmp_path: Path) -> None:
    page.publish(topics.control(UNIT), Control("poll old"))  # repeated to new subscribers
    told: list[str] = []
    stopping = threading.Event()
    record = Record(NOBODY)
    desired = DesiredStates(
        "feed",
        record.ask,
        lambda: Subscriber(tmp_path, ["eas-webd"], [topics.control(UNIT)]),
        stopping,
        told.append,
    )
    thread = threading.Thread(target=desired.run)
    thread.start()
    while "poll nws" not in told:
        page.publish(topics.control(UNIT), Control("poll nws"))
        thread.join(0.05)
    stopping.set()
    thread.join(30)
    assert set(told) == {"poll nws"}


def test_everything_runs_until_the_database_has_answered(tmp_path: Path) -> None:
    record = Record(StoreError("the database is away"))
    desired = DesiredStates(
        "source", record.ask, lambda: Subscriber(tmp_path, [], []), threading.Event()
    )
    desired.refresh()
    assert desired.is_running("wx")
