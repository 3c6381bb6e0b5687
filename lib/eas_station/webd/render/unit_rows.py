"""Daemons and their parts as rows of a table: words, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eas_station.bus.messages import ItemState
from eas_station.webd.render.times import Clockface, Moment, lasted
from eas_station.webd.render.wellbeing import GRACE_S
from eas_station.webd.state.snapshot import LastMessage, Snapshot, Unit

MIB = 1_048_576

# How a state looks: a CSS class and a sign, besides its word.
LOOKS = {
    "running": ("good", "●"),
    "starting": ("busy", "◌"),
    "reconnecting": ("busy", "◌"),
    "degraded": ("busy", "▲"),
    "stopping": ("off", "■"),
    "stopped": ("off", "■"),
    "failed": ("bad", "✕"),
    "not heard": ("stale", "?"),
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
    last_good: Moment | None = None
    cpu: str = ""
    memory: str = ""
    spool: str = ""
    version: str = ""
    counters: tuple[tuple[str, int], ...] = ()


def state_row(name: str, kind: str, state: str, sentence: str) -> Row:
    """A row in one of the known states."""
    look, sign = LOOKS.get(state, LOOKS["not heard"])
    return Row(name, kind, state, look, sign, sentence)


def unit_row(unit: Unit, picture: Snapshot, clockface: Clockface) -> Row:
    """One daemon."""
    if unit.heard is None:
        waiting = picture.waited_s <= GRACE_S
        sentence = "no word yet" if waiting else f"not heard for {lasted(picture.waited_s)}"
        return state_row(unit.name, "daemon", "starting" if waiting else "not heard", sentence)
    status, stale = unit.heard.value, unit.heard.stale
    look, sign = LOOKS["not heard"] if stale else LOOKS[status.state]
    return Row(
        name=unit.name,
        kind="daemon",
        state="not heard" if stale else status.state,
        look=look,
        sign=sign,
        sentence=_aged(status.sentence, unit.heard),
        since=clockface.moment(status.started_at, picture.as_of),
        cpu="" if stale or unit.cpu_percent is None else f"{unit.cpu_percent:.1f} %",
        memory="" if stale else f"{status.memory_bytes / MIB:.0f} MiB",
        spool="" if status.spool_depth is None else str(status.spool_depth),
        version=status.version,
        counters=tuple(sorted(status.counters.items())),
    )


def item_row(item: ItemState, unit: Unit, picture: Snapshot, clockface: Clockface) -> Row:
    """A feed, source or other part of a daemon, by its daemon's last word."""
    stale = unit.heard is None or unit.heard.stale
    state = "not heard" if stale else item.state
    look, sign = LOOKS[state]
    sentence = item.sentence if unit.heard is None else _aged(item.sentence, unit.heard)
    good = item.last_good_at
    return Row(
        name=item.name,
        kind=item.kind,
        state=state,
        look=look,
        sign=sign,
        sentence=sentence,
        since=clockface.moment(item.since_at, picture.as_of),
        last_good=None if good is None else clockface.moment(good, picture.as_of, seconds=True),
        counters=tuple(sorted(item.counters.items())),
    )


def item_rows(picture: Snapshot, kind: str, clockface: Clockface) -> tuple[Row, ...]:
    """All items of one kind, "feed", "source", "receiver"."""
    return tuple(
        item_row(item, unit, picture, clockface)
        for unit in picture.units
        if unit.heard is not None
        for item in unit.heard.value.items
        if item.kind.partition(".")[0] == kind
    )


def part_row(picture: Snapshot, kind: str, name: str, unit_name: str, clockface: Clockface) -> Row:
    """A configured part by what its daemon says of it, or that its daemon says nothing."""
    unit = picture.unit(unit_name)
    if unit is not None and unit.heard is not None:
        for item in unit.heard.value.items:
            if item.kind.partition(".")[0] == kind and item.name == name:
                return item_row(item, unit, picture, clockface)
        return state_row(name, kind, "not heard", f"{unit_name} says nothing of it")
    if picture.waited_s <= GRACE_S:
        return state_row(name, kind, "starting", "no word yet")
    return state_row(name, kind, "not heard", f"{unit_name} has not been heard")


def _aged(sentence: str, heard: LastMessage[Any]) -> str:
    return f"not heard for {lasted(heard.age_s)}; last: {sentence}" if heard.stale else sentence
