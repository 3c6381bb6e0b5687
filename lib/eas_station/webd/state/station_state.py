"""The board: the last word of everybody, kept by the newsroom, read by every request.

Two threads write (the newsroom what the bus says, the archivist what the database says), many read.
A reader gets a Snapshot, made at most once a second unless a warning changed.
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
    in_force,
)
from eas_station.webd.state.spooled_receptions import SpoolMerger

STATUS_EXPIRES_S = 40.0  # eight unheard status messages
RECEIVER_EXPIRES_S = 10.0
LEVEL_EXPIRES_S = 5.0
HEARING_EXPIRES_S = 150.0  # said on change, and once a minute
SNAPSHOT_LASTS_S = 1.0
BURSTS_KEPT = 30
SPOOLED_KEPT = 1000
CPU_WINDOW_S = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Archive:
    """What the database says, as of one reading."""

    active: tuple[AlertEntry, ...]
    recent: tuple[AlertEntry, ...]
    stored_ids: frozenset[str]  # receptions known to be in the database
    last_change_id: int
    desired: dict[str, str] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    chime: Chime = "off"


class LastWords(Generic[T]):
    """The last value per key and when it was said, on the monotonic clock."""

    def __init__(self, expires_s: float) -> None:
        self._expires_s = expires_s
        self._words: dict[Hashable, tuple[T, float, datetime]] = {}

    def put(self, key: Hashable, value: T, said_mono: float, said_at: datetime) -> bool:
        """Keep a value unless a newer one is there. Returns whether it was kept."""
        known = self._words.get(key)
        if known is not None and known[1] > said_mono:
            return False
        self._words[key] = (value, said_mono, said_at)
        return True

    def get(self, key: Hashable, mono: float) -> LastMessage[T] | None:
        """The last word of one."""
        known = self._words.get(key)
        return None if known is None else self._heard(known, mono)

    def all(self, mono: float) -> tuple[LastMessage[T], ...]:
        """Everybody's last word, by key."""
        keys = sorted(self._words, key=str)
        return tuple(self._heard(self._words[key], mono) for key in keys)

    def _heard(self, known: tuple[T, float, datetime], mono: float) -> LastMessage[T]:
        value, said_mono, said_at = known
        age_s = max(0.0, mono - said_mono)
        return LastMessage(value, said_at, age_s, age_s > self._expires_s)


