"""The station's health: one sentence, and the remarks behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from eas_station.bus.messages import ItemState
from eas_station.webd.render.times import duration
from eas_station.webd.state.snapshot import Snapshot, Unit

GRACE_S = 15.0  # how long a daemon may take to report for the first time


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing the operator should know."""

    text: str  # a sentence
    fault: bool  # False: worth knowing, but intended


@dataclass(frozen=True, slots=True)
class StationHealth:
    """The station's health."""

    state: Literal["fine", "degraded", "failed"]
    sentence: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A feed, source, receiver or other part, and the daemon that reports it."""

    unit: Unit
    item: ItemState
    stale: bool

    @property
    def kind(self) -> str:
        """The kind without its subtype: "feed" of "feed.nws"."""
        return self.item.kind.partition(".")[0]

    @property
    def works(self) -> bool:
        """Is it running, by a report that is fresh?"""
        return self.item.state == "running" and not self.stale


def all_parts(snapshot: Snapshot) -> Iterator[Part]:
    """Every part that a daemon has reported."""
    for unit in snapshot.units:
        if unit.heard is not None:
            for item in unit.heard.value.items:
                yield Part(unit, item, unit.heard.stale)


def parts(snapshot: Snapshot, kind: str) -> tuple[Part, ...]:
    """All parts of one kind, "feed", "source", "receiver", by name."""
    found = (part for part in all_parts(snapshot) if part.kind == kind)
    return tuple(sorted(found, key=lambda part: part.item.name))


def station_health(snapshot: Snapshot) -> StationHealth:
    """The health as far as the snapshot shows it."""
    remarks = tuple(_remarks(snapshot))
    faults = [remark.text for remark in remarks if remark.fault]
    hears = any(part.works for part in all_parts(snapshot) if part.kind in ("feed", "source"))
    more = (f"And {len(faults) - 2} more.",) if len(faults) > 2 else ()
    sentence = " ".join((_listening(snapshot), *faults[:2], *more))
    if not hears and snapshot.waited_s > GRACE_S:
        return StationHealth("failed", sentence, remarks)
    return StationHealth("degraded" if faults or not hears else "fine", sentence, remarks)


def _listening(snapshot: Snapshot) -> str:
    channels = [heard.value for heard in snapshot.levels if not heard.stale]
    silent = sum(1 for level in channels if level.silent or level.carrier_present is False)
    feeds = sum(1 for part in parts(snapshot, "feed") if part.works)
    what = []
    if channels:
        with_signal = f" ({len(channels) - silent} with a signal)" if silent else ""
        what.append(f"{_counted(len(channels), 'channel')}{with_signal}")
    if feeds:
        what.append(_counted(feeds, "feed"))
    if what:
        return f"Listening on {' and '.join(what)}."
    if snapshot.waited_s <= GRACE_S:
        return "Waiting for the daemons to report."
    return "Deaf: no radio channel and no feed is working."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _remarks(snapshot: Snapshot) -> Iterator[Remark]:
    if not snapshot.record.online and (snapshot.record_read or snapshot.waited_s > GRACE_S):
        age_s = (snapshot.as_of - snapshot.record.since_at).total_seconds()
        yield Remark(f"The database has been offline for {duration(age_s)}.", True)
    if any(not entry.durable for entry in snapshot.active):
        yield Remark("An alert is in memory only: a spool could not be written.", True)
    if not snapshot.clock_trusted:
        yield Remark("The clock is not trusted: no alert is treated as expired.", True)
    for unit in snapshot.units:
        yield from _unit_remarks(unit, snapshot)
    for part in parts(snapshot, "source"):
        why = deafness(snapshot, part.item.name) if part.works else None
        if why is not None:
            yield Remark(f"Source {part.item.name} {why}.", True)
    for heard in snapshot.hearings:
        if heard.value.problem and not heard.stale:
            proof = heard.value
            yield Remark(f"{proof.source}, {proof.channel}: {proof.sentence.rstrip('.')}.", True)


def _unit_remarks(unit: Unit, snapshot: Snapshot) -> Iterator[Remark]:
    if unit.heard is None:
        if snapshot.waited_s > GRACE_S:
            yield Remark(f"No status from {unit.name} for {duration(snapshot.waited_s)}.", True)
        return
    if unit.heard.stale:
        yield Remark(f"No status from {unit.name} for {duration(unit.heard.age_s)}.", True)
        return
    status = unit.heard.value
    troubled = [item for item in status.items if item.state != "running"]
    for item in troubled:
        if item.kind == "database" and not snapshot.record.online:
            continue  # reported once, not once for every daemon
        age_s = (snapshot.as_of - item.since_at).total_seconds()
        yield Remark(_trouble(unit.name, item, duration(age_s)), item.state != "stopped")
    if status.state == "degraded" and not troubled:
        yield Remark(f"{unit.name} is degraded: {status.sentence}.", True)
    if status.state == "stopping":
        yield Remark(f"{unit.name} is stopping.", True)


def _trouble(unit: str, item: ItemState, age: str) -> str:
    kind = item.kind.partition(".")[0]
    name = kind.capitalize() if item.name == kind else f"{kind.capitalize()} {item.name}"
    if item.state == "stopped":
        return f"{name} was stopped by the operator {age} ago."
    if item.state == "degraded":
        return f"{name} is degraded: {item.sentence}."
    if kind == "database":
        return f"{unit} has not reached the database for {age}."
    if kind == "feed":
        return f"{name} has been unreachable for {age}."
    if kind == "quarantine":
        return f"Internal error: {item.sentence}."
    if item.state == "failed":
        return f"{name} failed {age} ago."
    return f"{name} has been reconnecting for {age}."


def deafness(snapshot: Snapshot, source: str) -> str | None:
    """Why a running source hears nothing; None: it has a signal, or has not reported a level."""
    known = [heard for heard in snapshot.levels if heard.value.source == source]
    fresh = [heard.value for heard in known if not heard.stale]
    if known and not fresh:
        return "delivers no audio"
    if fresh and all(level.silent or level.carrier_present is False for level in fresh):
        return "is deaf: no signal on any channel"
    return None
