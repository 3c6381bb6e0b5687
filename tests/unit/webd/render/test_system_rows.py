"""The page System: unknown values are called unknown, old ones are not shown as fresh."""

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
from eas_station.webd.render.times import TimeFormat, zone_of
from eas_station.webd.state.machine import Cgroup, Machine
from eas_station.webd.state.snapshot import Job
from eas_station.webd.state.station_state import StoredState

UTC_FACE = TimeFormat(zone_of("UTC"))
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


def test_a_daemon_has_restarts_last_seen_and_memory_limit(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state("eas-capd", "eas-webd")
    for pid in (7, 8):
        state.take(make.message(make.status("eas-capd", pid=pid)))
        clocks.move(5)
    snapshot = state.snapshot()
    group = Cgroup(1.0, 60 << 20, 96 << 20, 1)
    capd = daemon_line(snapshot.units[0], group, snapshot, UTC_FACE)
    assert (capd.restarts, capd.last_seen, capd.memory) == ("1", "5 s ago", "50 MiB of 96 MiB")
    webd = daemon_line(snapshot.units[1], None, snapshot, UTC_FACE)
    assert (webd.restarts, webd.last_seen, webd.memory) == ("unknown", "never", "")


def test_a_feed_has_the_age_of_its_answer_and_its_next_poll(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state("eas-capd")
    nws = make.item(
        "nws", "feed.nws", last_good_at=clocks.now - timedelta(seconds=22),
        next_at=clocks.now + timedelta(seconds=39), counters={"polls": 3, "failures": 1},
    )  # fmt: skip
    state.take(make.message(make.status("eas-capd", nws)))
    line = feed_line("nws", "eas-capd", state.snapshot(), UTC_FACE)
    assert (line.age, line.next_poll, line.counts) == ("22 s ago", "in 39 s", "failures 1, polls 3")
    clocks.move(60)
    line = feed_line("nws", "eas-capd", state.snapshot(), UTC_FACE)
    assert (line.row.state, line.next_poll) == ("not responding", "unknown")
    assert line.age == "1 min ago"
    unknown = feed_line("other", "eas-capd", state.snapshot(), UTC_FACE)
    assert (unknown.age, unknown.next_poll) == ("unknown", "unknown")


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


def test_what_a_machine_does_not_report_is_unknown() -> None:
    facts = machine_facts(NOTHING)
    assert all("unknown" in fact.text for fact in facts), facts
    sick = Machine(1 << 30, 64 << 30, 84.2, True, 1.5, 1 << 29, 1 << 32, 4000.0)
    looks = {fact.name: fact.look for fact in machine_facts(sick)}
    assert [looks[name] for name in ("Temperature", "Power supply")] == ["bad", "bad"]
    assert looks["Disk of the state directory"] == "bad"
    assert "1.0 GiB free of 64.0 GiB (2 %)" in [fact.text for fact in machine_facts(sick)]


def test_the_clock_gives_its_reason() -> None:
    assert clock_fact(True, "the battery clock agrees").text == "Trusted: the battery clock agrees"
    doubt = clock_fact(False, "the clock has not been synchronised since boot")
    assert doubt.text.startswith("Not trusted, no alert is treated as expired: the clock has not")
    assert doubt.look == "bad"


def test_every_daemon_with_a_spool_has_a_line(new_state: Any, clocks: Any, make: Any) -> None:
    state = new_state("eas-capd", "eas-webd")
    state.take(make.message(make.status("eas-capd", spool_depth=3)))
    state.take(make.message(make.status("eas-webd")))
    assert [(f.name, f.text) for f in spools(state.snapshot())] == [
        ("Spool of eas-capd", "3 waiting")
    ]


def test_the_page_shows_what_is_known_and_what_is_not(page: Any, clocks: Any, make: Any) -> None:
    state = page.station.state
    at = clocks.now - timedelta(hours=1)
    totals = JobTotals("maintenance", 1, 0, 0, at, at)
    run = JobRun("1", "maintenance", at, at, at + timedelta(seconds=2), "changed")
    state.set_stored(StoredState((), (), frozenset(), 7, jobs=(Job(totals, (run,)),)))
    state.take(make.message(make.status("eas-capd", make.item("nws", "feed.nws"))))
    text = page()
    for words in (
        "eas-capd ● running", "Online since", "Trusted: synchronised: the kernel says so",
        "Power supply ? unknown", "maintenance: last run", "changed (2.0 s)",
        "2 of 88 busy, 0 requests queued", "eas-webd ◌ starting", "GiB free of",
    ):  # fmt: skip
        assert words in text, words
