"""Writes down what a live source did not hear: the ledger's intervals, with names and times."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from eas_station import wire
from eas_station.audiod.deafness.checkpoints import Checkpoint, Checkpoints
from eas_station.audiod.deafness.sample_coverage import DeafSpan, SampleCoverage
from eas_station.audiod.sources.audio_source import Block
from eas_station.store.records.deaf import DeafInterval

LONGEST_WAITING = 1000  # intervals that the spool does not take now


class DeafLog:
    """Accounts for every second of the channels of one live source, over restarts."""

    def __init__(
        self,
        source: str,
        channels: tuple[str, ...],
        marks: Checkpoints,
        record: Callable[[str, str], bool],
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`record` spools a row, ("deaf_interval", JSON); False: not now."""
        self._source = source
        self._channels = channels
        self._marks = marks
        self._record = record
        self._now = now
        self._monotonic = monotonic
        self._waiting: list[DeafInterval] = []
        self._began: dict[float, datetime] = {}  # of intervals that go on
        self._ledger = self._continue(marks.last())

    @property
    def why(self) -> str | None:
        """Why nothing is heard at present; None: it is."""
        return self._ledger.why

    def heard(self, block: Block) -> None:
        """A block has just arrived."""
        self._tell(self._ledger.heard(self._monotonic(), block))
        self._began.clear()
        self._mark()

    def deaf(self, why: str) -> None:
        """Nothing is heard; call it as long as it lasts."""
        self._tell(self._ledger.deaf(self._monotonic(), why))
        self._mark()

    def end(self) -> None:
        """The process ends; what nobody hears from now on is told by the next one."""
        self._tell(self._ledger.close())
        until_s = self._ledger.until_s
        if until_s is not None:
            self._marks.end(self._time_of(until_s), self._ledger.why)

    def _continue(self, mark: Checkpoint | None) -> SampleCoverage:
        now = self._now()
        if mark is None or mark.heard_until > now:  # a clock that was set back tells nothing
            return SampleCoverage(len(self._channels))
        until_s = self._monotonic() - (now - mark.heard_until).total_seconds()
        self._began[until_s] = mark.heard_until
        return SampleCoverage(len(self._channels), until_s, self._marks.why_silent_since(mark))

    def _mark(self) -> None:
        until_s = self._ledger.until_s
        if until_s is not None:
            self._marks.renew(self._monotonic(), self._time_of(until_s), self._ledger.why)

    def _tell(self, intervals: list[DeafSpan]) -> None:
        for deaf in intervals:
            self._waiting.append(self._interval(deaf))
        del self._waiting[:-LONGEST_WAITING]
        while self._waiting:
            if not self._record("deaf_interval", wire.to_json(self._waiting[0])):
                break
            self._waiting.pop(0)

    def _interval(self, deaf: DeafSpan) -> DeafInterval:
        channel = self._channels[deaf.channel]
        began_at = self._time_of(deaf.from_s)
        if deaf.to_s is None:
            self._began[deaf.from_s] = began_at
        name = f"{self._source} {channel} {wire.time_to_text(began_at)}"
        return DeafInterval(
            interval_id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            source=self._source,
            channel=channel,
            began_at=began_at,
            ended_at=None if deaf.to_s is None else max(began_at, self._time_of(deaf.to_s)),
            why=deaf.why,
        )

    def _time_of(self, at_s: float) -> datetime:
        """The wall time of a moment of the clock that never steps, to the millisecond."""
        known = self._began.get(at_s)
        if known is not None:
            return known
        moment = self._now() - timedelta(seconds=self._monotonic() - at_s)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
