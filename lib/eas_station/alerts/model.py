"""The two nouns: Alert, one real-world warning, and Reception, one hearing of it.

Values only: frozen, made of strings, numbers and aware UTC times, so that they travel over the
bus and into the database as they are (`eas_station.wire`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Via = Literal["same", "cap"]
Kind = Literal["alert", "update", "cancel"]
Status = Literal["actual", "exercise", "system", "test", "draft"]
State = Literal["active", "ended"]
ChangeKind = Literal["new", "updated", "ended", "joined"]
Strength = Literal["strong", "same", "air", "cap"]
EndKind = Literal["time", "until_further_notice", "no_end_given", "unknown"]
Ring = tuple[tuple[float, float], ...]  # closed, (latitude, longitude) in degrees
Circle = tuple[float, float, float]  # latitude, longitude in degrees, radius in km
ENDED_BY_OPERATOR = "ended by operator"  # an end_reason
RELEASED = "released"  # the rule that says: it did concern us, it no longer does


@dataclass(frozen=True, slots=True)
class MessageId:
    """What makes a CAP message that message: all three together (CAP 1.2, 3.2.1)."""

    sender: str
    identifier: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class EventRef:
    """One P-VTEC event as a message speaks of it (NWS Directive 10-1703)."""

    key: str  # office.phenomenon.significance.number.year, "KMOB.TO.A.0641.2025"
    action: str  # NEW CON EXT EXA EXB UPG CAN EXP COR ROU
    product_class: str  # O operational, T test, E experimental, X experimental in operational
    begins_at: datetime | None  # None: already begun
    ends_at: datetime | None  # None: until further notice


@dataclass(frozen=True, slots=True)
class InfoBlock:
    """One of several info blocks of a CAP message: a place, a level or a time of its own."""

    event_name: str
    event_code: str | None
    severity: str | None
    urgency: str | None
    certainty: str | None
    headline: str | None
    description: str | None
    instruction: str | None
    area_text: str | None
    onset_at: datetime | None
    over_at: datetime | None  # None: not said
    same_codes: tuple[str, ...] = ()
    ugc_codes: tuple[str, ...] = ()
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    canada_codes: tuple[str, ...] = ()
    geocodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What one message says, in the station's words, whether it came by CAP or off the air."""

    kind: Kind
    status: Status
    event_name: str  # "Tornado Warning"; for an unknown code the code itself
    issued_at: datetime
    event_code: str | None = None  # SAME EEE
    originator: str | None = None  # SAME ORG
    callsign: str | None = None  # LLLLLLLL of the station that sent it, SAME only
    same_codes: tuple[str, ...] = ()  # PSSCCC, in the order sent
    ugc_codes: tuple[str, ...] = ()
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    onset_at: datetime | None = None
    expires_at: datetime | None = None  # the message's text runs out; SAME: + purge time
    ends_at: datetime | None = None  # the event ends; None: not said, use expires_at
    message: MessageId | None = None  # CAP only
    references: tuple[MessageId, ...] = ()  # CAP references and expiredReferences
    events: tuple[EventRef, ...] = ()  # P-VTEC
    same_header: str | None = None  # as heard, or as ECIG translates the CAP message
    same_refusal: str | None = None  # why the CAP message gives no SAME header
    severity: str | None = None
    urgency: str | None = None
    certainty: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    area_text: str | None = None
    sender_name: str | None = None
    language: str | None = None
    web: str | None = None
    canada_codes: tuple[str, ...] = ()  # SGC and CLC, in the order sent; CAP only
    geocodes: tuple[str, ...] = ()  # of other systems, "EMMA_ID:AT402"; CAP only
    blocks: tuple[InfoBlock, ...] = ()  # if there are several in its language, in their order
    correction: str | None = None  # BBB of the WMO heading: "CCA", "RRA"; text products only
    doubt: str | None = None  # what of it is not believed; SAME only
    is_early: bool = False  # its date lies in the future: it raises no alarm; SAME only


@dataclass(frozen=True, slots=True)
class Evidence:
    """How well a SAME message was heard (47 CFR 11.33)."""

    bursts: int  # how many of the three transmissions were heard, 1 to 3
    agreed: bool  # two of three agreed bit by bit; False: reconstructed, shown but never relayed
    posterior: float  # 0 to 1: probability that the printed text is the one sent
    snr_db: float | None = None  # Eb/N0 of one burst, mean over the bursts
    baud_error: float | None = None  # relative, +0.004 = 0.4 % fast
    tone_error_hz: float | None = None
    eye_opening: float | None = None  # 0 closed to 1 open
    repaired: tuple[int, ...] = ()  # characters that were not a majority's
    sources: tuple[str, ...] = ()  # channels it was read from where none could read it alone


@dataclass(frozen=True, slots=True)
class Reception:
    """One hearing of a warning: immutable, the record of what came in and when."""

    reception_id: str  # UUID
    via: Via
    origin: str  # the source's or the feed's name
    channel: str | None  # "162.550"; None: CAP
    received_at: datetime
    raw: str  # the header exactly as decoded, or the CAP document
    statement: Statement
    evidence: Evidence | None = None  # SAME only
    # CAP: "valid", "invalid: why", "unchecked: why" (nobody could), "unsigned"; None: nobody asked
    signature: str | None = None
    clock_trusted: bool = True  # was the clock trusted at received_at


