from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.model import Reception
from eas_station.bus.messages import ItemState
from eas_station.cap.documents import document
from eas_station.capd.feed.reading import DocumentReading
from eas_station.capd.http.fetch import ServerError
from eas_station.capd.intake import DocumentIntake
from eas_station.capd.loop import FeedLoop, Poll, Stop
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError

Answer = Callable[..., bytes]
START_AT = datetime(2026, 4, 20, 15, 6, tzinfo=UTC)


class Clock:
    """A wall clock that can be stepped beside a monotonic one that cannot."""

    def __init__(self) -> None:
        self.monotonic_s = 1000.0
        self.wall_at = START_AT

    def pass_by(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_at += timedelta(seconds=seconds)


class ScriptedReader:
    """Gives, poll by poll, a document or an error."""

    def __init__(self, *script: bytes | Exception) -> None:
        self.max_age_s = 0.0
        self.note = ""
        self.fault: str | None = None
        self.listed: tuple[str, ...] | None = ("x",)
        self.accepted = self.closed = 0
        self._script = iter(script)

    def read(self) -> Iterator[DocumentReading]:
        step = next(self._script)
        if isinstance(step, Exception):
            raise step
        yield DocumentReading("x", document.parse(step))

    def accept(self) -> None:
        self.accepted += 1

    def close(self) -> None:
        self.closed += 1


class Bench:
    """A loop with everything that it tells."""

    def __init__(
        self,
        folder: Path,
        reader: ScriptedReader,
        interval_s: float = 60.0,
        stop_of: Callable[[Clock], Stop] | None = None,
    ) -> None:
        self.clock = Clock()
        self.taken: list[Reception] = []
        self.polls: list[Poll] = []
        self.items: list[ItemState] = []
        self.stopping = threading.Event()
        self.wanted = True
        self.beats = 0
        intake = DocumentIntake(
            "nws",
            "EASTATN",
            take=self.taken.extend,
            now=self.now,
            clock_trusted=lambda: True,
            new_id=lambda: "id",
            quarantine_dir=folder,
            progressed=self.beat,
            recall=lambda messages: (),
        )
        self.loop = FeedLoop(
            FeedConfig("nws", "nws", interval_s=interval_s),
            reader,
            intake,
            now=self.now,
            record=self.polls.append,
            report=self.items.append,
            progressed=self.beat,
            stopping=self.stopping if stop_of is None else stop_of(self.clock),
            wanted=lambda: self.wanted,
            monotonic=lambda: self.clock.monotonic_s,
        )

    def now(self) -> datetime:
        return self.clock.wall_at

    def beat(self) -> None:
        self.beats += 1

    def poll(self) -> float:
        """Poll once; gives how long to wait until the next one."""
        due_s = self.loop.poll_once(self.clock.monotonic_s)
        return due_s - self.clock.monotonic_s


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    def make(*script: bytes | Exception, **settings: Any) -> Bench:
        return Bench(tmp_path, ScriptedReader(*script), **settings)

    return make


def test_a_good_poll_is_told_and_recorded(bench: Any, answer: Answer) -> None:
    b = bench(answer("a", "b"), answer("a", "b"))
    assert b.poll() == 60.0
    (item,) = b.items
    assert (item.name, item.kind, item.state) == ("nws", "feed.nws", "running")
    assert item.sentence == "2 alerts in the last answer, 2 new"
    assert item.last_good_at == START_AT
    assert item.next_at == START_AT + timedelta(seconds=60)
    assert item.counters["polls"] == 1
    assert (b.polls[0].outcome, b.polls[0].error) == ("changed", None)
    b.clock.pass_by(60)
    b.poll()
    assert b.polls[1].outcome == "unchanged"
    assert b.items[1].sentence == "2 alerts in the last answer, 0 new"
    assert len(b.taken) == 2


@pytest.mark.parametrize(
    "error", [FeedError("no answer: refused"), CapError("not JSON"), ServerError("HTTP 503", None)]
)
def test_a_failed_poll_changes_nothing_but_the_age(
    bench: Any, answer: Answer, error: Exception
) -> None:
    b = bench(answer("a"), error, answer("a"))
    b.poll()
    b.clock.pass_by(60)
    b.poll()
    failed = b.items[-1]
    assert failed.state == "reconnecting"
    assert failed.sentence == f"no good answer (the last one 2026-04-20 15:06:00Z): {error}"
    assert failed.last_good_at == START_AT
    assert (b.polls[-1].outcome, b.polls[-1].error) == ("failed", str(error))
    assert len(b.taken) == 1
    b.poll()
    assert b.items[-1].state == "running"
    assert len(b.taken) == 1


def test_waits_double_and_a_server_may_ask_for_more(bench: Any, answer: Answer) -> None:
    gone = [FeedError("gone") for _ in range(9)]
    b = bench(*gone, answer("a"), FeedError("gone"))
    waits = [b.poll() for _ in range(9)]
    assert 4.0 <= waits[0] <= 5.0
    assert 8.0 <= waits[1] <= 10.0
    assert max(waits) <= 60.0
    assert min(waits[5:]) >= 48.0
    assert b.poll() == 60.0
    assert b.poll() <= 5.0


def test_a_server_that_answers_errors_is_left_alone_for_longer(bench: Any) -> None:
    b = bench(*[ServerError("HTTP 429", None) for _ in range(9)])
    waits = [b.poll() for _ in range(9)]
    assert 240.0 <= waits[-1] <= 300.0


def test_retry_after_is_honoured(bench: Any) -> None:
    b = bench(ServerError("HTTP 503", 120.0))
    assert b.poll() == 120.0


def test_max_age_stretches_an_interval_twofold_at_most(tmp_path: Path, answer: Answer) -> None:
    reader = ScriptedReader(*[answer("a")] * 4)
    b = Bench(tmp_path, reader, interval_s=10.0)
    for max_age_s, wait_s in ((15.0, 15.0), (30.0, 20.0), (1e9, 20.0), (0.0, 10.0)):
        reader.max_age_s = max_age_s
        assert b.poll() == wait_s


def test_a_feed_that_gives_nothing_of_what_it_lists_is_degraded(
    bench: Any, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    bad = answer("a", "b").replace(b'"Actual"', b'"Maybe"')
    b = bench(bad, bad, answer("a", "b"))
    fault = (
        "2 entries, 2 refused: status 'Maybe' is not one of Actual, Exercise, System, Test, Draft"
    )
    for poll in (1, 2):
        b.poll()
        assert b.items[-1].state == "degraded", poll
        assert b.items[-1].sentence.startswith(fault)
    assert b.items[0].sentence == (
        f"{fault}; 0 alerts in the last answer, 0 new, 2 rejected since the start"
    )
    b.poll()
    assert (b.items[-1].state, b.polls[-1].outcome) == ("running", "changed")
    told = [r.getMessage() for r in caplog.records if "degraded" in r.getMessage()]
    assert told == [f"feed nws is degraded: {fault}"]


def test_a_fault_that_the_reader_finds_degrades_the_feed(tmp_path: Path, answer: Answer) -> None:
    reader = ScriptedReader(answer("a"), answer("a"))
    b = Bench(tmp_path, reader)
    reader.fault = "12 alerts are on cap.example, which link_hosts does not name"
    b.poll()
    assert b.items[-1].state == "degraded"
    assert b.items[-1].sentence == f"{reader.fault}; 1 alerts in the last answer, 1 new"
    reader.fault = None
    b.poll()
    assert b.items[-1].state == "running"


def test_a_bad_document_does_not_degrade_a_stream(tmp_path: Path, answer: Answer) -> None:
    reader = ScriptedReader(answer("a").replace(b'"Actual"', b'"Maybe"'))
    reader.listed = None
    b = Bench(tmp_path, reader)
    b.poll()
    assert b.items[-1].state == "running"
    assert b.items[-1].counters["rejected"] == 1


def test_an_empty_answer_is_a_feed_without_alerts(bench: Any, answer: Answer) -> None:
    b = bench(answer())
    b.poll()
    assert b.items[-1].state == "running"
    assert b.items[-1].sentence == "0 alerts in the last answer, 0 new"


def test_a_feed_without_a_good_answer_for_long_has_failed(bench: Any) -> None:
    b = bench(FeedError("gone"), FeedError("gone"))
    b.poll()
    assert b.items[-1].state == "reconnecting"
    b.clock.pass_by(901)
    b.poll()
    assert b.items[-1].state == "failed"
    assert b.items[-1].last_good_at is None
    assert "none so far" in b.items[-1].sentence


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, 40 * 365 * 86400.0])
def test_a_step_of_the_clock_moves_no_poll(bench: Any, answer: Answer, step_s: float) -> None:
    b = bench(answer("a"), answer("a"))
    assert b.poll() == 60.0
    b.clock.wall_at += timedelta(seconds=step_s)
    assert b.poll() == 60.0


