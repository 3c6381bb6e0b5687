"""What somebody has to be called for: channels that are deaf, silent or overdue.

Values only. A problem is called out when it has held for a while, and called off when it has been
over for as long, so that a channel on the edge does not ring all night. What has been told is
known by its id: nothing is told twice, over restarts too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from eas_station.bus.messages import HearingProof
from eas_station.wire import time_to_text

What = Literal["deaf", "silent", "overdue", "margin"]

NO_WORD_S = 180.0  # a source says once a minute what its channels hear

Key = tuple[str, str, What]  # source, channel, what; all channels: channel ""


@dataclass(frozen=True, slots=True)
class ChannelAlarm:
    """One problem of one channel."""

    alarm_id: str  # UUID: the all-clear has the same
    source: str
    channel: str | None  # None: the whole source
    what: What
    why: str
    since_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The problems that have been called out and not off."""

    alarms: tuple[ChannelAlarm, ...] = ()


@dataclass(slots=True)
class _Watch:
    """How one possible problem goes."""

    alarm: ChannelAlarm | None = None  # as it is now; None: it is none
    changed_s: float = 0.0


@dataclass(slots=True)
class AlarmBook:
    """Compares what is with what has been told."""

    after_s: float  # how long a problem must hold, and be over
    _watches: dict[Key, _Watch] = field(default_factory=dict)
    _told: dict[Key, ChannelAlarm] = field(default_factory=dict)
    _heard_s: dict[str, float] = field(default_factory=dict)  # by source: its last word

    def begin(self, sources: Iterable[str], told: Told, now_s: float) -> None:
        """Which sources there are, and what an earlier process has told of them."""
        self._heard_s = dict.fromkeys(sources, now_s)
        for alarm in told.alarms:
            key = (alarm.source, alarm.channel or "", alarm.what)
            self._told[key] = alarm
            gone = alarm.source not in self._heard_s
            self._watches[key] = _Watch(None if gone else alarm, now_s)

    def hear(self, hearing: HearingProof, now_s: float) -> None:
        """A source says what one of its channels would hear."""
        if hearing.source not in self._heard_s:
            return
        self._heard_s[hearing.source] = now_s
        held = _problems(hearing)
        for what in ("deaf", "silent", "overdue", "margin"):
            self._note((hearing.source, hearing.channel, what), held.get(what), now_s)

    def look(self, now: datetime, now_s: float) -> None:
        """Sources that say nothing at all are deaf, as far as anybody knows."""
        for source, heard_s in self._heard_s.items():
            alarm = None
            if now_s - heard_s >= NO_WORD_S:
                why = f"eas-audiod@{source} has said nothing for {NO_WORD_S / 60:g} minutes"
                since_at = now - timedelta(seconds=now_s - heard_s)
                alarm = ChannelAlarm(_new_id(), source, None, "deaf", why, since_at)
            self._note((source, "", "deaf"), alarm, now_s)

    def due(self, now: datetime, now_s: float) -> ChannelAlarm | None:
        """The next alarm to be told: one that has begun, or with `ended_at` one that is over."""
        for key, watch in self._watches.items():
            told = self._told.get(key)
            if now_s - watch.changed_s < self.after_s:
                continue
            if watch.alarm is not None and told is None:
                return watch.alarm
            if watch.alarm is None and told is not None:
                return replace(told, ended_at=now)
        return None

    def tell(self, alarm: ChannelAlarm) -> Told:
        """It has been told; gives what is to be remembered."""
        key = (alarm.source, alarm.channel or "", alarm.what)
        if alarm.ended_at is None:
            self._told[key] = alarm
        else:
            del self._told[key]
        return Told(tuple(self._told.values()))

    def _note(self, key: Key, alarm: ChannelAlarm | None, now_s: float) -> None:
        watch = self._watches.setdefault(key, _Watch(changed_s=now_s))
        if (alarm is None) == (watch.alarm is None):
            return  # the first sentence stands: it is the same problem
        watch.alarm, watch.changed_s = alarm, now_s


def _problems(hearing: HearingProof) -> dict[What, ChannelAlarm]:
    held: list[What] = []
    if hearing.problem and hearing.state in ("deaf", "silent"):
        held.append("deaf" if hearing.state == "deaf" else "silent")
    elif hearing.problem and not hearing.overdue:
        held.append("margin")
    if hearing.overdue:
        held.append("overdue")
    about = (hearing.source, hearing.channel)
    return {
        what: ChannelAlarm(_new_id(), *about, what, hearing.sentence, hearing.since_at)
        for what in held
    }


def message(alarm: ChannelAlarm, station: str) -> dict[str, str | None]:
    """What is sent, as JSON; times are ISO 8601 UTC, null what there is not."""
    return {
        "station": station,
        "id": alarm.alarm_id,
        "state": "problem" if alarm.ended_at is None else "clear",
        "what": alarm.what,
        "source": alarm.source,
        "channel": alarm.channel,
        "why": alarm.why,
        "since": time_to_text(alarm.since_at),
        "ended": None if alarm.ended_at is None else time_to_text(alarm.ended_at),
    }


def _new_id() -> str:
    return str(uuid.uuid4())