@dataclass(frozen=True, slots=True)
class RuleStep:
    """One rule that was asked, and what it said."""

    rule: str  # "same-code", "national", "polygon" ...
    passed: bool
    why: str  # a sentence for the operator


@dataclass(frozen=True, slots=True)
class Relevance:
    """Does it concern this station, and which rules said so."""

    relevant: bool
    rule: str  # the rule that decided
    trace: tuple[RuleStep, ...]

    @property
    def ever(self) -> bool:
        """Does it concern the station, or did it until our places were released."""
        return self.relevant or any(step.rule == RELEASED for step in self.trace)


@dataclass(frozen=True, slots=True)
class Alert:
    """One real-world warning with all that is known of it: the fold of its receptions."""

    alert_id: str  # UUID
    status: Status
    is_test: bool  # status is not actual, or RWT, RMT, NPT, DMO, or VTEC class T
    event_name: str
    event_code: str | None
    originator: str | None
    issued_at: datetime
    first_received_at: datetime
    last_received_at: datetime
    ends_at: datetime | None  # no place is in force from then on; None: not known, stays active
    end_reason: str | None  # "cancelled", "replaced", ENDED_BY_OPERATOR; None: by time
    ended_at: datetime | None  # when the station recorded the end; None: not yet
    same_codes: tuple[str, ...]  # in force after updates and cancels
    ugc_codes: tuple[str, ...]
    polygons: tuple[Ring, ...]
    relevance: Relevance
    reception_count: int
    same_header: str | None = None
    severity: str | None = None
    urgency: str | None = None
    certainty: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    area_text: str | None = None
    sender_name: str | None = None
    onset_at: datetime | None = None
    severity_rank: int = 5  # how grave: 0 a national emergency to 9 a test, see `severity`
    end_kind: EndKind = "time"
    next_change_at: datetime | None = None  # when time alone changes it before its end; None: never
    expires_at: datetime | None = None  # the newest text runs out; None: it does not say
    events: tuple[str, ...] = ()  # keys of its P-VTEC events in force, or held last
    doubt: str | None = None  # what of the newest message is not believed


@dataclass(frozen=True, slots=True)
class Key:
    """One name under which an alert can be found again.

    A `strong` key names a message or an event, a `same` key a header without its call sign. What
    was heard off the air has `air` keys and looks for `cap` keys, a CAP message does the contrary.
    """

    strength: Strength
    text: str  # ≤ 200 characters: hash what can be long


@dataclass(frozen=True, slots=True)
class HeardText:
    """One text of an alert, as often as it was heard.

    Of the hearings of one header the first is enough: the others say nothing else, and in a week
    there can be thousands of them.
    """

    first: Reception
    number: int  # order in which the first was recorded
    last_at: datetime  # when it was heard last
    count: int = 1

    @property
    def name(self) -> tuple[object, ...]:
        """What further hearings of it have in common with the first."""
        return name_of_text(self.first)


def name_of_text(reception: Reception) -> tuple[object, ...]:
    """By what the hearings of one text are known."""
    if reception.via == "same":
        return reception.raw, reception.clock_trusted
    return (reception.reception_id,)


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert with all that was heard of it, oldest first."""

    alert: Alert
    number: int  # order in which the alerts were created
    texts: tuple[HeardText, ...]

    @property
    def receptions(self) -> tuple[Reception, ...]:
        """The first hearing of each text."""
        return tuple(text.first for text in self.texts)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a reception has made of one alert."""

    known: KnownAlert  # as it stands now
    previous: Alert | None  # as it stood; None: it is new
    joined: tuple[str, ...] = ()  # the ids of the alerts that became part of it


@dataclass(frozen=True, slots=True)
class Change:
    """One numbered change of an alert; numbers follow the order of commit."""

    change_id: int
    alert_id: str
    kind: ChangeKind
    at: datetime
    why: str
    event_code: str | None = None
    other_id: str | None = None  # "joined": the alert that became part of this one


class AdmissionRules(Protocol):
    """The rules by which receptions become alerts. `admission.Admission` implements them.

    A Protocol, because the store may import this module only.
    """

    def admits(self, reception: Reception) -> bool:
        """Is it a warning at all. What is none is not recorded."""

    def keys(self, reception: Reception) -> tuple[Key, ...]:
        """The names under which its alert is found again."""

    def sought(self, reception: Reception) -> tuple[Key, ...]:
        """The names of the alerts that it can be of."""

    def rivals(self, receptions: Sequence[Reception]) -> tuple[Key, ...]:
        """The names of further alerts to be asked, beside a known one with these receptions."""

    def admit(
        self,
        text: HeardText | None,
        known: Sequence[KnownAlert],
        begin: Callable[[], tuple[str, int]],
    ) -> tuple[Admitted, ...]:
        """Bring a reception to its alert; gives every alert that changes, its own first.

        Args:
            text: the reception; None: there is none, but the clock has come to be trusted.
            known: the alerts that share a key with it, and their rivals.
            begin: gives the id and the number of a new alert.
        """

    def fold(self, alert_id: str, receptions: Sequence[Reception], previous: Alert | None) -> Alert:
        """The whole alert as it now stands; receptions oldest first, of those of one header the
        first."""
