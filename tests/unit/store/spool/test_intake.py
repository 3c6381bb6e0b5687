"""A reception is on the disk before anybody hears of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from eas_station.alerts.model import Reception
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool
from eas_station.wire import from_json

Said = Callable[..., Reception]


def stored(spool: Spool) -> list[Reception]:
    return [from_json(Reception, row.body) for row in spool.oldest(100)]


def test_it_is_committed_before_it_is_announced(spool: Spool, said: Said) -> None:
    depths: list[int] = []
    reception = said()
    Intake(spool, lambda _, durable: depths.append(spool.depth() if durable else -1)).take(
        reception
    )
    assert depths == [1]
    assert stored(spool) == [reception]


def test_all_receptions_of_one_poll_are_published_in_order(spool: Spool, said: Said) -> None:
    announced: list[str] = []
    poll = [said(identifier=f"id-{n}") for n in range(30)]
    Intake(spool, lambda r, durable: announced.append(r.raw if durable else "")).take_all(poll)
    assert announced == [reception.raw for reception in poll]
    assert stored(spool) == poll


def test_a_poll_that_brings_nothing_writes_nothing(spool: Spool) -> None:
    Intake(spool, lambda *_: None).take_all(())
    assert spool.depth() == 0


def test_texts_that_no_database_holds_are_cleaned_before_they_are_announced(
    spool: Spool, said: Said
) -> None:
    announced: list[Reception] = []
    Intake(spool, lambda reception, _: announced.append(reception)).take(
        said(headline="a\x00b", description="c\ud800d", ugc_codes=("OHC\x00",))
    )
    assert announced[0].statement.headline == "a�b"
    assert announced[0].statement.description == "c�d"
    assert announced[0].statement.ugc_codes == ("OHC�",)
    assert stored(spool) == announced


def test_a_backslash_before_u0000_is_a_text_like_any_other(spool: Spool, said: Said) -> None:
    announced: list[Reception] = []
    Intake(spool, lambda reception, _: announced.append(reception)).take(said(headline="\\u0000"))
    assert announced[0].statement.headline == "\\u0000"


def test_a_failing_spool_hides_nothing_and_is_logged_once(
    tmp_path: Path, said: Said, caplog: pytest.LogCaptureFixture
) -> None:
    state = tmp_path / "state"
    state.write_text("in the way")
    spool = Spool(state / "a.spool")
    announced: list[tuple[str, bool]] = []
    intake = Intake(spool, lambda r, durable: announced.append((r.reception_id, durable)))
    lost = [said(reception_id=str(n)) for n in range(3)]
    with caplog.at_level(logging.INFO):
        for reception in lost:
            intake.take(reception)
        state.unlink()
        intake.take(said(reception_id="3"))
    assert announced == [("0", False), ("1", False), ("2", False), ("3", True)]
    assert [r.reception_id for r in stored(Spool(state / "a.spool"))] == ["0", "1", "2", "3"]
    assert caplog.text.count("not durable") == 1
    assert caplog.text.count("durable again") == 1


def test_what_an_earlier_process_left_is_announced_as_durable(
    spool: Spool, said: Said, caplog: pytest.LogCaptureFixture
) -> None:
    left = [said(identifier=f"id-{n}") for n in range(3)]
    Intake(spool, lambda *_: None).take_all(left)
    spool.append("reception", "{")
    spool.append("clip", "{}")
    announced: list[tuple[Reception, bool]] = []
    Intake(spool, lambda *told: announced.append(told)).publish_waiting()
    assert announced == [(reception, True) for reception in left]
    assert "cannot publish spool row 4" in caplog.text
    assert spool.depth() == 5
