"""Values of the snapshot and of the database as the API answers them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from eas_station.alerts.model import Change, Reception
from eas_station.bus.messages import AudioLevel
from eas_station.store.alerts.flags import AlertFlags
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.store.records.clips import Clip
from eas_station.webd.api.answers import (
    AlertAnswer,
    AlertSummary,
    ItemAnswer,
    JobAnswer,
    LevelAnswer,
    ReceiverAnswer,
    ReceptionSummary,
    SilentUnit,
    SourceAnswer,
    UnitAnswer,
)
from eas_station.webd.render.station_health import parts
from eas_station.webd.state.snapshot import AlertEntry, Job, LastMessage, Snapshot, Unit

BURSTS_SHOWN = 10

T = TypeVar("T")


def extended(kind: type[T], value: object, **more: Any) -> T:
    """A value of `kind`: the fields of `value` that it has too, and `more`, which goes first."""
    source: Any = value
    target: Any = kind
    names = {one.name for one in fields(target)} & {one.name for one in fields(source)}
    return kind(**{name: getattr(value, name) for name in names - more.keys()}, **more)


def alert(entry: AlertEntry) -> AlertSummary:
    """One alert in a list."""
    receptions = tuple(_summary(one) for one in entry.receptions)
    return extended(AlertSummary, entry.alert, receptions=receptions, **_state(entry))


def whole_alert(
    entry: AlertEntry,
    changes: tuple[Change, ...] | None = None,
    clips: tuple[Clip, ...] | None = None,
    flags: AlertFlags | None = None,
) -> AlertAnswer:
    """One alert with the raw texts and statements of its receptions."""
    receptions = tuple(
        one if isinstance(one, Reception) else _summary(one) for one in entry.receptions
    )
    known = {"receptions": receptions, "changes": changes, "clips": clips, "flags": flags}
    return extended(AlertAnswer, entry.alert, **known, **_state(entry))


def unit(one: Unit) -> UnitAnswer | SilentUnit:
    """One daemon."""
    if one.heard is None:
        return SilentUnit(one.name)
    status, stale = one.heard.value, one.heard.stale
    return extended(
        UnitAnswer,
        status,
        state="not heard" if stale else status.state,
        reported_state=status.state,
        cpu_percent=None if one.cpu_percent is None else round(one.cpu_percent, 2),
        heard_at=one.heard.heard_at,
        stale=stale,
    )


def items(snapshot: Snapshot, kind: str) -> tuple[ItemAnswer, ...]:
    """All feeds, sources or receivers, from the last status of their daemons."""
    return tuple(
        extended(
            ItemAnswer,
            part.item,
            unit=part.unit.name,
            state="not heard" if part.stale else part.item.state,
            stale=part.stale,
        )
        for part in parts(snapshot, kind)
    )


def source(snapshot: Snapshot, name: str, unit_name: str) -> SourceAnswer:
    """One source with its levels and its last bursts."""
    bursts = [burst for burst in snapshot.bursts if burst.source == name]
    return extended(
        SourceAnswer,
        _item(snapshot, "source", name, unit_name),
        desired=snapshot.desired.get(f"source {name}"),
        channels=tuple(_level(heard) for heard in snapshot.levels if heard.value.source == name),
        bursts=tuple(bursts[:BURSTS_SHOWN]),
    )


def receiver(snapshot: Snapshot, name: str, unit_name: str) -> ReceiverAnswer:
    """One receiver with the signals of its channels."""
    item = _item(snapshot, "receiver", name, unit_name)
    desired = snapshot.desired.get(f"receiver {name}")
    answer = extended(ReceiverAnswer, item, desired=desired, receiver=name)
    heard = next((one for one in snapshot.receivers if one.value.receiver == name), None)
    if heard is None:
        return answer
    known = {one.name: getattr(answer, one.name) for one in fields(ReceiverAnswer)}
    signals = {one.name: getattr(heard.value, one.name) for one in fields(heard.value)}
    state = "not heard" if heard.stale else heard.value.state
    fresh = {"heard_at": heard.heard_at, "stale": heard.stale, "state": state}
    return ReceiverAnswer(**{**known, **signals, **fresh})


def job(one: Job) -> JobAnswer:
    """One job with its totals and its last runs, newest first."""
    last = one.last_runs[0] if one.last_runs else None
    return extended(
        JobAnswer,
        one.totals,
        outcome=None if last is None else last.outcome,
        error=None if last is None else last.error,
        last_runs=one.last_runs,
    )


def _summary(one: Reception | ReceptionRow) -> ReceptionSummary:
    return extended(ReceptionSummary, one)


def _state(entry: AlertEntry) -> dict[str, Any]:
    state = "active" if entry.active else "ended"
    return {"state": state, "stored": entry.stored, "durable": entry.durable}


def _item(snapshot: Snapshot, kind: str, name: str, unit_name: str) -> ItemAnswer:
    """One configured part; what is not known of it is null."""
    for found in items(snapshot, kind):
        if found.name == name and found.unit == unit_name:
            return found
    why = f"{unit_name} has not been heard"
    return ItemAnswer(name, kind, unit_name, "not heard", why, None, None, {}, stale=True)


def _level(heard: LastMessage[AudioLevel]) -> LevelAnswer:
    return extended(LevelAnswer, heard.value, heard_at=heard.heard_at, stale=heard.stale)
