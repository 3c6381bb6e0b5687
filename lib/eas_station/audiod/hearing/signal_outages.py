"""Rows for what the samples themselves do not tell: a channel whose audio comes, but says nothing.

The ledger knows when samples were missing. A channel that is silent for minutes, has lost its
carrier, or cannot read a probe is deaf as well: from when that began until it ends. What is open
is noted in a file, so that the process after a killed one can end it.
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
    """The intervals that have begun and not ended."""

    intervals: tuple[DeafInterval, ...] = ()


class SignalOutages:
    """Deaf intervals of the channels of one source that follow from their judgement."""

    def __init__(
        self,
        source: str,
        channels: tuple[str, ...],
        note: Path,
        record: Callable[[str, str], bool],
    ) -> None:
        """
        Args:
            note: the file in which the open ones are kept.
            record: spools a row, ("deaf_interval", JSON); False: not now.
        """
        self._source = source
        self._channels = channels
        self._note = note
        self._record = record
        self._waiting: list[DeafInterval] = []
        self._open = {interval.channel: interval for interval in _read(note).intervals}

    def end_left_open(self, at: datetime) -> None:
        """What an earlier process left open ended with it: what came after is told elsewhere."""
        for channel in tuple(self._open):
            self._end(channel, at)
        self._tell()

    def follow(self, assessments: tuple[Assessment, ...], now: datetime) -> None:
        """Begin and end intervals as the channels are judged now."""
        for channel, found in zip(self._channels, assessments, strict=True):
            began_at = found.deaf_since_at
            known = self._open.get(channel)
            if known is not None and known.began_at != began_at:
                self._end(channel, now if began_at is None else min(now, began_at))
            if began_at is not None and channel not in self._open:
                self._begin(channel, began_at, found.sentence)
        self._tell()

    def _begin(self, channel: str, began_at: datetime, why: str) -> None:
        name = f"{self._source} {channel} lapse {wire.time_to_text(began_at)}"
        interval_id = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
        interval = DeafInterval(interval_id, self._source, channel, began_at, None, why)
        self._open[channel] = interval
        self._remember()
        self._waiting.append(interval)

    def _end(self, channel: str, at: datetime) -> None:
        interval = self._open.pop(channel)
        self._waiting.append(replace(interval, ended_at=max(at, interval.began_at)))

    def _tell(self) -> None:
        told = bool(self._waiting)
        while self._waiting and self._record("deaf_interval", wire.to_json(self._waiting[0])):
            self._waiting.pop(0)
        if told and not self._waiting:
            self._remember()  # only now: an end that is not spooled is told by the next process

    def _remember(self) -> None:
        """Note what is open, durably; few things are rarer."""
        fresh = self._note.with_name(self._note.name + ".new")
        try:
            self._note.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(wire.to_json(OpenIntervals(tuple(self._open.values()))))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._note)
        except OSError as error:
            log.warning("open deaf intervals cannot be noted in %s: %s", self._note, error)


def _read(note: Path) -> OpenIntervals:
    try:
        return wire.from_json(OpenIntervals, note.read_bytes())
    except (OSError, FrameError):
        return OpenIntervals()
