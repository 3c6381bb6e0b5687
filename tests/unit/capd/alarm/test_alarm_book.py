"""What somebody has to be called for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from eas_station.bus.messages import HearingProof
from eas_station.capd.alarm.alarm_book import NO_WORD_S, AlarmBook, ChannelAlarm, Told, message

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FINE = HearingProof("wx", "162.550", "hearing", "heard, with a margin of 21 dB", NOON, 21.0)
DEAF = replace(FINE, state="deaf", sentence="no audio from receiver wx1", problem=True)
SILENT = replace(FINE, state="silent", sentence="silent since 12:00 UTC", problem=True)
AFTER_S = 60.0


class World:
    """A book, and who is called."""

    def __init__(self, told: Told | None = None) -> None:
        self.at_s = 0.0
        self.told = told or Told()
        self.calls: list[ChannelAlarm] = []
        self.book = AlarmBook(AFTER_S)
        self.book.begin(["wx"], self.told, 0.0)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at_s)

    def hold(self, hearing: HearingProof | None, seconds: float) -> None:
        """So it is for so long, said every ten seconds; None: nothing is said."""
        until_s = self.at_s + seconds
        while self.at_s < until_s:
            if hearing is not None:
                self.book.hear(hearing, self.at_s)
            self.book.look(self.now(), self.at_s)
            while (alarm := self.book.due(self.now(), self.at_s)) is not None:
                self.calls.append(alarm)
                self.told = self.book.tell(alarm)
            self.at_s += 10.0

    def said(self) -> list[tuple[str | None, str, bool]]:
        return [(one.channel, one.what, one.ended_at is None) for one in self.calls]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("hearing", "what"),
    [
        (DEAF, "deaf"),
        (SILENT, "silent"),
        (replace(FINE, problem=True, overdue=("RWT",), sentence="the weekly test"), "overdue"),
        (replace(FINE, problem=True, sentence="margin of 3 dB, usually 21 dB"), "margin"),
    ],
)
def test_a_problem_is_told_once_and_so_is_its_end(
    world: World, hearing: HearingProof, what: str
) -> None:
    world.hold(FINE, 600)
    world.hold(hearing, 3600)
    world.hold(FINE, 3600)
    assert world.said() == [("162.550", what, True), ("162.550", what, False)]
    began, ended = world.calls
    assert began.alarm_id == ended.alarm_id
    assert began.why == hearing.sentence
    assert ended.ended_at is not None
    assert world.told == Told()


def test_a_source_that_is_back_within_the_minute_calls_nobody(world: World) -> None:
    for _ in range(20):
        world.hold(DEAF, 40)
        world.hold(FINE, 40)
    assert world.calls == []


def test_a_channel_on_the_edge_is_called_off_only_when_it_holds(world: World) -> None:
    world.hold(DEAF, 120)
    for _ in range(20):
        world.hold(FINE, 40)
        world.hold(DEAF, 40)
    assert world.said() == [("162.550", "deaf", True)]


def test_what_is_no_problem_calls_nobody(world: World) -> None:
    world.hold(replace(DEAF, problem=False, sentence="stopped by the operator"), 3600)
    world.hold(replace(SILENT, problem=False, sentence="no carrier"), 3600)
    assert world.calls == []


def test_deaf_and_overdue_at_once_are_two_problems(world: World) -> None:
    world.hold(replace(DEAF, overdue=("RWT",)), 120)
    assert sorted(what for _, what, _ in world.said()) == ["deaf", "overdue"]


def test_nothing_is_told_again_after_a_restart_and_the_end_is_told_by_the_next_process(
    world: World,
) -> None:
    world.hold(DEAF, 120)
    following = World(world.told)
    following.hold(DEAF, 600)
    assert following.calls == []
    following.hold(FINE, 600)
    assert following.said() == [("162.550", "deaf", False)]
    assert following.calls[0].alarm_id == world.calls[0].alarm_id


def test_a_source_that_says_nothing_at_all_is_told_as_a_whole(world: World) -> None:
    world.hold(FINE, 60)
    world.hold(None, NO_WORD_S + 120)
    (alarm,) = world.calls
    assert (alarm.channel, alarm.what) == (None, "deaf")
    assert alarm.why == "eas-audiod@wx has said nothing for 3 minutes"
    assert alarm.since_at == NOON + timedelta(seconds=50)
    world.hold(FINE, 120)
    assert world.said()[1:] == [(None, "deaf", False)]


def test_a_source_that_is_no_longer_configured_is_called_off(world: World) -> None:
    world.hold(DEAF, 120)
    book = AlarmBook(AFTER_S)
    book.begin(["other"], world.told, 0.0)
    book.hear(DEAF, 1.0)
    alarm = book.due(NOON, AFTER_S)
    assert alarm is not None
    assert alarm.ended_at == NOON


def test_what_is_sent_says_what_since_when_and_why() -> None:
    alarm = ChannelAlarm("1-2-3", "wx", "162.550", "deaf", "no audio from receiver wx1", NOON)
    assert message(alarm, "Wood county") == {
        "station": "Wood county",
        "id": "1-2-3",
        "state": "problem",
        "what": "deaf",
        "source": "wx",
        "channel": "162.550",
        "why": "no audio from receiver wx1",
        "since": "2026-11-22T12:00:00Z",
        "ended": None,
    }
    ended = message(replace(alarm, ended_at=NOON + timedelta(minutes=9)), "Wood county")
    assert (ended["state"], ended["ended"]) == ("clear", "2026-11-22T12:09:00Z")
