"""Everything about one warning, and the rows that only the page System has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from eas_station.alerts.model import RuleStep
from eas_station.errors import StoreError
from eas_station.store.records.clips import Clip
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.render.alert_history import AlertHistory, HistoryStep
from eas_station.webd.render.cards import Names, Presenter
from eas_station.webd.render.evidence import ReceptionDetail, details
from eas_station.webd.render.languages import OtherLanguage, other_languages
from eas_station.webd.render.times import Clockface, Moment
from eas_station.webd.render.waveform import Waveform, waveform
from eas_station.webd.state.snapshot import AlertEntry

ZONES_SHOWN = 12
SHOWN_KINDS = ("feed", "source", "receiver")


@dataclass(frozen=True, slots=True)
class Recording:
    """One clip as the page shows it."""

    clip: Clip
    waveform: Waveform | None
    playable: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the warning."""

    at: Moment
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What the page of one warning has besides its card."""

    places: tuple[tuple[str, str], ...]  # code, name
    facts: tuple[tuple[str, str], ...]
    times: tuple[tuple[str, Moment], ...]
    receptions: tuple[ReceptionDetail, ...]
    trace: tuple[RuleStep, ...]
    decided_by: str
    history: tuple[Step, ...]
    chain: tuple[HistoryStep, ...]
    recordings: tuple[Recording, ...]
    tongues: tuple[OtherLanguage, ...]
    header: str | None
    stored: bool  # False: only a spool has it, so nothing can be said about it yet


def of(
    entry: AlertEntry,
    queries: RecordQueries,
    names: Names,
    presenter: Presenter,
    clockface: Clockface,
    now: datetime,
) -> Detail:
    """The detail of one warning. What only the database has is left out while it is away."""
    alert = entry.alert
    try:
        history, clips = queries.history(alert.alert_id), queries.clips(alert.alert_id)
    except StoreError:
        history, clips = (), entry.clips
    receptions = entry.full_receptions()
    return Detail(
        places=tuple((code, names.location_name(code)) for code in alert.same_codes),
        facts=_facts(entry),
        times=_times(entry, clockface, now),
        receptions=details(receptions, clips, presenter, now),
        trace=alert.relevance.trace,
        decided_by=alert.relevance.rule,
        history=tuple(
            Step(clockface.moment(one.at, now, seconds=True), one.kind, one.why) for one in history
        ),
        chain=AlertHistory(PlaceWords(names, presenter), clockface, now).of(receptions, history),
        recordings=tuple(recording(clip) for clip in clips),
        tongues=other_languages(receptions),
        header=alert.same_header,
        stored=entry.stored,
    )


def recording(clip: Clip) -> Recording:
    """One clip; of one that has no file only what is known of it."""
    return Recording(clip, waveform(clip), bool(clip.path) and clip.removed_at is None)


class PlaceWords:
    """Names of UGCs and SAME codes: a zone is named by its counties."""

    def __init__(self, names: Names, presenter: Presenter) -> None:
        self._names, self._presenter = names, presenter

    def of(self, places: Iterable[str]) -> str:
        """ "Wood and Lucas, OH; zones OHZ003"."""
        codes: list[str] = []
        zones: list[str] = []
        for place in places:
            counties = (place,) if place[:1].isdigit() else self._names.zones.get(place, ())
            codes += counties
            if len(counties) != 1:  # a zone is not the same as its counties
                zones.append(place)
        shown = " ".join(zones[:ZONES_SHOWN]) + (" …" if len(zones) > ZONES_SHOWN else "")
        said = ([self._presenter.listed(codes)] if codes else []) + ([shown] if zones else [])
        return " · ".join(said)


def _facts(entry: AlertEntry) -> tuple[tuple[str, str], ...]:
    alert = entry.alert
    facts = (
        ("Status", alert.status),
        ("Event code", alert.event_code),
        ("Originator", alert.originator),
        ("Sender", alert.sender_name),
        ("Severity", alert.severity),
        ("Urgency", alert.urgency),
        ("Certainty", alert.certainty),
        ("Area", alert.area_text),
        ("Zones", " ".join(alert.ugc_codes)),
    )
    return tuple((name, value) for name, value in facts if value)


def _times(entry: AlertEntry, face: Clockface, now: datetime) -> tuple[tuple[str, Moment], ...]:
    alert = entry.alert
    times = (
        ("Issued", alert.issued_at),
        ("Begins", alert.onset_at),
        ("Ends", alert.ends_at),
        ("First received", alert.first_received_at),
        ("Last received", alert.last_received_at),
        ("Recorded as ended", alert.ended_at),
    )
    return tuple((name, face.moment(at, now, seconds=True)) for name, at in times if at)
