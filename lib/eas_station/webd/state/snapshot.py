"""What the page knows at one moment, as values: every page and every status call is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from eas_station.alerts import lifecycle
from eas_station.alerts.model import Alert, Reception
from eas_station.bus import messages
from eas_station.bus.messages import AudioLevel, ReceiverState, SameBurst, Status
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.store.records.clips import Clip
from eas_station.store.records.jobs import JobRun, JobTotals
from eas_station.store.records.settings import Chime

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """One warning with all that heard it."""

    alert: Alert
    receptions: tuple[
        Reception | ReceptionRow, ...
    ]  # oldest first; in lists without what they said
    active: bool
    stored: bool = True  # False: one of its receptions waits in a spool
    durable: bool = True  # False: one of its receptions is in memory only
    clips: tuple[Clip, ...] = ()  # of what is in force: its recordings

    def full_receptions(self) -> tuple[Reception, ...]:
        """Those receptions of which we have all that they said."""
        return tuple(one for one in self.receptions if isinstance(one, Reception))


@dataclass(frozen=True, slots=True)
class LastMessage(Generic[T]):
    """The last word of somebody, and how old it is."""

    value: T
    heard_at: datetime
    age_s: float
    stale: bool  # older than such a word may be: to be shown as history, never as fresh


@dataclass(frozen=True, slots=True)
class Unit:
    """One daemon as seen from here."""

    name: str  # "eas-sdrd@wx"
    heard: LastMessage[Status] | None  # None: not one word since this page's process began
    cpu_percent: float | None  # of one core, over the last minute; None: not known yet
    restarts: int = 0  # seen since this page's process began


@dataclass(frozen=True, slots=True)
class Job:
    """One job: a feed's poll, the maintenance."""

    totals: JobTotals
    last_runs: tuple[JobRun, ...]  # newest first


@dataclass(frozen=True, slots=True)
class Record:
    """Whether the database answers."""

    online: bool
    since_at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the station says about itself, at `as_of`."""

    as_of: datetime
    waited_s: float  # how long this page's process has listened for the others
    clock_trusted: bool
    active: tuple[AlertEntry, ...]  # in force, spooled receptions included
    recent: tuple[AlertEntry, ...]  # over, newest first
    units: tuple[Unit, ...]  # those of the configuration, in its order, then any other
    receivers: tuple[LastMessage[ReceiverState], ...]
    levels: tuple[LastMessage[AudioLevel], ...]
    bursts: tuple[SameBurst, ...]  # newest first
    record: Record
    record_read: bool  # False: what the database holds has never been seen
    waiting: int  # receptions that are not in the database yet
    last_change_id: int
    jobs: tuple[Job, ...]  # as of the last reading of the database
    desired: dict[str, str]  # what the operator wants: "source wx" → "stopped"
    version: int  # changes with every alert, spooled reception and change of the database's state
    chime: Chime = "off"  # for whom the page rings who has not chosen
    hearings: tuple[
        LastMessage[messages.HearingProof], ...
    ] = ()  # would each channel hear a warning now

    def unit(self, name: str) -> Unit | None:
        """The daemon of this name."""
        return next((unit for unit in self.units if unit.name == name), None)

    def entry(self, alert_id: str) -> AlertEntry | None:
        """The warning of this id, if it is in force or ended lately."""
        entries = (*self.active, *self.recent)
        return next((entry for entry in entries if entry.alert.alert_id == alert_id), None)


def in_force(alert: Alert, now: datetime, clock_trusted: bool) -> bool:
    """Whether an alert is active at `now`."""
    return alert.ended_at is None and lifecycle.state(alert, now, clock_trusted) == "active"
