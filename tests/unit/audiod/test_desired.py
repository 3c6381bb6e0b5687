"""The operator's wish: running or stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eas_station.audiod.desired import Desired
from eas_station.bus import topics
from eas_station.bus.messages import Control
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.errors import StoreError

UNIT = "eas-audiod@wx"


class Database:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.answer: bool | StoreError = True
        self.asked = threading.Semaphore(0)

    def ask(self) -> bool:
        self.asked.release()
        if isinstance(self.answer, StoreError):
            raise self.answer
        return self.answer


@contextmanager
def following(database: Database, run_dir: Path) -> Iterator[Desired]:
    stopping = threading.Event()
    desired = Desired(
        database.ask,
        lambda: Subscriber(run_dir, ["eas-webd"], [topics.control(UNIT)]),
        stopping,
    )
    thread = threading.Thread(target=desired.run)
    thread.start()
    assert database.asked.acquire(timeout=5), "it asks at the start"
    yield desired
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Publisher]:
    publisher = Publisher("eas-webd", tmp_path)
    yield publisher
    publisher.close()


def until_asked_again(database: Database, web: Publisher) -> None:
    """The operator presses the button until somebody looks."""
    while not database.asked.acquire(timeout=0.05):
        web.publish(topics.control(UNIT), Control("source wx"))
    database.asked.acquire(timeout=0.1)


def test_what_was_stopped_stays_stopped_over_a_restart(web: Publisher, tmp_path: Path) -> None:
    database = Database()
    database.answer = False
    with following(database, tmp_path) as desired:
        until_asked_again(database, web)
        assert not desired.running


def test_a_word_of_the_page_is_followed_at_once(web: Publisher, tmp_path: Path) -> None:
    database = Database()
    with following(database, tmp_path) as desired:
        assert desired.running
        for wish in (False, True):
            database.answer = wish
            until_asked_again(database, web)
            until_asked_again(database, web)
            assert desired.running is wish


def test_while_the_database_is_away_nothing_changes(web: Publisher, tmp_path: Path) -> None:
    database = Database()
    database.answer = StoreError("no answer")
    with following(database, tmp_path) as desired:
        until_asked_again(database, web)
        assert desired.running
