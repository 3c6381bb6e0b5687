"""The operator's wishes: running or stopped, asked from the database on a word of the page."""

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
    """Answers as it is told to, and tells when it was asked."""

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
    wishes = DesiredStates(
        "source",
        record.ask,
        lambda: Subscriber(runtime_dir, ["eas-webd"], [topics.control(UNIT)]),
        stopping,
    )
    thread = threading.Thread(target=wishes.run)
    thread.start()
    assert record.asked.acquire(timeout=5), "it asks at the start"
    yield wishes
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Publisher]:
    publisher = Publisher("eas-webd", tmp_path)
    yield publisher
    publisher.close()


def until_asked_again(record: Record, page: Publisher) -> None:
    """The operator presses the button until somebody looks."""
    while not record.asked.acquire(timeout=0.05):
        page.publish(topics.control(UNIT), Control("source wx"))
    while record.asked.acquire(timeout=0.1):
        pass


def test_what_was_stopped_stays_stopped_over_a_restart(page: Publisher, tmp_path: Path) -> None:
    record = Record(frozenset({"wx"}))
    with following(record, tmp_path) as wishes:
        until_asked_again(record, page)
        assert (wishes.wants("wx"), wishes.wants("scanner")) == (False, True)


def test_a_word_of_the_page_is_followed_at_once(page: Publisher, tmp_path: Path) -> None:
    record = Record(NOBODY)
    with following(record, tmp_path) as wishes:
        assert wishes.wants("wx")
        for answer in (frozenset({"wx"}), NOBODY):
            record.answer = answer
            until_asked_again(record, page)
            until_asked_again(record, page)
            assert wishes.wants("wx") is not bool(answer)


def test_a_wish_stays_while_the_database_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = Record(frozenset({"wx"}))
    wishes = DesiredStates(
        "source", record.ask, lambda: Subscriber(tmp_path, [], []), threading.Event()
    )
    wishes.look()
    record.answer = StoreError("the database is away")
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            wishes.look()
    assert not wishes.wants("wx")
    assert len(caplog.records) == 1, "one line per change of state"
    assert "going on as before: the database is away" in caplog.text
    record.answer = NOBODY
    wishes.look()
    assert wishes.wants("wx")


def test_a_command_is_told_and_an_old_one_is_not(page: Publisher, tmp_path: Path) -> None:
    page.publish(topics.control(UNIT), Control("poll old"))  # kept, and sent to whoever comes late
    told: list[str] = []
    stopping = threading.Event()
    record = Record(NOBODY)
    wishes = DesiredStates(
        "feed",
        record.ask,
        lambda: Subscriber(tmp_path, ["eas-webd"], [topics.control(UNIT)]),
        stopping,
        told.append,
    )
    thread = threading.Thread(target=wishes.run)
    thread.start()
    while "poll nws" not in told:
        page.publish(topics.control(UNIT), Control("poll nws"))
        thread.join(0.05)
    stopping.set()
    thread.join(30)
    assert set(told) == {"poll nws"}


def test_before_anybody_has_answered_everything_runs(tmp_path: Path) -> None:
    record = Record(StoreError("the database is away"))
    wishes = DesiredStates(
        "source", record.ask, lambda: Subscriber(tmp_path, [], []), threading.Event()
    )
    wishes.look()
    assert wishes.wants("wx")
