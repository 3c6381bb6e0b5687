"""What the operator wants, asked from the database on a word of the page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import Control
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.errors import StoreError
from eas_station.sdrd.desired import DesiredState

UNIT = "eas-sdrd@wx"


class Station:
    """As much of a daemon as asking needs."""

    unit = UNIT

    def __init__(self, runtime_dir: Path) -> None:
        self.stopping = threading.Event()
        self._runtime_dir = runtime_dir

    def subscribe(self, units: Iterable[str], names: Iterable[str]) -> Subscriber:
        return Subscriber(self._runtime_dir, units, names)


class Record:
    """A database that says one thing after the other, and tells when it was asked."""

    def __init__(self, *answers: str | StoreError) -> None:
        self._answers = list(answers)
        self.asked = threading.Semaphore(0)

    def __call__(self) -> str:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self.asked.release()
        if isinstance(answer, StoreError):
            raise answer
        return answer


@pytest.fixture
def running(tmp_path: Path) -> Iterable[Callable]:
    station = Station(tmp_path)
    threads: list[threading.Thread] = []

    def start(record: Record) -> DesiredState:
        desired = DesiredState(station, record)
        threads.append(threading.Thread(target=desired.run))
        threads[0].start()
        return desired

    yield start
    station.stopping.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def test_a_word_of_the_page_makes_it_ask_again(tmp_path: Path, running: Callable) -> None:
    record = Record("running", "stopped", "running")
    with_page = Publisher("eas-webd", tmp_path)
    try:
        desired = running(record)
        assert record.asked.acquire(timeout=5)
        for wanted in (False, True):
            while not record.asked.acquire(timeout=0.1):
                with_page.publish(topics.control(UNIT), Control("receiver wx"), keep_last=False)
            while desired.is_wanted() is not wanted:
                assert not record.asked.acquire(timeout=0.01)
    finally:
        with_page.close()


def test_while_the_database_is_away_it_goes_on_as_before(
    tmp_path: Path, running: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    record = Record("stopped", StoreError("the database is away"))
    page = Publisher("eas-webd", tmp_path)
    try:
        with caplog.at_level(logging.INFO):
            desired = running(record)
            for _ in range(4):
                while not record.asked.acquire(timeout=0.1):
                    page.publish(topics.control(UNIT), Control("receiver wx"), keep_last=False)
    finally:
        page.close()
    assert not desired.is_wanted()
    assert len(caplog.records) == 1
    assert "going on as before: the database is away" in caplog.text


def test_before_anybody_has_answered_the_receiver_runs(running: Callable) -> None:
    record = Record(StoreError("the database is away"))
    desired = running(record)
    assert record.asked.acquire(timeout=5)
    assert desired.is_wanted()
