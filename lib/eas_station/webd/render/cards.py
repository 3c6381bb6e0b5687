"""Warnings as the page shows them: words, places, times; no markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from eas_station.alerts.model import Alert, Reception
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.store.records.clips import Clip
from eas_station.webd.render.grades import GRADES, Grade
from eas_station.webd.render.times import Clockface, Moment, lasted
from eas_station.webd.state.snapshot import AlertEntry, Snapshot

PLACES_SHOWN = 8


class Names(Protocol):
    """Names of codes (`tables.Tables`)."""

    def event_class(self, code: str) -> str:
        """warning, watch, advisory, statement, emergency, test, national or admin."""

    def location_name(self, code: str) -> str:
        """ "Wood, OH"."""

    @property
    def zones(self) -> Mapping[str, tuple[str, ...]]:
        """The SAME codes of each UGC."""


SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor")


@dataclass(frozen=True, slots=True)
class HearingLine:
    """One reception in one line."""

    where: str  # "Off the air: wx, 162.550 MHz"
    at: Moment
    how_well: str
    spooled: bool = False


@dataclass(frozen=True, slots=True)
class AlertCard:
    """One warning on the page."""

    alert_id: str
    key: str  # stays the same while its receptions go from the spool to the database
    grade: Grade
    title: str
    levels: str  # "Extreme · Immediate · Observed"
    places: str
    until: Moment | None
    remaining: str  # "23 min left", "ended 5 min ago", "until further notice"
    issued: Moment
    sender: str
    headline: str
    instruction: str
    description: str
    hearings: tuple[HearingLine, ...]
    heard: str  # "Heard 3 times: off the air and by CAP"
    concerns: bool
    why: str
    active: bool
    is_test: bool
    came: str  # when it was first received, for the script
    clip_id: str | None  # the newest recording that can be played
    durable: bool  # False: in memory only
    notice: str  # what is not as it should be with this one; "" if nothing


@dataclass(frozen=True, slots=True)
class Hand:
    """The cards of the page Now, gravest first."""

    here: tuple[AlertCard, ...]
    tests: tuple[AlertCard, ...]
    nearby: tuple[AlertCard, ...]  # on the map, but not in our area
    elsewhere: tuple[AlertCard, ...]
    recent: tuple[AlertCard, ...]


class Presenter:
    """Turns entries into cards, with the names and the clock of this station."""

    def __init__(self, names: Names, clockface: Clockface, own_codes: tuple[str, ...]) -> None:
        self._names, self._clockface, self._own_codes = names, clockface, own_codes

    def hand(self, picture: Snapshot, is_near: Callable[[Alert], bool] = lambda _: False) -> Hand:
        """All cards of one picture."""
        near = {one.alert.alert_id for one in picture.active if is_near(one.alert)}
        cards = sorted(
            (self.card(entry, picture.as_of) for entry in picture.active), key=_gravest_first
        )
        real = [card for card in cards if not card.is_test]
        others = [card for card in real if not card.concerns]
        return Hand(
            here=tuple(card for card in real if card.concerns),
            tests=tuple(card for card in cards if card.is_test),
            nearby=tuple(card for card in others if card.alert_id in near),
            elsewhere=tuple(card for card in others if card.alert_id not in near),
            recent=tuple(self.card(entry, picture.as_of) for entry in picture.recent),
        )

    def card(self, entry: AlertEntry, now: datetime) -> AlertCard:
        """One warning as of `now`."""
        alert = entry.alert
        return AlertCard(
            alert_id=alert.alert_id,
            key=entry.receptions[0].reception_id if entry.receptions else alert.alert_id,
            grade=self.grade(alert),
            title=alert.event_name,
            levels=" · ".join(w for w in (alert.severity, alert.urgency, alert.certainty) if w),
            places=self.places(alert),
            until=self.moment(alert.ends_at, now) if alert.ends_at else None,
            remaining=remaining(alert, entry.active, now),
            issued=self.moment(alert.issued_at, now),
            sender=alert.sender_name or alert.originator or "",
            headline=alert.headline or "",
            instruction=alert.instruction or "",
            description=alert.description or "",
            hearings=tuple(self.hearing(reception, now) for reception in entry.receptions),
            heard=_heard(entry.receptions),
            concerns=alert.relevance.relevant,
            why=_why(alert),
            active=entry.active,
            is_test=alert.is_test,
            came=self.moment(alert.first_received_at, now).iso,
            clip_id=_playable(entry.clips),
            durable=entry.durable,
            notice=_notice(entry),
        )

    def grade(self, alert: Alert) -> Grade:
        """The grade by event code; without one, by the last word of its name."""
        if alert.is_test:
            return GRADES["test"]
        last_word = alert.event_name.rpartition(" ")[2].lower()
        if alert.event_code is None:
            return GRADES.get(last_word, GRADES["statement"])
        return GRADES.get(self._names.event_class(alert.event_code), GRADES["statement"])

    def places(self, alert: Alert) -> str:
        """The places, our own first; a text of the sender only where there are no codes."""
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

    def own_area(self, point: tuple[float, float] | None) -> str:
        """Our area in words: the names of its codes, else the point; "" if none is configured."""
        if self._own_codes:
            return self.listed(self._own_codes)
        return "" if point is None else f"{point[0]:.2f}, {point[1]:.2f}"

    def moment(self, moment: datetime, now: datetime, seconds: bool = False) -> Moment:
        """A time in the station's zone and UTC."""
        return self._clockface.moment(moment, now, seconds)

    def hearing(self, reception: Reception | ReceptionRow, now: datetime) -> HearingLine:
        """One reception in one line."""
        at = self.moment(reception.received_at, now, seconds=True)
        if reception.via == "cap":
            return HearingLine(f"CAP: {reception.origin}", at, _signature(reception))
        return HearingLine(
            f"Off the air: {reception.origin}{_channel(reception)}", at, _quality(reception)
        )


