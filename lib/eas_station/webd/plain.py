"""Values as the API gives them: plain dicts, the wire's names and forms of time."""

from __future__ import annotations

from typing import Any

from eas_station.alerts.model import Reception
from eas_station.store.receptions import Hearing
from eas_station.webd.picture import Entry, Heard, Job, Picture, Unit
from eas_station.webd.wellbeing import judge, parts
from eas_station.wire import time_to_text, to_plain

Plain = dict[str, Any]


def alert(entry: Entry, full: bool = False) -> Plain:
    """One warning. `full`: with the raw texts and the whole statements of its receptions."""
    said: Plain = to_plain(entry.alert)
    said["state"] = "active" if entry.active else "ended"
    said["stored"], said["durable"] = entry.stored, entry.durable
    said["receptions"] = [reception(one, full) for one in entry.receptions]
    return said


def reception(one: Reception | Hearing, full: bool) -> Plain:
    """One hearing; `full`: with its raw text and the whole statement."""
    if full and isinstance(one, Reception):
        said: Plain = to_plain(one)
        return said
    return {
        "reception_id": one.reception_id,
        "via": one.via,
        "origin": one.origin,
        "channel": one.channel,
        "received_at": time_to_text(one.received_at),
        "evidence": to_plain(one.evidence),
        "signature": one.signature,
    }


def unit(one: Unit) -> Plain:
    """One daemon."""
    if one.heard is None:
        return {"unit": one.name, "state": "not heard", "stale": True, "heard_at": None}
    said: Plain = to_plain(one.heard.value)
    del said["last_seq"]
    said |= _freshness(one.heard)
    said["cpu_percent"] = None if one.cpu_percent is None else round(one.cpu_percent, 2)
    said["reported_state"] = said["state"]
    if one.heard.stale:
        said["state"] = "not heard"
    return said


def heard(one: Heard[Any]) -> Plain:
    """A level or a receiver's state, and how old it is."""
    said: Plain = to_plain(one.value)
    return said | _freshness(one)


def items(picture: Picture, kind: str) -> list[Plain]:
    """Feeds, sources or receivers as their daemons last spoke of them."""
    return [
        to_plain(part.item)
        | {"unit": part.unit.name, "stale": part.stale}
        | ({"state": "not heard"} if part.stale else {})
        for part in parts(picture, kind)
    ]


def item(picture: Picture, kind: str, name: str, unit_name: str) -> Plain:
    """One configured part; what is not known of it is null."""
    for found in items(picture, kind):
        if found["name"] == name and found["unit"] == unit_name:
            return found
    return {
        "name": name,
        "kind": kind,
        "unit": unit_name,
        "state": "not heard",
        "sentence": f"{unit_name} has not been heard",
        "since_at": None,
        "last_good_at": None,
        "counters": {},
        "stale": True,
    }


def job(one: Job) -> Plain:
    """One job with its totals and its last runs, newest first."""
    said: Plain = to_plain(one.totals)
    last = one.last_runs[0] if one.last_runs else None
    said["outcome"] = None if last is None else last.outcome
    said["error"] = None if last is None else last.error
    said["last_runs"] = to_plain(one.last_runs)
    return said


def wellbeing(picture: Picture) -> Plain:
    """The station's health."""
    health = judge(picture)
    return {
        "state": health.state,
        "sentence": health.sentence,
        "remarks": [{"text": remark.text, "fault": remark.fault} for remark in health.remarks],
    }


def _freshness(one: Heard[Any]) -> Plain:
    return {"heard_at": time_to_text(one.heard_at), "stale": one.stale}
