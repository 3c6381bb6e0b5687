"""Records what a live source did not receive, as intervals with channel and time."""

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

MAX_WAITING = 1000  # intervals that the spool does not accept now


class DeafLog:
    """Accounts for every second of one live source's channels, across restarts."""

    def __init__(
        self,
        source: str,
        channels: tuple[str, ...],
        checkpoints: Checkpoints,
        record: Callable[[str, str], bool],
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: record: spools a row, ("deaf_interval", JSON); False: retry later."""
        self._source = source
        self._channels = channels
        self._checkpoints = checkpoints
        self._record = record
        self._now = now
        self._monotonic = monotonic
        self._waiting: list[DeafInterval] = []
        self._began: dict[float, datetime] = {}  # of spans that continue
        self._coverage = self._continue(checkpoints.last())

    @property
    def why(self) -> str | None:
        """Why nothing is received at present; None while blocks arrive."""
        return self._coverage.why

    def heard(self, block: Block) -> None:
        """A block has just arrived."""
        self._spool(self._coverage.received(self._monotonic(), block))
        self._began.clear()
        self._save_checkpoint()

    def deaf(self, why: str) -> None:
        """Nothing is received; called again as long as that lasts."""
        self._spool(self._coverage.deaf(self._monotonic(), why))
        self._save_checkpoint()

    def end(self) -> None:
        """The process ends; the next one accounts for the time until then."""
        self._spool(self._coverage.close())
        until_s = self._coverage.until_s
        if until_s is not None:
            self._checkpoints.end(self._time_of(until_s), self._coverage.why)

    def _continue(self, last: Checkpoint | None) -> SampleCoverage:
        now = self._now()
        if last is None or last.heard_until > now:  # the clock was set back
            return SampleCoverage(len(self._channels))
        until_s = self._monotonic() - (now - last.heard_until).total_seconds()
        self._began[until_s] = last.heard_until
        return SampleCoverage(len(self._channels), until_s, self._checkpoints.reason_since(last))

    def _save_checkpoint(self) -> None:
        until_s = self._coverage.until_s
        if until_s is not None:
            self._checkpoints.renew(self._monotonic(), self._time_of(until_s), self._coverage.why)

    def _spool(self, spans: list[DeafSpan]) -> None:
        for span in spans:
            self._waiting.append(self._interval(span))
        del self._waiting[:-MAX_WAITING]
        while self._waiting:
            if not self._record("deaf_interval", wire.to_json(self._waiting[0])):
                break
            self._waiting.pop(0)

    def _interval(self, span: DeafSpan) -> DeafInterval:
        channel = self._channels[span.channel]
        began_at = self._time_of(span.from_s)
        if span.to_s is None:
            self._began[span.from_s] = began_at
        name = f"{self._source} {channel} {wire.time_to_text(began_at)}"
        return DeafInterval(
            interval_id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            source=self._source,
            channel=channel,
            began_at=began_at,
            ended_at=None if span.to_s is None else max(began_at, self._time_of(span.to_s)),
            why=span.why,
        )

    def _time_of(self, at_s: float) -> datetime:
        """The wall time of a monotonic time, to the millisecond."""
        known = self._began.get(at_s)
        if known is not None:
            return known
        moment = self._now() - timedelta(seconds=self._monotonic() - at_s)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
