"""What only the page System shows: daemons, feeds and jobs in full, the machine, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eas_station.bus.messages import ItemState
from eas_station.webd.render.station_health import all_parts
from eas_station.webd.render.times import Moment, TimeFormat, duration
from eas_station.webd.render.unit_rows import (
    LOOKS,
    MIB,
    MISSING,
    UNKNOWN,
    Row,
    find_part,
    item_row,
    part_row,
    unit_row,
)
from eas_station.webd.state.machine import Cgroup, Machine
from eas_station.webd.state.snapshot import Job, Snapshot, Unit

DISK = "Disk of the state directory"
SHOWN_KINDS = ("feed", "source", "receiver")
GIB = 1024 * MIB
DISK_LEAST = 0.05  # of the whole: with less free space the operator should act
HOT_C = 80.0  # a Raspberry Pi throttles its CPU from here
GOOD, BAD = ("good", "●"), ("bad", "▲")


@dataclass(frozen=True, slots=True)
class DaemonLine:
    """One daemon."""

    row: Row
    restarts: str
    last_seen: str  # "5 s ago"
    memory: str  # "50 MiB of 96 MiB" where the kernel gives the limit


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed."""

    row: Row
    age: str  # of the last success, "22 s ago"
    last_good: Moment | None
    next_poll: str
    counts: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of a job, or the runs of one hour that changed nothing."""

    at: Moment
    took: str
    look: str
    sign: str
    word: str  # "changed", "failed: …"


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job."""

    name: str
    look: str
    sign: str
    word: str
    last_run: Moment
    last_good: Moment | None
    error: str  # of the last run; "" if it succeeded
    counts: str
    runs: tuple[RunLine, ...]  # newest first

    @property
    def key(self) -> str:
        """Its name as an element id."""
        return "".join(c if c.isalnum() else "-" for c in self.name)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the machine or the database."""

    name: str
    text: str
    look: str = "good"
    sign: str = ""  # "": neither good nor bad


def daemon_line(
    unit: Unit, group: Cgroup | None, snapshot: Snapshot, times: TimeFormat
) -> DaemonLine:
    """One daemon, as it and the kernel report it."""
    row = unit_row(unit, snapshot, times)
    if unit.heard is None:
        return DaemonLine(row, UNKNOWN, "never", "")
    most = None if group is None else group.memory_most_bytes
    memory = f"{row.memory} of {most / MIB:.0f} MiB" if row.memory and most else row.memory
    return DaemonLine(row, str(unit.restarts), f"{duration(unit.heard.age_s)} ago", memory)


def feed_line(name: str, unit_name: str, snapshot: Snapshot, times: TimeFormat) -> FeedLine:
    """One feed, as eas-capd reports it."""
    row = part_row(snapshot, "feed", name, unit_name, times)
    part = find_part(snapshot, "feed", name, unit_name)
    if part is None:
        return FeedLine(row, UNKNOWN, None, UNKNOWN, "")
    item, now, good_at = part.item, snapshot.as_of, part.item.last_good_at
    return FeedLine(
        row=row,
        age="never" if good_at is None else _ago(good_at, now),
        last_good=None if good_at is None else times.moment(good_at, now, seconds=True),
        next_poll=UNKNOWN if part.stale else _next_poll(item, now),
        counts=", ".join(f"{name} {count}" for name, count in sorted(item.counters.items())),
    )


def _ago(at: datetime, now: datetime) -> str:
    return f"{duration((now - at).total_seconds())} ago"


def _next_poll(item: ItemState, now: datetime) -> str:
    if item.state == "stopped":
        return "none: stopped"
    if item.next_at is None:
        return UNKNOWN
    left = item.next_at - now
    return "now" if left < timedelta(seconds=1) else f"in {duration(left.total_seconds())}"


def job_line(job: Job, now: datetime, times: TimeFormat) -> JobLine:
    """One job: its last run, and those before."""
    totals, runs = job.totals, tuple(_run_lines(job, now, times))
    last = job.last_runs[0] if job.last_runs else None
    look, sign = (runs[0].look, runs[0].sign) if runs else LOOKS["running"]
    good = totals.last_good_at
    counts = [f"{totals.runs} {'run' if totals.runs == 1 else 'runs'}", f"{totals.errors} failed"]
    if totals.missed:
        counts.append(f"{totals.missed} missed")
    return JobLine(
        name=totals.job,
        look=look,
        sign=sign,
        word="" if last is None else last.outcome,
        last_run=times.moment(totals.last_run_at, now, seconds=True),
        last_good=None if good is None else times.moment(good, now, seconds=True),
        error="" if last is None or last.error is None else last.error,
        counts=", ".join(counts),
        runs=runs,
    )


def _run_lines(job: Job, now: datetime, times: TimeFormat) -> list[RunLine]:
    lines = []
    for run in job.last_runs:
        look, sign = LOOKS["failed" if run.outcome in ("failed", "missed") else "running"]
        took_s = (run.ended_at - run.started_at).total_seconds()
        word = run.outcome if run.error is None else f"{run.outcome}: {run.error}"
        if run.runs > 1:
            word = f"{word}, {run.runs} runs"
        took = "" if run.runs > 1 else f"{took_s:.1f} s" if took_s < 10 else duration(took_s)
        moment = times.moment(run.started_at, now, seconds=True)
        lines.append(RunLine(moment, took, look, sign, word))
    return lines


def other_items(snapshot: Snapshot, times: TimeFormat) -> tuple[tuple[str, Row], ...]:
    """Parts of daemons that have no table of their own: spools, databases."""
    return tuple(
        (part.unit.name, item_row(part, snapshot, times))
        for part in all_parts(snapshot)
        if part.kind not in SHOWN_KINDS
    )


def spools(snapshot: Snapshot) -> tuple[Fact, ...]:
    """What waits in the spool of each daemon that has one."""
    facts = []
    for unit in snapshot.units:
        depth = None if unit.heard is None else unit.heard.value.spool_depth
        if unit.heard is None or depth is None:
            continue
        old = f" {duration(unit.heard.age_s)} ago" if unit.heard.stale else ""
        text = "empty" if depth == 0 else f"{depth} waiting"
        facts.append(Fact(f"Spool of {unit.name}", text + old))
    return tuple(facts)


def machine_facts(machine: Machine) -> tuple[Fact, ...]:
    """The machine; a value that cannot be read is called unknown."""
    return (_disk(machine), _temperature(machine), _power(machine), *_rest(machine))


def clock_fact(trusted: bool, reason: str) -> Fact:
    """Whether the clock is trusted, and why."""
    word = "Trusted" if trusted else "Not trusted, no alert is treated as expired"
    look, sign = GOOD if trusted else BAD
    return Fact("Clock", f"{word}: {reason}" if reason else word, look, sign)


def _disk(machine: Machine) -> Fact:
    free, size = machine.disk_free_bytes, machine.disk_bytes
    if free is None or not size:
        return Fact(DISK, UNKNOWN, *LOOKS[MISSING])
    look, sign = GOOD if free >= DISK_LEAST * size else BAD
    text = f"{free / GIB:.1f} GiB free of {size / GIB:.1f} GiB ({100 * free / size:.0f} %)"
    return Fact(DISK, text, look, sign)


def _temperature(machine: Machine) -> Fact:
    if machine.temperature_c is None:
        return Fact("Temperature", f"{UNKNOWN}: this machine has no sensor", *LOOKS[MISSING])
    look, sign = GOOD if machine.temperature_c < HOT_C else BAD
    hot = "" if machine.temperature_c < HOT_C else ", so hot that the CPU may be throttled"
    return Fact("Temperature", f"{machine.temperature_c:.0f} °C{hot}", look, sign)


def _power(machine: Machine) -> Fact:
    if machine.under_voltage is None:
        return Fact("Power supply", f"{UNKNOWN}: this machine does not monitor it", *LOOKS[MISSING])
    if machine.under_voltage:
        return Fact("Power supply", "Under-voltage: use a stronger power supply", *BAD)
    return Fact("Power supply", "No under-voltage", *GOOD)


def _rest(machine: Machine) -> Sequence[Fact]:
    free, size = machine.memory_free_bytes, machine.memory_bytes
    memory = UNKNOWN if free is None or not size else f"{free / MIB:.0f} of {size / MIB:.0f} MiB"
    load = UNKNOWN if machine.load is None else f"{machine.load:.2f}"
    booted = UNKNOWN if machine.booted_s is None else duration(machine.booted_s)
    return (
        Fact("Memory free", memory),
        Fact("Load", load),
        Fact("Uptime", booted),
    )
