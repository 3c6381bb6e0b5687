"""What only the page System says: daemons, feeds and jobs in full, the machine, as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eas_station.bus.messages import ItemState
from eas_station.webd.render.times import Clockface, Moment, lasted
from eas_station.webd.render.unit_rows import LOOKS, MIB, Row, item_row, part_row, unit_row
from eas_station.webd.state.machine import Cgroup, Machine
from eas_station.webd.state.snapshot import Job, Snapshot, Unit

SHOWN_KINDS = ("feed", "source", "receiver")
UNKNOWN = "not known"
GIB = 1024 * MIB
DISK_LEAST = 0.05  # of the whole: below, the operator should look after it
HOT_C = 80.0  # a Raspberry Pi slows down from here
GOOD, TROUBLE, NOT_KNOWN = ("good", "●"), ("bad", "▲"), ("stale", "?")


@dataclass(frozen=True, slots=True)
class DaemonLine:
    """One daemon."""

    row: Row
    restarts: str
    last_word: str  # how long ago: its watchdog is fed by the same work
    memory: str  # of what it may use, where the kernel tells


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed."""

    row: Row
    age: str  # of the last good answer
    next_poll: str
    counts: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of a job, or one hour's runs that changed nothing."""

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
    error: str  # of the last run; "" if it went well
    counts: str
    runs: tuple[RunLine, ...]  # newest first

    @property
    def key(self) -> str:
        """Its name as an id in the page."""
        return "".join(c if c.isalnum() else "-" for c in self.name)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the machine or the record."""

    name: str
    text: str
    look: str = "good"
    sign: str = ""  # "": neither good nor bad


def daemon_line(unit: Unit, group: Cgroup | None, picture: Snapshot, face: Clockface) -> DaemonLine:
    """One daemon, by its own word and the kernel's."""
    row = unit_row(unit, picture, face)
    if unit.heard is None:
        return DaemonLine(row, UNKNOWN, "never", "")
    most = None if group is None else group.memory_most_bytes
    memory = f"{row.memory} of {most / MIB:.0f} MiB" if row.memory and most else row.memory
    return DaemonLine(row, str(unit.restarts), f"{lasted(unit.heard.age_s)} ago", memory)


def feed_line(name: str, unit_name: str, picture: Snapshot, face: Clockface) -> FeedLine:
    """One feed, as eas-capd speaks of it."""
    row = part_row(picture, "feed", name, unit_name, face)
    item = _item(picture, name, unit_name)
    if item is None:
        return FeedLine(row, UNKNOWN, UNKNOWN, "")
    return FeedLine(
        row=row,
        age="never" if item.last_good_at is None else _ago(item.last_good_at, picture.as_of),
        next_poll=UNKNOWN if row.state == "not heard" else _ahead(item, picture.as_of),
        counts=", ".join(f"{name} {count}" for name, count in row.counters),
    )


def _item(picture: Snapshot, name: str, unit_name: str) -> ItemState | None:
    unit = picture.unit(unit_name)
    if unit is None or unit.heard is None:
        return None
    items = unit.heard.value.items
    return next((one for one in items if one.kind.startswith("feed") and one.name == name), None)


def _ago(at: datetime, now: datetime) -> str:
    return f"{lasted((now - at).total_seconds())} ago"


def _ahead(item: ItemState, now: datetime) -> str:
    if item.state == "stopped":
        return "none: stopped"
    if item.next_at is None:
        return UNKNOWN
    left = item.next_at - now
    return "now" if left < timedelta(seconds=1) else f"in {lasted(left.total_seconds())}"


def job_line(job: Job, now: datetime, face: Clockface) -> JobLine:
    """One job by its last run, with those before."""
    totals, runs = job.totals, tuple(_run_lines(job, now, face))
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
        last_run=face.moment(totals.last_run_at, now, seconds=True),
        last_good=None if good is None else face.moment(good, now, seconds=True),
        error="" if last is None or last.error is None else last.error,
        counts=", ".join(counts),
        runs=runs,
    )


