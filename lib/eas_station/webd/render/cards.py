"""Alerts as the page shows them: words, places, times; no markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from eas_station.alerts.identity.alike import alike
from eas_station.alerts.model import Alert, Reception
from eas_station.alerts.relevance import severity
from eas_station.alerts.vtec.ends import end_text
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.store.records.clips import Clip
from eas_station.webd.render.grades import GRADES, Grade
from eas_station.webd.render.times import Moment, TimeFormat, duration
from eas_station.webd.state.audio_channels import MONO
from eas_station.webd.state.snapshot import AlertEntry, Snapshot

PLACES_SHOWN = 8
ZONES_SHOWN = 12


class Names(severity.EventTable, Protocol):
    """Names of codes, and what is known of events (`tables.Tables`)."""

    def location_name(self, code: str) -> str:
        """ "Wood, OH"."""

    @property
    def zones(self) -> Mapping[str, tuple[str, ...]]:
        """The SAME codes of each UGC."""


@dataclass(frozen=True, slots=True)
class ReceptionLine:
    """One reception in one line."""

    where: str  # "Off the air: wx, 162.550 MHz"
    at: Moment
    quality: str


@dataclass(frozen=True, slots=True)
class AlertCard:
    """One alert on the page."""

    alert_id: str
    key: str  # the same in the spool and in the database
    grade: Grade
    title: str
    levels: str  # "Extreme · Immediate · Observed"
    places: str
    until: Moment | None  # its end, if the sender states one or it has ended
    remaining: str  # "23 min left", "ended 5 min ago", "until further notice"
    issued: Moment
    headline: str
    instruction: str
    description: str
    receptions: tuple[ReceptionLine, ...]
    ways: str  # "2 × off the air and by CAP"
    concerns: bool  # does it concern this station
    active: bool
    is_test: bool
    came: str  # when it was first received, ISO 8601, for the script
    clip_id: str | None  # the newest recording that can be played
    durable: bool  # False: in memory only
    notice: str  # what is wrong with this one; "" if nothing
    announced: bool  # a new one rings and is read out
    messages: int = 1  # alerts on this card that nobody can tell apart


@dataclass(frozen=True, slots=True)
class AlertGroups:
    """The cards of the page Now, gravest first."""

    here: tuple[AlertCard, ...]
    tests: tuple[AlertCard, ...]
    nearby: tuple[AlertCard, ...]  # on the map, outside our area
    elsewhere: tuple[AlertCard, ...]
    recent: tuple[AlertCard, ...]
    hidden: tuple[AlertCard, ...] = ()  # by an operator


class Presenter:
    """Turns alerts into cards, with the place names and the time zone of this station."""

    def __init__(self, names: Names, times: TimeFormat, own_codes: tuple[str, ...]) -> None:
        self._names, self._times, self._own_codes = names, times, own_codes

    def groups(
        self, snapshot: Snapshot, is_near: Callable[[Alert], bool] = lambda _: False
    ) -> AlertGroups:
        """All cards of one snapshot."""
        newest_first = sorted(snapshot.active, key=lambda one: one.alert.issued_at, reverse=True)
        shown = [one for one in newest_first if not one.hidden]
        real = [one for one in shown if not one.alert.is_test]
        others = [one for one in real if not one.alert.relevance.relevant]

        def cards(entries: Iterable[AlertEntry]) -> tuple[AlertCard, ...]:
            return self._gravest_first(entries, snapshot.as_of)

        return AlertGroups(
            here=cards(one for one in real if one.alert.relevance.relevant),
            tests=cards(one for one in shown if one.alert.is_test),
            nearby=cards(one for one in others if is_near(one.alert)),
            elsewhere=cards(one for one in others if not is_near(one.alert)),
            recent=tuple(self.card(entry, snapshot.as_of) for entry in snapshot.recent),
            hidden=tuple(self.card(one, snapshot.as_of) for one in newest_first if one.hidden),
        )

    def _gravest_first(self, entries: Iterable[AlertEntry], now: datetime) -> tuple[AlertCard, ...]:
        """The cards of entries; one for those that nobody can tell apart."""
        cards = [
            replace(self.card(one[0], now), messages=len(one))
            for one in alike(entries, lambda entry: entry.alert)
        ]
        return tuple(sorted(cards, key=lambda card: card.grade.rank))

    def card(self, entry: AlertEntry, now: datetime) -> AlertCard:
        """One alert as of `now`."""
        alert = entry.alert
        return AlertCard(
            alert_id=alert.alert_id,
            key=entry.receptions[0].reception_id if entry.receptions else alert.alert_id,
            grade=self.grade(alert),
            title=alert.event_name,
            levels=" · ".join(w for w in (alert.severity, alert.urgency, alert.certainty) if w),
            places=self.places(alert),
            until=self.moment(alert.ends_at, now)
            if alert.ends_at and (alert.end_kind == "time" or not entry.active)
            else None,
            remaining=self.remaining(alert, entry.active, now),
            issued=self.moment(alert.issued_at, now),
            headline=alert.headline or "",
            instruction=alert.instruction or "",
            description=alert.description or "",
            receptions=tuple(self.reception(reception, now) for reception in entry.receptions),
            ways=_ways(entry.receptions),
            concerns=alert.relevance.relevant,
            active=entry.active,
            is_test=alert.is_test,
            came=self.moment(alert.first_received_at, now).iso,
            clip_id=_playable(entry.clips),
            durable=entry.durable,
            notice=_notice(entry),
            announced=not _is_early(entry),
        )

    def remaining(self, alert: Alert, active: bool, now: datetime) -> str:
        """How long it stays in force, or how it ends: "23 min left", "until further notice"."""
        text = end_text(alert, now, lambda at: self.moment(at, now).local)
        if alert.ends_at is None or (text and (active or alert.end_reason is not None)):
            return text
        left_s = (alert.ends_at - now).total_seconds()
        if left_s > 0:
            return f"{duration(left_s)} left"
        return f"{'expired' if active else 'ended'} {duration(-left_s)} ago"

    def grade(self, alert: Alert) -> Grade:
        """How grave the alert is."""
        return GRADES[
            severity.rank(
                alert.event_code, alert.event_name, alert.severity, alert.is_test, self._names
            )
        ]

    def places(self, alert: Alert) -> str:
        """The places, our own first; the sender's own text only if there are no codes."""
        own = [code for code in alert.same_codes if code in self._own_codes]
        rest = [code for code in alert.same_codes if code not in self._own_codes]
        if not own and not rest:
            return alert.area_text or ", ".join(alert.ugc_codes[:PLACES_SHOWN])
        return self.listed((*own, *rest))

    def listed(self, codes: Iterable[str]) -> str:
        """The names of SAME codes by state, "Wood and Lucas, OH; Monroe, MI; and 12 more"."""
        names = list(dict.fromkeys(self._names.location_name(code) for code in codes))
        shown, more = names[:PLACES_SHOWN], len(names) - PLACES_SHOWN
        return "; ".join((*_by_state(shown), *((f"and {more} more",) if more > 0 else ())))

    def named(self, codes: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """SAME codes, each with its name."""
        return tuple((code, self._names.location_name(code)) for code in codes)

    def place_names(self, places: Iterable[str]) -> str:
        """The names of SAME codes and UGCs, a zone with its counties, "Wood, OH · OHZ003"."""
        codes: list[str] = []
        zones: list[str] = []
        for place in places:
            counties = (place,) if place[:1].isdigit() else self._names.zones.get(place, ())
            codes += counties
            if len(counties) != 1:  # a zone is not the same as its counties
                zones.append(place)
        shown = " ".join(zones[:ZONES_SHOWN]) + (" …" if len(zones) > ZONES_SHOWN else "")
        return " · ".join(([self.listed(codes)] if codes else []) + ([shown] if zones else []))

    def own_area(self, point: tuple[float, float] | None) -> str:
        """Our area in words: the names of its codes, else the point; "" if none is configured."""
        if self._own_codes:
            return self.listed(self._own_codes)
        return "" if point is None else f"{point[0]:.2f}, {point[1]:.2f}"

    def moment(self, moment: datetime, now: datetime, seconds: bool = False) -> Moment:
        """A time in the station's zone and UTC."""
        return self._times.moment(moment, now, seconds)

    def reception(self, reception: Reception | ReceptionRow, now: datetime) -> ReceptionLine:
        """One reception in one line."""
        at = self.moment(reception.received_at, now, seconds=True)
        if reception.via == "cap":
            return ReceptionLine(f"CAP: {reception.origin}", at, _signature(reception))
        return ReceptionLine(f"Off the air: {origin_name(reception)}", at, _quality(reception))


def _by_state(names: Iterable[str]) -> list[str]:
    """ "Wood, OH" and "Lucas, OH" as "Wood and Lucas, OH"; states in order of appearance."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        place, comma, state = name.rpartition(", ")
        grouped.setdefault(state if comma else "", []).append(place if comma else name)
    return [joined(places) + (f", {state}" if state else "") for state, places in grouped.items()]


def joined(words: list[str]) -> str:
    """ "Wood", "Wood and Lucas", "Wood, Lucas and Henry"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _playable(clips: Iterable[Clip]) -> str | None:
    """The newest recording that has a file."""
    playable = [clip.clip_id for clip in clips if clip.path and clip.removed_at is None]
    return playable[-1] if playable else None


def _ways(receptions: tuple[Reception | ReceptionRow, ...]) -> str:
    air = sum(1 for reception in receptions if reception.via == "same")
    cap = len(receptions) - air
    words = []
    if air:
        words.append("off the air" if air == 1 else f"{air} × off the air")
    if cap:
        words.append("by CAP" if cap == 1 else f"{cap} × by CAP")
    return " and ".join(words)


def origin_name(reception: Reception | ReceptionRow) -> str:
    """The feed, or the source and its channel: "wx, 162.550 MHz"."""
    channel = "" if reception.channel in (None, MONO) else f", {reception.channel} MHz"
    return f"{reception.origin}{channel}"


def _quality(reception: Reception | ReceptionRow) -> str:
    evidence = reception.evidence
    if evidence is None:
        return ""
    words = [f"{evidence.bursts} of 3 bursts", "agreed" if evidence.agreed else "reconstructed"]
    if evidence.snr_db is not None:
        words.append(f"{evidence.snr_db:.0f} dB")
    return ", ".join(words)


def _signature(reception: Reception | ReceptionRow) -> str:
    if reception.signature in (None, "unsigned"):
        return "" if reception.signature is None else "not signed"
    return f"signature {reception.signature}"


def _is_unverified(entry: AlertEntry) -> bool:
    """Has every reception a signature that is invalid or could not be checked?"""
    signatures = [one.signature or "" for one in entry.receptions]
    return bool(signatures) and all(one.startswith(("invalid", "unchecked")) for one in signatures)


def _is_early(entry: AlertEntry) -> bool:
    """Is all that is known of it a header whose date lies in the future: 47 CFR 11.33(a)(10)."""
    heard = entry.full_receptions()
    return bool(heard) and all(one.statement.is_early for one in heard)


def _notice(entry: AlertEntry) -> str:
    if not entry.durable:
        return "In memory only: the spool could not be written. Write this down."
    if _is_unverified(entry):
        return "Unverified: its sender could not be verified. It may be forged."
    if entry.alert.doubt is not None:
        return f"{entry.alert.doubt[:1].upper()}{entry.alert.doubt[1:]}."
    if not entry.stored:
        return "Not in the database yet."
    if any(not reception.clock_trusted for reception in entry.full_receptions()):
        return "Received while the clock was not trusted: its times may be wrong."
    return ""
