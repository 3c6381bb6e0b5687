"""Everything known at one moment, as values. Every page and every answer is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from eas_station.alerts.lifecycle import lifecycle
from eas_station.alerts.model import Alert, Reception
from eas_station.bus.messages import AudioLevel, HearingProof, ReceiverState, SameBurst, Status
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.store.records.clips import Clip
from eas_station.store.records.jobs import JobRun, JobTotals
from eas_station.store.records.settings import Chime

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """One alert with its receptions."""

    alert: Alert
    receptions: tuple[Reception | ReceptionRow, ...]  # oldest first; in lists without statements
    active: bool
    stored: bool = True  # False: one of its receptions waits in a spool
    durable: bool = True  # False: one of its receptions is in memory only
    hidden: bool = False  # an operator hid it from the page
    clips: tuple[Clip, ...] = ()  # of an active alert: its recordings

    def full_receptions(self) -> tuple[Reception, ...]:
        """The receptions that have their statements."""
        return tuple(one for one in self.receptions if isinstance(one, Reception))


@dataclass(frozen=True, slots=True)
class LastMessage(Generic[T]):
    """The last message of one sender, and its age."""

    value: T
    heard_at: datetime
    age_s: float
    stale: bool  # older than it may be: shown as history, never as current


@dataclass(frozen=True, slots=True)
class Unit:
    """One daemon."""

    name: str  # "eas-sdrd@wx"
    heard: LastMessage[Status] | None  # None: no message since eas-webd started
    cpu_percent: float | None  # of one core, over the last minute; None: not known yet
    restarts: int = 0  # seen since eas-webd started


@dataclass(frozen=True, slots=True)
class Job:
    """One job: a feed's poll, the maintenance."""

    totals: JobTotals
    last_runs: tuple[JobRun, ...]  # newest first


@dataclass(frozen=True, slots=True)
class Record:
    """Whether the database is responding."""

    online: bool
    since_at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the station at `as_of`."""

    as_of: datetime
    waited_s: float  # since eas-webd started
    clock_trusted: bool
    active: tuple[AlertEntry, ...]  # in force, spooled receptions included
    recent: tuple[AlertEntry, ...]  # over, newest first
    units: tuple[Unit, ...]  # the configured ones in order, then others
    receivers: tuple[LastMessage[ReceiverState], ...]
    levels: tuple[LastMessage[AudioLevel], ...]
    bursts: tuple[SameBurst, ...]  # newest first
    record: Record
    record_read: bool  # False: the database has not been read since eas-webd started
    waiting: int  # receptions not in the database yet
    last_change_id: int
    jobs: tuple[Job, ...]  # when the database was last read
    desired: dict[str, str]  # desired state: "source wx" → "stopped"
    version: int  # changes with every alert, spooled reception, and state of the database
    chime: Chime = "off"  # which alerts ring, unless the browser has its own choice
    hearings: tuple[LastMessage[HearingProof], ...] = ()  # whether each channel would hear an alert
    left_out: int = 0  # in force, but not among `active`: less grave, or elsewhere

    def unit(self, name: str) -> Unit | None:
        """The daemon of this name."""
        return next((unit for unit in self.units if unit.name == name), None)

    def entry(self, alert_id: str) -> AlertEntry | None:
        """The alert of this id, if it is active or ended recently."""
        entries = (*self.active, *self.recent)
        return next((entry for entry in entries if entry.alert.alert_id == alert_id), None)


def importance(alert: Alert) -> tuple[bool, int, float]:
    """A sort key for lists with a bound: ours first, then the gravest, then the newest."""
    return not alert.relevance.relevant, alert.severity_rank, -alert.issued_at.timestamp()


def in_force(alert: Alert, now: datetime, clock_trusted: bool) -> bool:
    """Whether an alert is active at `now`."""
    return alert.ended_at is None and lifecycle.state(alert, now, clock_trusted) == "active"
