from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eas_station.bus.subscriber import Subscriber
from eas_station.capd.wishes import Wishes
from eas_station.errors import StoreError


def test_a_wish_stays_while_the_database_is_away(tmp_path: Path) -> None:
    answers: Iterator[frozenset[str] | None] = iter([frozenset({"nws"}), None, frozenset()])

    def ask() -> frozenset[str]:
        answer = next(answers)
        if answer is None:
            raise StoreError("away")
        return answer

    wishes = Wishes(ask, lambda: Subscriber(tmp_path, [], []), lambda: True)
    assert wishes.wants("nws")
    wishes.look()
    assert (wishes.wants("nws"), wishes.wants("folder")) == (False, True)
    wishes.look()
    assert not wishes.wants("nws")
    wishes.look()
    assert wishes.wants("nws")


def test_the_thread_asks_and_ends(tmp_path: Path) -> None:
    asked: list[bool] = []

    def ask() -> frozenset[str]:
        asked.append(True)
        return frozenset()

    Wishes(ask, lambda: Subscriber(tmp_path, [], []), lambda: bool(asked)).run()
    assert asked == [True]
