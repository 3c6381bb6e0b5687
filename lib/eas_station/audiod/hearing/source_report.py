"""What eas-audiod says about its source, its channels and its clips."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from eas_station.audiod.hearing.channel_assessment import (
    Assessment,
    ChannelFacts,
    ProbeResults,
    SourceFacts,
    SourceState,
    clock,
    judge,
)
from eas_station.audiod.hearing.level_meter import AudioMeasurement
from eas_station.bus.messages import HearingProof, ItemState

log = logging.getLogger(__name__)

NAMED = 2  # channels with a problem in the line of `systemctl status`

STARTING = "starting"


class SetStatus(Protocol):
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
class _Since:
    """What a channel is judged to be, and since when."""

    at: datetime
    gist: tuple[str, bool] | None = None  # state, problem


class SourceReport:
    """Collects what the threads know, and tells it as sentences."""

    def __init__(
        self,
        name: str,
        kind: str,
        channels: tuple[str, ...],
        tell: SetStatus,
        now: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._kind = kind
        self._tell = tell
        self._now = now
        self._lock = threading.Lock()
        self._state: SourceState = "reconnecting"
        self._sentence = STARTING
        self._since_at = now()
        self._last_good_at: datetime | None = None
        self._channels = [ChannelFacts(channel) for channel in channels]
        self._since = [_Since(self._since_at) for _ in channels]
        self._last_header: tuple[datetime, str] | None = None
        self._counters: dict[str, int] = {"headers": 0, "lost_samples": 0}
        self._clips = ItemState("clips", "clips", "running", "no clip yet", self._since_at)
        self._quarantine: ItemState | None = None  # None: no header met a bug

    def state(self, state: SourceState, sentence: str) -> None:
        """How the source is. A change of state is logged, once."""
        with self._lock:
            changed = state != self._state or self._sentence == STARTING
            if changed:
                self._since_at = self._now()
            if (state, sentence) == (self._state, self._sentence):
                return
            self._state, self._sentence = state, sentence
            if state != "running":
                for channel in self._channels:
                    channel.proof = None  # what comes after this has to be proved anew
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

    def levels(self, levels: tuple[AudioMeasurement, ...], carriers: Mapping[str, bool]) -> None:
        """What was heard during the last half second."""
        now = self._now()
        with self._lock:
            self._last_good_at = now
            for channel, level in zip(self._channels, levels, strict=True):
                channel.note_level(level.silent, carriers.get(channel.name), now)

    def proved(self, channel: int, proof: ProbeResults) -> None:
        """A probe of a channel has come to an end; ignored while the source is away."""
        with self._lock:
            if self._state == "running":
                self._channels[channel].proof = proof
        self.tell()

    def expected(self, channel: int, overdue: tuple[tuple[str, str], ...]) -> None:
        """Which tests of a channel did not come: event code and a sentence each."""
        with self._lock:
            if self._channels[channel].overdue == overdue:
                return
            self._channels[channel].overdue = overdue
        self.tell()

    def deaf_today(self, channel: int, seconds: float | None) -> None:
        """For how long a channel was deaf since midnight; None: not known."""
        with self._lock:
            self._channels[channel].deaf_today_s = seconds

    def assessments(self) -> tuple[Assessment, ...]:
        """Of every channel, as it is now."""
        with self._lock:
            return tuple(judgement for judgement, _ in self._judged(self._now()))

    def hearings(self) -> tuple[HearingProof, ...]:
        """What every channel would hear, to be published."""
        with self._lock:
            judged = self._judged(self._now())
            return tuple(
                self._hearing(facts, judgement, since_at)
                for facts, (judgement, since_at) in zip(self._channels, judged, strict=True)
            )

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
            heard = f"last header {clock(at, self._now())} on {channel}"
        channels = "1 channel" if count == 1 else f"{count} channels"
        line = f"{channels}, {heard}, {self._counters['lost_samples']} samples lost"
        return "; ".join((line, *self._problems()))

    def _problems(self) -> tuple[str, ...]:
        judged = zip(self._channels, self._judged(self._now()), strict=True)
        said = [f"{facts.name} {found.line}" for facts, (found, _) in judged if found.troubled]
        more = len(said) - NAMED
        return (*said[:NAMED], f"{more} more channels with a problem") if more > 0 else tuple(said)

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
        judged = zip(self._channels, self._judged(self._now()), strict=True)
        return tuple(
            ItemState(
                facts.name,
                "channel",
                ("failed" if found.troubled else "running") if heard else self._state,
                found.line,
                since_at,
                facts.last_header_at,
                {"headers": facts.headers, "lost_samples": facts.lost_samples},
            )
            for facts, (found, since_at) in judged
        )

    def _judged(self, now: datetime) -> tuple[tuple[Assessment, datetime], ...]:
        """Every channel's judgement and since when it has been so."""
        source = SourceFacts(self._kind, self._state, self._sentence, self._since_at)
        judged = []
        for facts, since in zip(self._channels, self._since, strict=True):
            found = judge(facts, source, now)
            if since.gist != (found.state, found.troubled):
                since.gist, since.at = (found.state, found.troubled), now
            judged.append((found, since.at))
        return tuple(judged)

    def _hearing(self, facts: ChannelFacts, found: Assessment, since_at: datetime) -> HearingProof:
        proof = facts.proof if found.state in ("hearing", "deaf") else None
        return HearingProof(
            source=self._name,
            channel=facts.name,
            state=found.state,
            sentence=found.line,
            since_at=since_at,
            margin_db=None if proof is None else proof.margin_db,
            usual_margin_db=None if proof is None else proof.usual_db,
            probed_at=None if facts.proof is None else facts.proof.probed_at,
            deaf_today_s=facts.deaf_today_s,
            problem=found.troubled,
            overdue=tuple(code for code, _ in found.overdue),
        )
