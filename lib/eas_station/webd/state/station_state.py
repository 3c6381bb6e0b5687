"""The last message of every daemon and the alerts, written by two threads, read by every request.

The bus listener writes what the bus delivers, the reconciler what the database contains. A reader
gets a Snapshot, made at most once a second unless an alert changed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from eas_station.bus.messages import (
    AudioLevel,
    BusMessage,
    HearingProof,
    ReceiverState,
    ReceptionNew,
    SameBurst,
    Status,
)
from eas_station.store.records.settings import Chime
from eas_station.webd.state.snapshot import (
    AlertEntry,
    Job,
    LastMessage,
    Record,
    Snapshot,
    Unit,
    importance,
    in_force,
)
from eas_station.webd.state.spooled_receptions import SpoolMerger

STATUS_EXPIRES_S = 40.0  # eight missed status messages
RECEIVER_EXPIRES_S = 10.0
LEVEL_EXPIRES_S = 5.0
HEARING_EXPIRES_S = 150.0  # sent on change, and once a minute
SNAPSHOT_LASTS_S = 1.0
BURSTS_KEPT = 30
SPOOLED_KEPT = 1000
CPU_WINDOW_S = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredState:
    """What the database contains, as of one reading."""

    active: tuple[AlertEntry, ...]
    recent: tuple[AlertEntry, ...]
    stored_ids: frozenset[str]  # receptions known to be in the database
    last_change_id: int
    left_out: int = field(default=0, kw_only=True)  # in force, but not among `active`
    desired: dict[str, str] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    chime: Chime = "off"


class LastMessages(Generic[T]):
    """The last message for each key and when it was sent, on the monotonic clock."""

    def __init__(self, expires_s: float) -> None:
        self._expires_s = expires_s
        self._messages: dict[Hashable, tuple[T, float, datetime]] = {}

    def put(self, key: Hashable, value: T, sent_mono: float, sent_at: datetime) -> bool:
        """Keep a value unless a newer one is there. Returns whether it was kept."""
        known = self._messages.get(key)
        if known is not None and known[1] > sent_mono:
            return False
        self._messages[key] = (value, sent_mono, sent_at)
        return True

    def get(self, key: Hashable, mono: float) -> LastMessage[T] | None:
        """The last message for one key."""
        known = self._messages.get(key)
        return None if known is None else self._aged(known, mono)

    def all(self, mono: float) -> tuple[LastMessage[T], ...]:
        """The last message for every key, in the order of the keys."""
        keys = sorted(self._messages, key=str)
        return tuple(self._aged(self._messages[key], mono) for key in keys)

    def _aged(self, known: tuple[T, float, datetime], mono: float) -> LastMessage[T]:
        value, sent_mono, sent_at = known
        age_s = max(0.0, mono - sent_mono)
        return LastMessage(value, sent_at, age_s, age_s > self._expires_s)


class CpuMeter:
    """The share of one core, from CPU seconds at different times."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._pid: int | None = None
        self.restarts = 0  # that were seen

    def put(self, pid: int, cpu_s: float, mono: float) -> None:
        """Take a daemon's CPU time; a new pid starts over."""
        if pid != self._pid:
            self._seen.clear()
            self.restarts += self._pid is not None
            self._pid = pid
        self._seen.append((mono, cpu_s))
        while len(self._seen) > 2 and mono - self._seen[0][0] > CPU_WINDOW_S:
            self._seen.popleft()

    def percent(self) -> float | None:
        """Over the last minute at most."""
        if len(self._seen) < 2 or self._seen[-1][0] - self._seen[0][0] < 1.0:
            return None
        elapsed_s = self._seen[-1][0] - self._seen[0][0]
        return max(0.0, 100.0 * (self._seen[-1][1] - self._seen[0][1]) / elapsed_s)


