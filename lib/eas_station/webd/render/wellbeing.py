"""Is the station well? One sentence, and the remarks behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from eas_station.bus.messages import ItemState
from eas_station.webd.render.times import lasted
from eas_station.webd.state.snapshot import Snapshot, Unit

GRACE_S = 15.0  # how long a daemon may take to say its first word

State = Literal["fine", "degraded", "failed"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing the operator should know."""

    text: str  # a sentence
    fault: bool  # False: worth knowing, but as it should be


@dataclass(frozen=True, slots=True)
class Wellbeing:
    """The station's health."""

    state: State
    sentence: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A feed, source or receiver, and the daemon that speaks for it."""

    unit: Unit
    item: ItemState
    stale: bool

    @property
    def works(self) -> bool:
        """Is it running, by a word that is fresh?"""
        return self.item.state == "running" and not self.stale


def parts(picture: Snapshot, kind: str) -> tuple[Part, ...]:
    """All parts of one kind, "feed", "source", "receiver", by name."""
    found = [
        Part(unit, item, unit.heard.stale)
        for unit in picture.units
        if unit.heard is not None
        for item in unit.heard.value.items
        if item.kind.partition(".")[0] == kind
    ]
    return tuple(sorted(found, key=lambda part: part.item.name))


def judge(picture: Snapshot) -> Wellbeing:
    """How the station is, as far as this picture tells."""
    remarks = tuple(_remarks(picture))
    faults = [remark.text for remark in remarks if remark.fault]
    hears = any(part.works for kind in ("feed", "source") for part in parts(picture, kind))
    sentence = " ".join((_listening(picture), *faults[:2], *_more(len(faults) - 2)))
    if not hears and picture.waited_s > GRACE_S:
        return Wellbeing("failed", sentence, remarks)
    return Wellbeing("degraded" if faults or not hears else "fine", sentence, remarks)


def _more(count: int) -> tuple[str, ...]:
    return () if count <= 0 else (f"And {count} more.",)


def _listening(picture: Snapshot) -> str:
    channels = [heard.value for heard in picture.levels if not heard.stale]
    silent = sum(1 for level in channels if level.silent or level.carrier_present is False)
    feeds = sum(1 for part in parts(picture, "feed") if part.works)
    what = []
    if channels:
        with_signal = f" ({len(channels) - silent} with a signal)" if silent else ""
        what.append(f"{_counted(len(channels), 'channel')}{with_signal}")
    if feeds:
        what.append(_counted(feeds, "feed"))
    if what:
        return f"Listening on {' and '.join(what)}."
    if picture.waited_s <= GRACE_S:
        return "Waiting for the daemons' first word."
    return "Deaf: no radio channel and no feed is heard."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _remarks(picture: Snapshot) -> Iterator[Remark]:
    if not picture.record.online and (picture.record_read or picture.waited_s > GRACE_S):
        age_s = (picture.as_of - picture.record.since_at).total_seconds()
        yield Remark(f"The database has been offline for {lasted(age_s)}.", True)
    if any(not entry.durable for entry in picture.active):
        yield Remark("A warning is in memory only: a spool could not be written.", True)
    if not picture.clock_trusted:
        yield Remark("The clock is not trusted: nothing is taken to be over.", True)
    for unit in picture.units:
        yield from _unit_remarks(unit, picture)
    yield from _deaf_sources(picture)
    for heard in picture.hearings:
        if heard.value.problem and not heard.stale:
            said = heard.value
            yield Remark(f"{said.source}, {said.channel}: {said.sentence.rstrip('.')}.", True)


def _unit_remarks(unit: Unit, picture: Snapshot) -> Iterator[Remark]:
    if unit.heard is None:
        if picture.waited_s > GRACE_S:
            yield Remark(f"{unit.name} not heard for {lasted(picture.waited_s)}.", True)
        return
    if unit.heard.stale:
        yield Remark(f"{unit.name} not heard for {lasted(unit.heard.age_s)}.", True)
        return
    troubled = [item for item in unit.heard.value.items if item.state != "running"]
    for item in troubled:
        if item.kind == "database" and not picture.record.online:
            continue  # said once, not once for every daemon
        age_s = (picture.as_of - item.since_at).total_seconds()
        yield Remark(_trouble(item, age_s), item.state != "stopped")
    if unit.heard.value.state == "degraded" and not troubled:
        yield Remark(f"{unit.name} is degraded: {unit.heard.value.sentence}.", True)
    if unit.heard.value.state == "stopping":
        yield Remark(f"{unit.name} is stopping.", True)


def _trouble(item: ItemState, age_s: float) -> str:
    kind = item.kind.partition(".")[0]
    since = lasted(age_s)
    named = kind.capitalize() if item.name == kind else f"{kind.capitalize()} {item.name}"
    if item.state == "stopped":
        return f"{named} has been stopped by the operator for {since}."
    if kind == "database":
        return f"A daemon has not reached the database for {since}."
    if kind == "feed":
        return f"{named} unreachable for {since}."
    if kind == "quarantine":
        return f"A bug: {item.sentence}."
    word = "has failed, " if item.state == "failed" else "reconnecting for "
    return f"{named} {word}{since}{' ago' if item.state == 'failed' else ''}."


def deafness(picture: Snapshot, source: str) -> str | None:
    """Why a source that says it is running hears nothing: silence is deafness, not quiet."""
    known = [heard for heard in picture.levels if heard.value.source == source]
    fresh = [heard.value for heard in known if not heard.stale]
    if known and not fresh:
        return "delivers no audio"
    if fresh and all(level.silent or level.carrier_present is False for level in fresh):
        return "is deaf: no signal on any channel"
    return None


def _deaf_sources(picture: Snapshot) -> Iterator[Remark]:
    for part in parts(picture, "source"):
        why = deafness(picture, part.item.name) if part.works else None
        if why is not None:
            yield Remark(f"Source {part.item.name} {why}.", True)
