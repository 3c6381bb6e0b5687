"""Values of the snapshot and the record as the API answers them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from eas_station.alerts.model import Alert, Change, Reception
from eas_station.bus.messages import AudioLevel
from eas_station.store.alerts.flags import AlertFlags
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.store.records.clips import Clip
from eas_station.webd.api.answers import (
    AlertSaid,
    AlertWhole,
    HearingSaid,
    ItemSaid,
    JobSaid,
    LevelSaid,
    ReceiverSaid,
    RemarkSaid,
    SourceSaid,
    UnitSaid,
    UnitSilent,
)
from eas_station.webd.render.station_health import parts, station_health
from eas_station.webd.state.snapshot import AlertEntry, Job, LastMessage, Snapshot, Unit

BURSTS_SAID = 10

_ALERT = tuple(one.name for one in fields(Alert))


def alert(entry: AlertEntry) -> AlertSaid:
    """One warning in a list."""
    return AlertSaid(**_common(entry), receptions=tuple(hearing(one) for one in entry.receptions))


def whole_alert(
    entry: AlertEntry,
    changes: tuple[Change, ...] | None,
    clips: tuple[Clip, ...] | None,
    flags: AlertFlags | None,
) -> AlertWhole:
    """One warning with the raw texts and the whole statements of its receptions."""
    heard = tuple(one if isinstance(one, Reception) else hearing(one) for one in entry.receptions)
    return AlertWhole(**_common(entry), receptions=heard, changes=changes, clips=clips, flags=flags)


def hearing(one: Reception | ReceptionRow) -> HearingSaid:
    """One reception without what it said."""
    return HearingSaid(**_taken(one, HearingSaid))


def unit(one: Unit) -> UnitSaid | UnitSilent:
    """One daemon."""
    if one.heard is None:
        return UnitSilent(one.name)
    status, stale = one.heard.value, one.heard.stale
    own = {"state", "reported_state", "cpu_percent", "heard_at", "stale"}
    return UnitSaid(
        **{f.name: getattr(status, f.name) for f in fields(UnitSaid) if f.name not in own},
        state="not heard" if stale else status.state,
        reported_state=status.state,
        cpu_percent=None if one.cpu_percent is None else round(one.cpu_percent, 2),
        heard_at=one.heard.heard_at,
        stale=stale,
    )


def items(snapshot: Snapshot, kind: str) -> tuple[ItemSaid, ...]:
    """Feeds, sources or receivers as their daemons last spoke of them."""
    return tuple(
        ItemSaid(
            name=part.item.name,
            kind=part.item.kind,
            unit=part.unit.name,
            state="not heard" if part.stale else part.item.state,
            sentence=part.item.sentence,
            since_at=part.item.since_at,
            last_good_at=part.item.last_good_at,
            counters=part.item.counters,
            stale=part.stale,
        )
        for part in parts(snapshot, kind)
    )


def item(snapshot: Snapshot, kind: str, name: str, unit_name: str) -> ItemSaid:
    """One configured part; what is not known of it is null."""
    for found in items(snapshot, kind):
        if found.name == name and found.unit == unit_name:
            return found
    why = f"{unit_name} has not been heard"
    return ItemSaid(name, kind, unit_name, "not heard", why, None, None, {}, stale=True)


def source(snapshot: Snapshot, name: str, unit_name: str) -> SourceSaid:
    """One source with its levels and its last bursts."""
    bursts = [burst for burst in snapshot.bursts if burst.source == name]
    return SourceSaid(
        **_taken(item(snapshot, "source", name, unit_name), ItemSaid),
        desired=snapshot.desired.get(f"source {name}"),
        channels=tuple(level(heard) for heard in snapshot.levels if heard.value.source == name),
        bursts=tuple(bursts[:BURSTS_SAID]),
    )


def level(heard: LastMessage[AudioLevel]) -> LevelSaid:
    """The last level of a channel."""
    said = _taken(heard.value, AudioLevel)
    return LevelSaid(**said, heard_at=heard.heard_at, stale=heard.stale)


def receiver(snapshot: Snapshot, name: str, unit_name: str) -> ReceiverSaid:
    """One radio with what it hears."""
    said = _taken(item(snapshot, "receiver", name, unit_name), ItemSaid)
    said |= {"desired": snapshot.desired.get(f"receiver {name}"), "receiver": name}
    heard = next((one for one in snapshot.receivers if one.value.receiver == name), None)
    if heard is not None:
        state = heard.value
        names = {one.name for one in fields(ReceiverSaid)} & {one.name for one in fields(state)}
        said |= {one: getattr(state, one) for one in names}
        said |= {"heard_at": heard.heard_at, "stale": heard.stale}
        said["state"] = "not heard" if heard.stale else state.state
    return ReceiverSaid(**said)


def job(one: Job) -> JobSaid:
    """One job with its totals and its last runs, newest first."""
    last = one.last_runs[0] if one.last_runs else None
    return JobSaid(
        **_taken(one.totals, type(one.totals)),
        outcome=None if last is None else last.outcome,
        error=None if last is None else last.error,
        last_runs=one.last_runs,
    )


def health(snapshot: Snapshot) -> dict[str, Any]:
    """The station's health: state, sentence, remarks."""
    health = station_health(snapshot)
    remarks = tuple(RemarkSaid(remark.text, remark.fault) for remark in health.remarks)
    return {"state": health.state, "sentence": health.sentence, "remarks": remarks}


def _common(entry: AlertEntry) -> dict[str, Any]:
    said = {name: getattr(entry.alert, name) for name in _ALERT}
    state = "active" if entry.active else "ended"
    return said | {"state": state, "stored": entry.stored, "durable": entry.durable}


def _taken(value: Any, kind: type[Any]) -> dict[str, Any]:
    """The fields of `kind` as `value` has them."""
    return {one.name: getattr(value, one.name) for one in fields(kind)}