class SteppingStop:
    """Waits by moving the clock on, and steps the wall clock now and then; ends after a while."""

    def __init__(self, clock: Clock, steps: dict[float, datetime], until_s: float) -> None:
        self._clock = clock
        self._steps = steps
        self._until_s = until_s

    def is_set(self) -> bool:
        return self._clock.monotonic_s >= self._until_s

    def wait(self, timeout: float, /) -> bool:
        self._clock.pass_by(timeout)
        due = [at_s for at_s in self._steps if at_s <= self._clock.monotonic_s]
        for at_s in due:
            self._clock.wall_at = self._steps.pop(at_s)
        return self.is_set()


def test_polls_keep_their_interval_whatever_the_wall_clock_does(
    tmp_path: Path, answer: Answer
) -> None:
    at_s: list[float] = []

    class Reader(ScriptedReader):
        def read(self) -> Iterator[DocumentReading]:
            at_s.append(b.clock.monotonic_s)
            yield DocumentReading("x", document.parse(answer("a")))

    steps = {
        1130.0: START_AT,  # 1970 → now
        1310.0: START_AT - timedelta(hours=1),
        1490.0: START_AT + timedelta(hours=1),
    }
    b = Bench(tmp_path, Reader(), stop_of=lambda clock: SteppingStop(clock, steps, 1890.0))
    b.clock.wall_at = datetime(1970, 1, 1, tzinfo=UTC)
    b.loop.run()
    assert not steps, "every step was made"
    gaps_s = [after - before for before, after in itertools.pairwise(at_s)]
    assert len(gaps_s) == 14
    assert max(gaps_s) <= 2 * 60.0
    assert gaps_s == pytest.approx([60.0] * 14)
    assert len(b.taken) == 1, "and nothing came again"


