"""What eas-audiod says about its source, its channels and its clips."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from eas_station.audiod.levels import Level
from eas_station.bus.messages import ItemState

log = logging.getLogger(__name__)

SourceState = Literal["running", "reconnecting", "stopped", "failed"]
PROBLEM_AFTER = timedelta(minutes=5)  # of silence, or without a carrier that was there


class Teller(Protocol):
    """`service.daemon.Daemon.set_status`."""

    def __call__(
        self,
        sentence: str | None = None,
        *,
        items: Iterable[ItemState] = (),
        counters: Mapping[str, int] | None = None,
    ) -> None:
        """Say how it goes; told to the world when it has changed."""
        ...


@dataclass(slots=True)
class _Channel:
    """What is known of one channel."""

    name: str
    since_at: datetime
    sentence: str = "not heard yet"
    state: SourceState = "running"
    last_header_at: datetime | None = None
    silent_since_at: datetime | None = None
    no_carrier_since_at: datetime | None = None
    had_carrier: bool = False
    headers: int = 0
    lost_samples: int = 0


class Report:
    """Collects what the threads know, and tells it as sentences."""

    def __init__(
        self,
        name: str,
        kind: str,
        channels: tuple[str, ...],
        tell: Teller,
        now: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._kind = kind
        self._tell = tell
        self._now = now
        self._lock = threading.Lock()
        self._state: SourceState = "reconnecting"
        self._sentence = "starting"
        self._since_at = now()
        self._last_good_at: datetime | None = None
        self._channels = [_Channel(channel, self._since_at) for channel in channels]
        self._last_header: tuple[datetime, str] | None = None
        self._counters: dict[str, int] = {"headers": 0, "lost_samples": 0}
        self._clips = ItemState("clips", "clips", "running", "no clip yet", self._since_at)
        self._quarantine: ItemState | None = None  # None: no header met a bug

    def state(self, state: SourceState, sentence: str) -> None:
        """How the source is. A change of state is logged, once."""
        with self._lock:
            changed = state != self._state
            if changed:
                self._since_at = self._now()
            if (state, sentence) == (self._state, self._sentence):
                return
            self._state, self._sentence = state, sentence
        if changed:
            level = logging.WARNING if state in ("reconnecting", "failed") else logging.INFO
            log.log(level, "source %s is %s: %s", self._name, state, sentence)
        self.tell()

    def header(self, channel: int, at: datetime) -> None:
        """A header was taken in."""
        with self._lock:
            self._channels[channel].last_header_at = at
            self._channels[channel].headers += 1
            self._last_header = (at, self._channels[channel].name)
            self._counters["headers"] += 1
        self.tell()

    def lost(self, channel: int, samples: int) -> None:
        """Samples of a channel did not arrive."""
        with self._lock:
            self._channels[channel].lost_samples += samples
            self._counters["lost_samples"] += samples

    def levels(self, levels: tuple[Level, ...], carriers: Mapping[str, bool]) -> None:
        """What was heard during the last half second."""
        now = self._now()
        with self._lock:
            self._last_good_at = now
            for channel, level in zip(self._channels, levels, strict=True):
                _judge(channel, level, carriers.get(channel.name), now)

    def count(self, **counters: int) -> None:
        """Replace counters; told in the next round."""
        with self._lock:
            self._counters.update(counters)

    def lost_headers(self, count: int) -> None:
        """So many headers met a bug of ours since the start: warnings that nobody was told of."""
        with self._lock:
            headers = "1 header is" if count == 1 else f"{count} headers are"
            sentence = f"{headers} kept in quarantine and not on the page"
            self._quarantine = ItemState(
                "headers", "quarantine", "failed", sentence, self._now(), None, {"headers": count}
            )
        self.tell()

    def clip_fault(self, fault: str | None) -> None:
        """A clip could not be written, or (None) one has been written again; from any thread."""
        with self._lock:
            state: SourceState = "running" if fault is None else "failed"
            since_at = self._clips.since_at if state == self._clips.state else self._now()
            sentence = "clips are recorded" if fault is None else fault
            self._clips = ItemState("clips", "clips", state, sentence, since_at)
        self.tell()

    def tell(self) -> None:
        """Say it."""
        with self._lock:
            sentence, items = self._line(), (self._source_item(), *self._channel_items())
            items = (*items, self._clips)
            if self._quarantine is not None:
                items = (*items, self._quarantine)
            counters = dict(self._counters)
        self._tell(sentence, items=items, counters=counters)

    def _line(self) -> str:
        if self._state != "running":
            return f"{self._state}: {self._sentence}"
        count = len(self._channels)
        heard = "no header yet"
        if self._last_header is not None:
            at, channel = self._last_header
            heard = f"last header {_clock(at, self._now())} on {channel}"
        channels = "1 channel" if count == 1 else f"{count} channels"
        return f"{channels}, {heard}, {self._counters['lost_samples']} samples lost"

    def _source_item(self) -> ItemState:
        return ItemState(
            self._name,
            f"source.{self._kind}",
            self._state,
            self._sentence,
            self._since_at,
            self._last_good_at,
            dict(self._counters),
        )

    def _channel_items(self) -> tuple[ItemState, ...]:
        heard = self._state == "running"
        return tuple(
            ItemState(
                channel.name,
                "channel",
                channel.state if heard else self._state,
                channel.sentence if heard else self._sentence,
                channel.since_at,
                channel.last_header_at,
                {"headers": channel.headers, "lost_samples": channel.lost_samples},
            )
            for channel in self._channels
        )


def _judge(channel: _Channel, level: Level, carrier: bool | None, now: datetime) -> None:
    """Is the channel heard well? A channel that never had a carrier here is no problem."""
    channel.had_carrier = channel.had_carrier or carrier is True
    channel.silent_since_at = (channel.silent_since_at or now) if level.silent else None
    channel.no_carrier_since_at = (channel.no_carrier_since_at or now) if carrier is False else None
    problem_at: datetime | None = None
    if channel.no_carrier_since_at is not None:
        since = _clock(channel.no_carrier_since_at, now)
        sentence = f"no carrier since {since}" if channel.had_carrier else "no carrier"
        problem_at = channel.no_carrier_since_at if channel.had_carrier else None
    elif channel.silent_since_at is not None:
        sentence = f"silent since {_clock(channel.silent_since_at, now)}"
        problem_at = channel.silent_since_at
    else:
        sentence = "heard"
    failed = problem_at is not None and now - problem_at >= PROBLEM_AFTER
    if sentence != channel.sentence:
        channel.since_at = now
    channel.sentence, channel.state = sentence, "failed" if failed else "running"


def _clock(at: datetime, now: datetime) -> str:
    """ "12:03 UTC", with the date when it was on another day."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"
