"""What the API answers, as types: the description of the API is made from them.

Interfaces other programs rely on: fields are added, never changed. Where a type of the bus or the
record says it all, that type is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from eas_station.alerts.model import Alert, Change, Evidence, Reception, Via
from eas_station.bus.messages import AudioLevel, ChannelState, ItemState, SameBurst
from eas_station.store.alerts.flags import AlertFlags
from eas_station.store.records.clips import Clip
from eas_station.store.records.jobs import JobRun, JobTotals

PartState = Literal["running", "reconnecting", "stopped", "failed", "not heard"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not answered (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str  # a sentence for people


@dataclass(frozen=True, slots=True)
class HearingSaid:
    """One reception without what it said."""

    reception_id: str
    via: Via
    origin: str
    channel: str | None
    received_at: datetime
    evidence: Evidence | None
    signature: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSaid(Alert):
    """An alert in a list."""

    state: Literal["active", "ended"]
    stored: bool  # false: one of its receptions waits in a spool
    durable: bool  # false: one of its receptions is in memory only
    receptions: tuple[HearingSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWhole(Alert):
    """Everything known of an alert; what only the database has is null while that is away."""

    state: Literal["active", "ended"]
    stored: bool
    durable: bool
    receptions: tuple[Reception | HearingSaid, ...]
    changes: tuple[Change, ...] | None
    clips: tuple[Clip, ...] | None
    flags: AlertFlags | None


@dataclass(frozen=True, slots=True)
class AlertsSaid:
    """A page of alerts, newest first."""

    alerts: tuple[AlertSaid, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RemarkSaid:
    """What is not as it should be."""

    text: str
    fault: bool


@dataclass(frozen=True, slots=True)
class PlaceSaid:
    """A place of our area."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class StationSaid:
    """Whose page it is."""

    name: str
    callsign: str
    area: tuple[PlaceSaid, ...]


@dataclass(frozen=True, slots=True)
class DatabaseSaid:
    """Whether the record answers."""

    state: Literal["online", "offline"]
    since_at: datetime


@dataclass(frozen=True, slots=True)
class CountsSaid:
    """How many alerts are in force."""

    active: int
    here: int
    elsewhere: int
    tests: int
    not_stored: int  # receptions


@dataclass(frozen=True, slots=True)
class UnitSilent:
    """A daemon that has not been heard since this page's process began."""

    unit: str
    state: Literal["not heard"] = "not heard"
    stale: bool = True
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnitSaid:
    """A daemon's last word."""

    unit: str
    state: Literal["starting", "running", "degraded", "stopping", "not heard"]
    reported_state: Literal["starting", "running", "degraded", "stopping"]
    sentence: str
    started_at: datetime
    pid: int
    version: str
    clock_trusted: bool
    cpu_s: float
    cpu_percent: float | None  # of one core, over the last minute
    memory_bytes: int
    spool_depth: int | None
    last_change_id: int | None
    items: tuple[ItemState, ...]
    counters: dict[str, int]
    heard_at: datetime
    stale: bool


@dataclass(frozen=True, slots=True)
class ItemSaid:
    """A feed, a source or a receiver by its daemon's last word."""

    name: str
    kind: str
    unit: str
    state: PartState
    sentence: str
    since_at: datetime | None
    last_good_at: datetime | None
    counters: dict[str, int]
    stale: bool


@dataclass(frozen=True, slots=True)
class StatusSaid:
    """The station in one answer."""

    state: Literal["fine", "degraded", "failed"]
    sentence: str
    remarks: tuple[RemarkSaid, ...]
    verdict: str
    as_of: datetime
    station: StationSaid
    clock_trusted: bool
    database: DatabaseSaid
    alerts: CountsSaid
    last_change_id: int
    units: tuple[UnitSaid | UnitSilent, ...]
    feeds: tuple[ItemSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSaid(AudioLevel):
    """The last level of a channel."""

    heard_at: datetime
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSaid(ItemSaid):
    """What audiod listens to."""

    desired: str | None  # "stopped": an operator wants it so
    channels: tuple[LevelSaid, ...]
    bursts: tuple[SameBurst, ...]  # the last ten, newest first


@dataclass(frozen=True, slots=True)
class SourcesSaid:
    """Everything that is listened to."""

    sources: tuple[SourceSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSaid(ItemSaid):
    """A radio; what it hears is null until it has been heard."""

    desired: str | None
    receiver: str
    rate_hz: int | None = None
    center_hz: float | None = None
    channels: tuple[ChannelState, ...] = ()
    samples: int | None = None
    lost_samples: int | None = None
    ppm: float | None = None
    gain_db: float | None = None
    correction_ppm: int | None = None
    spectrum_dbfs: tuple[float, ...] = ()
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceiversSaid:
    """All radios."""

    receivers: tuple[ReceiverSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSaid(JobTotals):
    """A job with its last ten runs, newest first."""

    outcome: str | None
    error: str | None
    last_runs: tuple[JobRun, ...]


@dataclass(frozen=True, slots=True)
class JobsSaid:
    """All jobs."""

    jobs: tuple[JobSaid, ...]


@dataclass(frozen=True, slots=True)
class CheckSaid:
    """One thing that was looked at."""

    status: Literal["pass", "warn", "fail"]
    observedValue: int | None = None


@dataclass(frozen=True, slots=True)
class HealthSaid:
    """Whether this process works."""

    status: Literal["pass", "warn", "fail"]
    checks: dict[str, tuple[CheckSaid, ...]] = field(default_factory=dict)