def test_a_late_poll_says_when_it_was_due(bench: Any, answer: Answer) -> None:
    b = bench(answer("a"))
    b.loop.poll_once(b.clock.monotonic_s - 7.0)
    assert b.polls[0].due_at == START_AT - timedelta(seconds=7)
    assert b.polls[0].started_at == START_AT


def test_a_change_of_state_is_one_line_of_log(
    bench: Any, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    gone = FeedError("gone")
    b = bench(gone, gone, gone, answer("a"), answer("a"))
    for _ in range(5):
        b.poll()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["feed nws does not answer: gone", "feed nws answers"]


def test_a_poll_that_is_wanted_now_waits_for_no_interval(bench: Any, answer: Answer) -> None:
    b = bench(answer("a"), answer("b"), FeedError("gone"))
    thread = threading.Thread(target=b.loop.run)
    thread.start()
    for number in (1, 2):
        while len(b.polls) < number and thread.is_alive():
            thread.join(0.01)
        b.loop.poll_now()
    while len(b.polls) < 3 and thread.is_alive():
        thread.join(0.01)
    b.stopping.set()
    thread.join(30.0)
    assert [poll.outcome for poll in b.polls] == ["changed", "changed", "failed"]
    assert b.items[1].sentence.startswith("poll 2, as asked: 1 alerts in the last answer")


def test_a_stopped_feed_is_closed_and_says_so(tmp_path: Path) -> None:
    reader = ScriptedReader()
    b = Bench(tmp_path, reader)
    b.wanted = False
    thread = threading.Thread(target=b.loop.run)
    thread.start()
    while not b.items:
        thread.join(0.01)
    b.stopping.set()
    thread.join(2.0)
    assert not thread.is_alive()
    assert (b.items[0].state, b.polls) == ("stopped", [])
    assert reader.closed >= 2  # when it was stopped, and at the end


def test_a_poll_that_is_given_up_by_stopping_is_not_recorded(bench: Any) -> None:
    b = bench(FeedError("no complete answer in time"))
    b.stopping.set()
    b.poll()
    assert (b.items, b.polls) == ([], [])
