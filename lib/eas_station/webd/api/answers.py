"""The types of the API's answers; the description of the API is made from them.

Interfaces for other programs: fields are added, never changed. Where a type of the bus or of the
database has the right fields, that type is the answer.
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
from eas_station.webd.render.station_health import StationHealth

PartState = Literal["running", "degraded", "reconnecting", "stopped", "failed", "not heard"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request failed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str  # a sentence for people


@dataclass(frozen=True, slots=True)
class ReceptionSummary:
    """One reception without its statement."""

    reception_id: str
    via: Via
    origin: str
    channel: str | None
    received_at: datetime
    evidence: Evidence | None
    signature: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSummary(Alert):
    """An alert in a list."""

    state: Literal["active", "ended"]
    stored: bool  # false: one of its receptions waits in a spool
    durable: bool  # false: one of its receptions is in memory only
    receptions: tuple[ReceptionSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAnswer(Alert):
    """Everything known of an alert. Null: only the database has it, which is not responding."""

    state: Literal["active", "ended"]
    stored: bool
    durable: bool
    receptions: tuple[Reception | ReceptionSummary, ...]
    changes: tuple[Change, ...] | None
    clips: tuple[Clip, ...] | None
    flags: AlertFlags | None


@dataclass(frozen=True, slots=True)
class AlertsAnswer:
    """A page of alerts, newest first."""

    alerts: tuple[AlertSummary, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place of our area."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class StationAnswer:
    """The station's name and area."""

    name: str
    callsign: str
    area: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class DatabaseAnswer:
    """Whether the database is responding."""

    state: Literal["online", "offline"]
    since_at: datetime


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """How many alerts are in force."""

    active: int
    here: int
    elsewhere: int
    tests: int
    not_stored: int  # receptions
    left_out: int  # in force, but not counted: less grave, or elsewhere


@dataclass(frozen=True, slots=True)
class SilentUnit:
    """A daemon that has sent nothing since eas-webd started."""

    unit: str
    state: Literal["not heard"] = "not heard"
    stale: bool = True
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """The last status of a daemon."""

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
class ItemAnswer:
    """A feed, a source or a receiver, from the last status of its daemon."""

    name: str
    kind: str
    unit: str
    state: PartState
    sentence: str
    since_at: datetime | None
    last_good_at: datetime | None
    counters: dict[str, int]
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAnswer(StationHealth):
    """The station in one answer."""

    verdict: str
    as_of: datetime
    station: StationAnswer
    clock_trusted: bool
    database: DatabaseAnswer
    alerts: AlertCounts
    last_change_id: int
    units: tuple[UnitAnswer | SilentUnit, ...]
    feeds: tuple[ItemAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAnswer(AudioLevel):
    """The last level of a channel."""

    heard_at: datetime
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAnswer(ItemAnswer):
    """A source with its channels."""

    desired: str | None  # "stopped": stopped by an operator
    channels: tuple[LevelAnswer, ...]
    bursts: tuple[SameBurst, ...]  # the last ten, newest first


@dataclass(frozen=True, slots=True)
class SourcesAnswer:
    """Every source."""

    sources: tuple[SourceAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverAnswer(ItemAnswer):
    """A receiver with its channels; null: nothing has been received from it."""

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
class ReceiversAnswer:
    """Every receiver."""

    receivers: tuple[ReceiverAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAnswer(JobTotals):
    """A job with its last ten runs, newest first."""

    outcome: str | None
    error: str | None
    last_runs: tuple[JobRun, ...]


@dataclass(frozen=True, slots=True)
class JobsAnswer:
    """Every job."""

    jobs: tuple[JobAnswer, ...]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The result of one check."""

    status: Literal["pass", "warn", "fail"]
    observedValue: int | None = None


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """Whether this process works."""

    status: Literal["pass", "warn", "fail"]
    checks: dict[str, tuple[HealthCheck, ...]] = field(default_factory=dict)