def _by_state(names: Iterable[str]) -> list[str]:
    """ "Wood, OH" and "Lucas, OH" as "Wood and Lucas, OH"; states in the order they come."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        place, comma, state = name.rpartition(", ")
        grouped.setdefault(state if comma else "", []).append(place if comma else name)
    return [_joined(places) + (f", {state}" if state else "") for state, places in grouped.items()]


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _gravest_first(card: AlertCard) -> tuple[int, int, str]:
    severity = card.levels.partition(" ")[0]
    order = SEVERITIES.index(severity) if severity in SEVERITIES else 1
    return (card.grade.rank, order, _reversed_text(card.issued.iso))


def _reversed_text(text: str) -> str:
    return "".join(chr(0x7F - ord(character)) for character in text)


def remaining(alert: Alert, active: bool, now: datetime) -> str:
    """How long it still holds, or why it is over: "23 min left"."""
    if alert.end_reason is not None:
        return alert.end_reason
    if alert.ends_at is None:
        return "until further notice"
    left_s = (alert.ends_at - now).total_seconds()
    if left_s > 0:
        return f"{lasted(left_s)} left"
    return (
        f"{'time is up since' if active else 'ended'} {lasted(-left_s)}{'' if active else ' ago'}"
    )


def _playable(clips: Iterable[Clip]) -> str | None:
    """The newest recording that has a file."""
    there = [clip.clip_id for clip in clips if clip.path and clip.removed_at is None]
    return there[-1] if there else None


def _heard(receptions: tuple[Reception | ReceptionRow, ...]) -> str:
    air = sum(1 for reception in receptions if reception.via == "same")
    cap = len(receptions) - air
    words = []
    if air:
        words.append("off the air" if air == 1 else f"{air} × off the air")
    if cap:
        words.append("by CAP" if cap == 1 else f"{cap} × by CAP")
    return " and ".join(words)


def _why(alert: Alert) -> str:
    decided = [step for step in alert.relevance.trace if step.rule == alert.relevance.rule]
    return decided[-1].why if decided else alert.relevance.rule


def _channel(reception: Reception | ReceptionRow) -> str:
    if reception.channel is None or reception.channel == "mono":
        return ""
    return f", {reception.channel} MHz"


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
    """Does all that is known of it come with a signature that is wrong or could not be checked?"""
    signatures = [one.signature or "" for one in entry.receptions]
    return bool(signatures) and all(one.startswith(("invalid", "unchecked")) for one in signatures)


def _notice(entry: AlertEntry) -> str:
    if not entry.durable:
        return "In memory only: the spool could not be written. Write this down."
    if _is_unverified(entry):
        return "Unverified: nobody can vouch for its sender. It may be forged."
    if not entry.stored:
        return "Not in the database yet."
    if any(not reception.clock_trusted for reception in entry.full_receptions()):
        return "Received while the clock was not trusted: its times may be wrong."
    return ""
