"""Deaf intervals of channels whose samples arrive, but carry no usable signal.

Missing samples are recorded by `deafness.deaf_log`. A channel that is silent for minutes, has lost
its carrier or fails its probes is deaf as well, from the beginning of that state to its end. Open
intervals are noted in a file, so that the process after a killed one can end them.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from eas_station import wire
from eas_station.audiod.hearing.channel_assessment import Assessment
from eas_station.errors import FrameError
from eas_station.store.records.deaf import DeafInterval

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenIntervals:
    """The intervals that have not ended."""

    intervals: tuple[DeafInterval, ...] = ()


class SignalOutages:
    """The deaf intervals that follow from the assessments of one source's channels."""

    def __init__(
        self,
        source: str,
        channels: tuple[str, ...],
        note: Path,
        record: Callable[[str, str], bool],
    ) -> None:
        """
        Args:
            note: the file that keeps the open intervals.
            record: spools a row, ("deaf_interval", JSON); False: retry later.
        """
        self._source = source
        self._channels = channels
        self._note = note
        self._record = record
        self._waiting: list[DeafInterval] = []
        self._open = {interval.channel: interval for interval in _read(note).intervals}

    def end_left_open(self, at: datetime) -> None:
        """End what an earlier process left open; later samples are accounted for elsewhere."""
        for channel in tuple(self._open):
            self._end(channel, at)
        self._spool()

    def follow(self, assessments: tuple[Assessment, ...], now: datetime) -> None:
        """Begin and end intervals as the channels are assessed now."""
        for channel, found in zip(self._channels, assessments, strict=True):
            began_at = found.deaf_since_at
            known = self._open.get(channel)
            if known is not None and known.began_at != began_at:
                self._end(channel, now if began_at is None else min(now, began_at))
            if began_at is not None and channel not in self._open:
                self._begin(channel, began_at, found.sentence)
        self._spool()

    def _begin(self, channel: str, began_at: datetime, why: str) -> None:
        name = f"{self._source} {channel} lapse {wire.time_to_text(began_at)}"
        interval_id = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
        interval = DeafInterval(interval_id, self._source, channel, began_at, None, why)
        self._open[channel] = interval
        self._save_note()
        self._waiting.append(interval)

    def _end(self, channel: str, at: datetime) -> None:
        interval = self._open.pop(channel)
        self._waiting.append(replace(interval, ended_at=max(at, interval.began_at)))

    def _spool(self) -> None:
        spooling = bool(self._waiting)
        while self._waiting and self._record("deaf_interval", wire.to_json(self._waiting[0])):
            self._waiting.pop(0)
        if spooling and not self._waiting:
            self._save_note()  # only now: an end that is not spooled is left to the next process

    def _save_note(self) -> None:
        """Note durably what is open; this happens rarely."""
        fresh = self._note.with_name(self._note.name + ".new")
        try:
            self._note.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(wire.to_json(OpenIntervals(tuple(self._open.values()))))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._note)
        except OSError as error:
            log.warning("cannot write open deaf intervals to %s: %s", self._note, error)


def _read(note: Path) -> OpenIntervals:
    try:
        return wire.from_json(OpenIntervals, note.read_bytes())
    except (OSError, FrameError):
        return OpenIntervals()
