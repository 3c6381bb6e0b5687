"""Daemons and their parts as rows of a table: words, no markup."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from eas_station.webd.render.station_health import GRACE_S, Part, parts
from eas_station.webd.render.times import Moment, TimeFormat, duration
from eas_station.webd.state.snapshot import LastMessage, Snapshot, Unit

MIB = 1_048_576
UNKNOWN = "unknown"
MISSING = "not responding"

# The CSS class and the sign of each state, besides its word.
LOOKS = {
    "running": ("good", "●"),
    "starting": ("busy", "◌"),
    "reconnecting": ("busy", "◌"),
    "degraded": ("busy", "▲"),
    "stopping": ("off", "■"),
    "stopped": ("off", "■"),
    "failed": ("bad", "✕"),
    MISSING: ("stale", "?"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A daemon or a part of one."""

    name: str
    kind: str
    state: str  # a word of LOOKS
    look: str  # CSS class
    sign: str
    sentence: str
    since: Moment | None = None
    cpu: str = ""
    memory: str = ""


def state_row(name: str, kind: str, state: str, sentence: str) -> Row:
    """A row in one of the known states."""
    look, sign = LOOKS.get(state, LOOKS[MISSING])
    return Row(name, kind, state, look, sign, sentence)


def unit_row(unit: Unit, snapshot: Snapshot, times: TimeFormat) -> Row:
    """One daemon."""
    if unit.heard is None:
        return _unreported(unit.name, "daemon", "no status", snapshot)
    status, stale = unit.heard.value, unit.heard.stale
    row = state_row(
        unit.name, "daemon", MISSING if stale else status.state, aged(status.sentence, unit.heard)
    )
    return replace(
        row,
        since=times.moment(status.started_at, snapshot.as_of),
        cpu="" if stale or unit.cpu_percent is None else f"{unit.cpu_percent:.1f} %",
        memory="" if stale else f"{status.memory_bytes / MIB:.0f} MiB",
    )


def item_row(part: Part, snapshot: Snapshot, times: TimeFormat) -> Row:
    """A feed, source or other part, as its daemon last reported it."""
    item, heard = part.item, part.unit.heard
    sentence = item.sentence if heard is None else aged(item.sentence, heard)
    row = state_row(item.name, item.kind, MISSING if part.stale else item.state, sentence)
    return replace(row, since=times.moment(item.since_at, snapshot.as_of))


def find_part(snapshot: Snapshot, kind: str, name: str, unit_name: str) -> Part | None:
    """A part as its daemon reports it; None: it does not."""
    found = (part for part in parts(snapshot, kind) if part.item.name == name)
    return next((part for part in found if part.unit.name == unit_name), None)


def part_row(snapshot: Snapshot, kind: str, name: str, unit_name: str, times: TimeFormat) -> Row:
    """A configured part, also while its daemon does not report it."""
    part = find_part(snapshot, kind, name, unit_name)
    if part is not None:
        return item_row(part, snapshot, times)
    unit = snapshot.unit(unit_name)
    if unit is not None and unit.heard is not None:
        return state_row(name, kind, MISSING, f"not reported by {unit_name}")
    return _unreported(name, kind, f"no status from {unit_name}", snapshot)


def _unreported(name: str, kind: str, what: str, snapshot: Snapshot) -> Row:
    """A daemon, or its part, that has not reported since this process started."""
    if snapshot.waited_s <= GRACE_S:
        return state_row(name, kind, "starting", "no status yet")
    return state_row(name, kind, MISSING, f"{what} for {duration(snapshot.waited_s)}")


def aged(sentence: str, heard: LastMessage[Any]) -> str:
    """What was reported, with its age if it is not fresh."""
    return f"no report for {duration(heard.age_s)}; last: {sentence}" if heard.stale else sentence