class CpuMeter:
    """Share of one core from CPU seconds seen at different times."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._pid: int | None = None
        self.restarts = 0  # as far as they were seen

    def put(self, pid: int, cpu_s: float, mono: float) -> None:
        """Take what a daemon says; a new pid starts over."""
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
    """Thread-safe. Ages are measured on the monotonic clock, times shown on the wall's."""

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
        self._statuses: LastWords[Status] = LastWords(STATUS_EXPIRES_S)
        self._receivers: LastWords[ReceiverState] = LastWords(RECEIVER_EXPIRES_S)
        self._levels: LastWords[AudioLevel] = LastWords(LEVEL_EXPIRES_S)
        self._hearings: LastWords[HearingProof] = LastWords(HEARING_EXPIRES_S)
        self._bursts: deque[SameBurst] = deque(maxlen=BURSTS_KEPT)
        self._cpu: dict[str, CpuMeter] = {}
        self._spooled: dict[str, ReceptionNew] = {}
        self._stored_ids: frozenset[str] = frozenset()
        self._archive = Archive((), (), frozenset(), 0)
        self._merged: tuple[AlertEntry, ...] = ()
        self._record = Record(online=False, since_at=now(), why="not asked yet")
        self._record_read = False
        self._version = 0
        self._started_mono = monotonic()
        self._snapshot: tuple[float, Snapshot] | None = None

    def expect(self, units: Iterable[str], merger: SpoolMerger) -> None:
        """The configuration has changed: who should speak, and what concerns us."""
        with self._lock:
            self._expected, self._merger = tuple(units), merger
            self._merge_again()

    def take(self, message: BusMessage) -> bool:
        """Keep what a message says. Returns whether it told something new about a warning."""
        body, mono = message.body, self._monotonic()
        late_s = (self._now() - message.sent_at).total_seconds() if message.repeated else 0.0
        said_mono = mono - max(0.0, late_s)
        with self._lock:
            if isinstance(body, ReceptionNew):
                return self._take_reception(body)
            if isinstance(body, Status):
                if self._statuses.put(body.unit, body, said_mono, message.sent_at):
                    meter = self._cpu.setdefault(body.unit, CpuMeter())
                    meter.put(body.pid, body.cpu_s, said_mono)
            elif isinstance(body, ReceiverState):
                self._receivers.put(body.receiver, body, said_mono, message.sent_at)
            elif isinstance(body, AudioLevel):
                self._levels.put((body.source, body.channel), body, said_mono, message.sent_at)
            elif isinstance(body, HearingProof):
                self._hearings.put((body.source, body.channel), body, said_mono, message.sent_at)
            elif isinstance(body, SameBurst) and body not in self._bursts:
                self._bursts.appendleft(body)
        return False

    def set_archive(self, archive: Archive) -> None:
        """The database answered: what it holds replaces what was spooled."""
        with self._lock:
            self._stored_ids = archive.stored_ids
            for reception_id in archive.stored_ids & self._spooled.keys():
                del self._spooled[reception_id]
            self._archive, self._record_read = archive, True
            if not self._record.online:
                self._record = Record(online=True, since_at=self._now())
            self._merge_again()

    def set_offline(self, why: str) -> bool:
        """The database does not answer. Returns whether it did before."""
        with self._lock:
            was_online = self._record.online
            if was_online or self._record.why != why:
                since_at = self._now() if was_online else self._record.since_at
                self._record = Record(online=False, since_at=since_at, why=why)
                self._version += 1
            return was_online

    def forget_spooled(self, reception_ids: Iterable[str]) -> None:
        """These receptions need not be shown on their own any more."""
        with self._lock:
            for reception_id in set(reception_ids) & self._spooled.keys():
                del self._spooled[reception_id]
            self._merge_again()

    def spooled(self) -> tuple[ReceptionNew, ...]:
        """The receptions that are not known to be in the database, oldest first."""
        with self._lock:
            return tuple(self._spooled.values())

    def snapshot(self) -> Snapshot:
        """The latest snapshot: at most a second old, and never older than the last warning."""
        mono = self._monotonic()
        snapshot = self._fresh(mono)  # nearly always: no lock
        if snapshot is not None:
            return snapshot
        with self._lock:
            snapshot = self._fresh(mono)
            if snapshot is None:
                snapshot = self._draw(mono)
                self._snapshot = (mono, snapshot)
            return snapshot

    def _fresh(self, mono: float) -> Snapshot | None:
        """The snapshot that is there, if it may still be shown."""
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
            del self._spooled[next(iter(self._spooled))]
        self._spooled[reception_id] = body
        self._merged = self._merger.merge(self._merged, (body,))
        self._version += 1
        return True

    def _merge_again(self) -> None:
        self._merged = self._merger.merge(self._archive.active, tuple(self._spooled.values()))
        self._version += 1

    def _draw(self, mono: float) -> Snapshot:
        now, trusted = self._now(), self._clock_trusted()
        others = [h.value.unit for h in self._statuses.all(mono) if self._is_stranger(h)]
        return Snapshot(
            as_of=now,
            waited_s=mono - self._started_mono,
            clock_trusted=trusted,
            active=tuple(e for e in self._merged if in_force(e.alert, now, trusted)),
            recent=self._archive.recent,
            units=tuple(self._unit(name, mono) for name in (*self._expected, *others)),
            receivers=self._receivers.all(mono),
            levels=self._levels.all(mono),
            hearings=self._hearings.all(mono),
            bursts=tuple(self._bursts),
            record=self._record,
            record_read=self._record_read,
            waiting=len(self._spooled),
            last_change_id=self._archive.last_change_id,
            jobs=self._archive.jobs,
            desired=self._archive.desired,
            version=self._version,
            chime=self._archive.chime,
        )

    def _is_stranger(self, heard: LastMessage[Status]) -> bool:
        """Does it speak though nobody configured it? One that is silent has been removed."""
        return not heard.stale and heard.value.unit not in self._expected

    def _unit(self, name: str, mono: float) -> Unit:
        meter = self._cpu.get(name)
        heard = self._statuses.get(name, mono)
        if meter is None:
            return Unit(name, heard, None)
        return Unit(name, heard, meter.percent(), meter.restarts)