class StationState:
    """Thread-safe. Ages are by the monotonic clock, times shown by the wall clock."""

    def __init__(
        self,
        units: Iterable[str],
        merger: SpoolMerger,
        clock_trusted: Callable[[], bool],
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._expected = tuple(units)
        self._merger = merger
        self._clock_trusted, self._now, self._monotonic = clock_trusted, now, monotonic
        self._lock = threading.Lock()
        self._statuses: LastMessages[Status] = LastMessages(STATUS_EXPIRES_S)
        self._receivers: LastMessages[ReceiverState] = LastMessages(RECEIVER_EXPIRES_S)
        self._levels: LastMessages[AudioLevel] = LastMessages(LEVEL_EXPIRES_S)
        self._hearings: LastMessages[HearingProof] = LastMessages(HEARING_EXPIRES_S)
        self._bursts: deque[SameBurst] = deque(maxlen=BURSTS_KEPT)
        self._cpu: dict[str, CpuMeter] = {}
        self._spooled: dict[str, ReceptionNew] = {}
        self._spooled_left_out = 0
        self._stored_ids: frozenset[str] = frozenset()
        self._stored = StoredState((), (), frozenset(), 0)
        self._merged: tuple[AlertEntry, ...] = ()
        self._record = Record(online=False, since_at=now(), why="not read yet")
        self._record_read = False
        self._version = 0
        self._started_mono = monotonic()
        self._snapshot: tuple[float, Snapshot] | None = None

    def expect(self, units: Iterable[str], merger: SpoolMerger) -> None:
        """The configuration has changed: the units, and the rules of admission."""
        with self._lock:
            self._expected, self._merger = tuple(units), merger
            self._merge_again()

    def take(self, message: BusMessage) -> bool:
        """Keep a message. Returns whether it was a new reception."""
        body, mono = message.body, self._monotonic()
        late_s = (self._now() - message.sent_at).total_seconds() if message.repeated else 0.0
        sent_mono = mono - max(0.0, late_s)
        with self._lock:
            if isinstance(body, ReceptionNew):
                return self._take_reception(body)
            if isinstance(body, Status):
                if self._statuses.put(body.unit, body, sent_mono, message.sent_at):
                    meter = self._cpu.setdefault(body.unit, CpuMeter())
                    meter.put(body.pid, body.cpu_s, sent_mono)
            elif isinstance(body, ReceiverState):
                self._receivers.put(body.receiver, body, sent_mono, message.sent_at)
            elif isinstance(body, AudioLevel):
                self._levels.put((body.source, body.channel), body, sent_mono, message.sent_at)
            elif isinstance(body, HearingProof):
                self._hearings.put((body.source, body.channel), body, sent_mono, message.sent_at)
            elif isinstance(body, SameBurst) and body not in self._bursts:
                self._bursts.appendleft(body)
        return False

    def set_stored(self, stored: StoredState) -> None:
        """The database was read: its content replaces what was spooled."""
        with self._lock:
            self._stored_ids = stored.stored_ids
            for reception_id in stored.stored_ids & self._spooled.keys():
                del self._spooled[reception_id]
            self._stored, self._record_read = stored, True
            if not self._record.online:
                self._record = Record(online=True, since_at=self._now())
            self._merge_again()

    def set_offline(self, why: str) -> bool:
        """The database is not responding. Returns whether it did before."""
        with self._lock:
            was_online = self._record.online
            if was_online or self._record.why != why:
                since_at = self._now() if was_online else self._record.since_at
                self._record = Record(online=False, since_at=since_at, why=why)
                self._version += 1
            return was_online

    def spooled(self) -> tuple[ReceptionNew, ...]:
        """The receptions that are not in the database, as far as known, oldest first."""
        with self._lock:
            return tuple(self._spooled.values())

    def snapshot(self) -> Snapshot:
        """The latest snapshot: at most a second old, and never older than the last alert."""
        mono = self._monotonic()
        snapshot = self._fresh(mono)  # nearly always: no lock
        if snapshot is not None:
            return snapshot
        with self._lock:
            snapshot = self._fresh(mono)
            if snapshot is None:
                snapshot = self._make(mono)
                self._snapshot = (mono, snapshot)
            return snapshot

    def _fresh(self, mono: float) -> Snapshot | None:
        """The last snapshot, if it is still fresh."""
        if self._snapshot is None:
            return None
        made_mono, snapshot = self._snapshot
        is_fresh = snapshot.version == self._version and mono - made_mono < SNAPSHOT_LASTS_S
        return snapshot if is_fresh else None

    def _take_reception(self, body: ReceptionNew) -> bool:
        reception_id = body.reception.reception_id
        if body.stored or reception_id in self._stored_ids or reception_id in self._spooled:
            return False
        if len(self._spooled) >= SPOOLED_KEPT:
            self._leave_one_out()
        self._spooled[reception_id] = body
        self._merged = self._merger.merge(self._merged, (body,))
        self._version += 1
        return True

    def _leave_one_out(self) -> None:
        """Forget the spooled reception whose alert matters least here."""
        of_reception = {
            one.reception_id: entry.alert
            for entry in self._merged
            if not entry.stored
            for one in entry.receptions
        }
        known = [one for one in self._spooled if one in of_reception]
        least = max(known, key=lambda one: importance(of_reception[one]), default=None)
        del self._spooled[least or next(iter(self._spooled))]
        self._spooled_left_out += 1

    def _merge_again(self) -> None:
        if not self._spooled:
            self._spooled_left_out = 0
        self._merged = self._merger.merge(self._stored.active, tuple(self._spooled.values()))
        self._version += 1

    def _make(self, mono: float) -> Snapshot:
        now, trusted = self._now(), self._clock_trusted()
        others = [h.value.unit for h in self._statuses.all(mono) if self._is_unexpected(h)]
        return Snapshot(
            as_of=now,
            waited_s=mono - self._started_mono,
            clock_trusted=trusted,
            active=tuple(e for e in self._merged if in_force(e.alert, now, trusted)),
            recent=self._stored.recent,
            units=tuple(self._unit(name, mono) for name in (*self._expected, *others)),
            receivers=self._receivers.all(mono),
            levels=self._levels.all(mono),
            hearings=self._hearings.all(mono),
            bursts=tuple(self._bursts),
            record=self._record,
            record_read=self._record_read,
            waiting=len(self._spooled),
            last_change_id=self._stored.last_change_id,
            jobs=self._stored.jobs,
            desired=self._stored.desired,
            version=self._version,
            chime=self._stored.chime,
            left_out=self._stored.left_out + self._spooled_left_out,
        )

    def _is_unexpected(self, heard: LastMessage[Status]) -> bool:
        """Whether a unit sends that is not configured. One that is silent has been removed."""
        return not heard.stale and heard.value.unit not in self._expected

    def _unit(self, name: str, mono: float) -> Unit:
        meter = self._cpu.get(name)
        heard = self._statuses.get(name, mono)
        if meter is None:
            return Unit(name, heard, None)
        return Unit(name, heard, meter.percent(), meter.restarts)