def _run_lines(job: Job, now: datetime, face: Clockface) -> list[RunLine]:
    lines = []
    for run in job.last_runs:
        look, sign = LOOKS["failed" if run.outcome in ("failed", "missed") else "running"]
        took_s = (run.ended_at - run.started_at).total_seconds()
        word = run.outcome if run.error is None else f"{run.outcome}: {run.error}"
        if run.runs > 1:
            word = f"{word}, {run.runs} runs"
        took = "" if run.runs > 1 else f"{took_s:.1f} s" if took_s < 10 else lasted(took_s)
        moment = face.moment(run.started_at, now, seconds=True)
        lines.append(RunLine(moment, took, look, sign, word))
    return lines


def other_items(picture: Snapshot, face: Clockface) -> tuple[tuple[str, Row], ...]:
    """Parts of daemons that have no table of their own: spools, databases."""
    return tuple(
        (unit.name, item_row(item, unit, picture, face))
        for unit in picture.units
        if unit.heard is not None
        for item in unit.heard.value.items
        if item.kind.partition(".")[0] not in SHOWN_KINDS
    )


def spools(picture: Snapshot) -> tuple[Fact, ...]:
    """What waits in each daemon's spool; who has none is left out."""
    facts = []
    for unit in picture.units:
        depth = None if unit.heard is None else unit.heard.value.spool_depth
        if unit.heard is None or depth is None:
            continue
        old = f" {lasted(unit.heard.age_s)} ago" if unit.heard.stale else ""
        text = "empty" if depth == 0 else f"{depth} waiting"
        facts.append(Fact(f"Spool of {unit.name}", text + old))
    return tuple(facts)


def machine_facts(machine: Machine) -> tuple[Fact, ...]:
    """The machine, what is not known said so."""
    return (_disk(machine), _temperature(machine), _power(machine), *_rest(machine))


def clock_fact(trusted: bool, reason: str) -> Fact:
    """Whether the clock is trusted, and why."""
    word = "Trusted" if trusted else "Not trusted, so nothing is taken to be over"
    look, sign = GOOD if trusted else TROUBLE
    return Fact("Clock", f"{word}: {reason}" if reason else word, look, sign)


def _disk(machine: Machine) -> Fact:
    free, size = machine.disk_free_bytes, machine.disk_bytes
    if free is None or not size:
        return Fact("Disk of the station's state", UNKNOWN, *NOT_KNOWN)
    look, sign = GOOD if free >= DISK_LEAST * size else TROUBLE
    text = f"{free / GIB:.1f} GiB free of {size / GIB:.1f} GiB ({100 * free / size:.0f} %)"
    return Fact("Disk of the station's state", text, look, sign)


def _temperature(machine: Machine) -> Fact:
    if machine.temperature_c is None:
        return Fact("Temperature", f"{UNKNOWN}: this machine has no sensor", *NOT_KNOWN)
    look, sign = GOOD if machine.temperature_c < HOT_C else TROUBLE
    hot = "" if machine.temperature_c < HOT_C else ", so hot that it may be slowed down"
    return Fact("Temperature", f"{machine.temperature_c:.0f} °C{hot}", look, sign)


def _power(machine: Machine) -> Fact:
    if machine.under_voltage is None:
        return Fact("Power supply", f"{UNKNOWN}: this machine does not watch it", *NOT_KNOWN)
    if machine.under_voltage:
        return Fact("Power supply", "Too weak: under-voltage. Use a stronger one", *TROUBLE)
    return Fact("Power supply", "No under-voltage", *GOOD)


def _rest(machine: Machine) -> Sequence[Fact]:
    free, size = machine.memory_free_bytes, machine.memory_bytes
    memory = UNKNOWN if free is None or not size else f"{free / MIB:.0f} of {size / MIB:.0f} MiB"
    load = UNKNOWN if machine.load is None else f"{machine.load:.2f}"
    booted = UNKNOWN if machine.booted_s is None else lasted(machine.booted_s)
    return (
        Fact("Memory free", memory),
        Fact("Load", load),
        Fact("Running since boot for", booted),
    )
