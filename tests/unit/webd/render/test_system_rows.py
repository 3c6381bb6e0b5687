"""The page System: what is not known is said to be unknown, and old words are old."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from eas_station.store.records.jobs import JobRun, JobTotals
from eas_station.webd.render.system_rows import (
    clock_fact,
    daemon_line,
    feed_line,
    job_line,
    machine_facts,
    spools,
)
from eas_station.webd.render.times import Clockface, zone_of
from eas_station.webd.state.machine import Cgroup, Machine
from eas_station.webd.state.snapshot import Job
from eas_station.webd.state.station_state import Archive

UTC_FACE = Clockface(zone_of("UTC"))
NOTHING = Machine(None, None, None, None, None, None, None, None)


@pytest.fixture
def page(station_with: Any) -> Any:
    """The page's text, without markup."""
    station = station_with(None)

    def read() -> str:
        body = station.get("/system")[2].decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))

    read.station = station  # type: ignore[attr-defined]
    return read


def test_restarts_last_word_and_the_limit_of_the_kernel(
    new_state: Any, clocks: Any, make: Any
) -> None:
    board = new_state("eas-capd", "eas-webd")
    for pid in (7, 8):
        board.take(make.message(make.status("eas-capd", pid=pid)))
        clocks.move(5)
    picture = board.snapshot()
    group = Cgroup(1.0, 60 << 20, 96 << 20, 1)
    capd = daemon_line(picture.units[0], group, picture, UTC_FACE)
    assert (capd.restarts, capd.last_word, capd.memory) == ("1", "5 s ago", "50 MiB of 96 MiB")
    webd = daemon_line(picture.units[1], None, picture, UTC_FACE)
    assert (webd.restarts, webd.last_word, webd.memory) == ("not known", "never", "")


def test_a_feed_says_how_old_its_answer_is_and_when_it_asks_again(
    new_state: Any, clocks: Any, make: Any
) -> None:
    board = new_state("eas-capd")
    nws = make.item(
        "nws", "feed.nws", last_good_at=clocks.now - timedelta(seconds=22),
        next_at=clocks.now + timedelta(seconds=39), counters={"polls": 3, "failures": 1},
    )  # fmt: skip
    board.take(make.message(make.status("eas-capd", nws)))
    line = feed_line("nws", "eas-capd", board.snapshot(), UTC_FACE)
    assert (line.age, line.next_poll, line.counts) == ("22 s ago", "in 39 s", "failures 1, polls 3")
    clocks.move(60)
    line = feed_line("nws", "eas-capd", board.snapshot(), UTC_FACE)
    assert (line.row.state, line.next_poll) == ("not heard", "not known")
    assert line.age == "1 min ago"
    unknown = feed_line("other", "eas-capd", board.snapshot(), UTC_FACE)
    assert (unknown.age, unknown.next_poll) == ("not known", "not known")


def test_a_job_shows_its_last_runs(clocks: Any) -> None:
    at = clocks.now - timedelta(hours=1)
    runs = (
        JobRun("1", "maintenance", at, at, at + timedelta(seconds=2), "failed", "the disk is full"),
        JobRun("2", "maintenance", at, at, at + timedelta(minutes=3), "unchanged", None, 40),
    )
    totals = JobTotals("maintenance", 41, 1, 0, at, None)
    line = job_line(Job(totals, runs), clocks.now, UTC_FACE)
    assert [run.word for run in line.runs] == ["failed: the disk is full", "unchanged, 40 runs"]
    assert [run.took for run in line.runs] == ["2.0 s", ""]
    assert (line.word, line.counts, line.look) == ("failed", "41 runs, 1 failed", "bad")


def test_what_a_machine_does_not_tell_is_said_to_be_unknown() -> None:
    facts = machine_facts(NOTHING)
    assert all("not known" in fact.text for fact in facts), facts
    sick = Machine(1 << 30, 64 << 30, 84.2, True, 1.5, 1 << 29, 1 << 32, 4000.0)
    looks = {fact.name: fact.look for fact in machine_facts(sick)}
    assert [looks[name] for name in ("Temperature", "Power supply")] == ["bad", "bad"]
    assert looks["Disk of the station's state"] == "bad"
    assert "1.0 GiB free of 64.0 GiB (2 %)" in [fact.text for fact in machine_facts(sick)]


def test_the_clock_gives_its_reason() -> None:
    assert clock_fact(True, "the battery clock agrees").text == "Trusted: the battery clock agrees"
    doubt = clock_fact(False, "the clock has not been synchronised since boot")
    assert doubt.text.startswith("Not trusted, so nothing is taken to be over: the clock has not")
    assert doubt.look == "bad"


def test_spools_are_told_per_daemon(new_state: Any, clocks: Any, make: Any) -> None:
    board = new_state("eas-capd", "eas-webd")
    board.take(make.message(make.status("eas-capd", spool_depth=3)))
    board.take(make.message(make.status("eas-webd")))
    assert [(f.name, f.text) for f in spools(board.snapshot())] == [
        ("Spool of eas-capd", "3 waiting")
    ]


def test_the_page_says_all_of_it_and_what_it_does_not_know(
    page: Any, clocks: Any, make: Any
) -> None:
    board = page.station.state
    at = clocks.now - timedelta(hours=1)
    totals = JobTotals("maintenance", 1, 0, 0, at, at)
    run = JobRun("1", "maintenance", at, at, at + timedelta(seconds=2), "changed")
    board.set_archive(Archive((), (), frozenset(), 7, jobs=(Job(totals, (run,)),)))
    board.take(make.message(make.status("eas-capd", make.item("nws", "feed.nws"))))
    text = page()
    for said in (
        "eas-capd ● running", "Online since", "Trusted: synchronised: the kernel says so",
        "Power supply ? not known", "maintenance: the last 1", "changed (2.0 s)",
        "2 of 88 busy, 0 requests wait", "eas-webd ◌ starting", "GiB free of",
    ):  # fmt: skip
        assert said in text, said
