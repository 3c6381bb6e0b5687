"""The status that eas-audiod reports about its source, channels and clips."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from eas_station.audiod.hearing.channel_assessment import (
    Assessment,
    ChannelFacts,
    ProbeResults,
    SourceFacts,
    SourceState,
    assess,
    clock,
)
from eas_station.audiod.hearing.level_meter import AudioMeasurement
from eas_station.bus.messages import HearingProof, ItemState

log = logging.getLogger(__name__)

MAX_NAMED = 2  # channels with a problem in the line of `systemctl status`

STARTING = "starting"


# `service.daemon.Daemon.set_status`: sentence, state (None: from the items), items, counters.
SetStatus = Callable[[str, None, tuple[ItemState, ...], dict[str, int]], None]


@dataclass(slots=True)
class _Since:
    """The assessment of a channel, and since when it holds."""

    at: datetime
    summary: tuple[str, bool] | None = None  # state, needs attention


class SourceReport:
    """Collects what the threads report and publishes it as sentences."""

    def __init__(
        self,
        name: str,
        kind: str,
        channels: tuple[str, ...],
        set_status: SetStatus,
        now: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._kind = kind
        self._set_status = set_status
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
        self._clips = ItemState("clips", "clips", "running", "no clips yet", self._since_at)
        self._quarantine: ItemState | None = None  # None: no header was quarantined

    def state(self, state: SourceState, sentence: str) -> None:
        """Set the state of the source. A change is logged once."""
        with self._lock:
            changed = state != self._state or self._sentence == STARTING
            if changed:
                self._since_at = self._now()
            if (state, sentence) == (self._state, self._sentence):
                return
            self._state, self._sentence = state, sentence
            if state != "running":
                for channel in self._channels:
                    channel.probes = None  # earlier probes no longer count
        if changed:
            level = logging.WARNING if state in ("reconnecting", "failed") else logging.INFO
            log.log(level, "source %s is %s: %s", self._name, state, sentence)
        self.publish()

    def header(self, channel: int, at: datetime) -> None:
        """Note that a header was received."""
        with self._lock:
            self._channels[channel].last_header_at = at
            self._channels[channel].headers += 1
            self._last_header = (at, self._channels[channel].name)
            self._counters["headers"] += 1
        self.publish()

    def lost(self, channel: int, samples: int) -> None:
        """Note that samples of a channel were lost."""
        with self._lock:
            self._channels[channel].lost_samples += samples
            self._counters["lost_samples"] += samples

    def levels(self, levels: tuple[AudioMeasurement, ...], carriers: Mapping[str, bool]) -> None:
        """Note the levels of the last half second."""
        now = self._now()
        with self._lock:
            self._last_good_at = now
            for channel, level in zip(self._channels, levels, strict=True):
                channel.note_level(level.silent, carriers.get(channel.name), now)

    def probed(self, channel: int, probes: ProbeResults) -> None:
        """Note the results of a channel's probes; ignored while the source is away."""
        with self._lock:
            if self._state == "running":
                self._channels[channel].probes = probes
        self.publish()

    def missed_tests(self, channel: int, missed: tuple[tuple[str, str], ...]) -> None:
        """Note the missed tests of a channel: event code and sentence of each."""
        with self._lock:
            if self._channels[channel].missed_tests == missed:
                return
            self._channels[channel].missed_tests = missed
        self.publish()

    def deaf_today(self, channel: int, seconds: float | None) -> None:
        """Note how long a channel has been deaf since midnight; None: unknown."""
        with self._lock:
            self._channels[channel].deaf_today_s = seconds

    def assessments(self) -> tuple[Assessment, ...]:
        """The assessment of every channel now."""
        with self._lock:
            return tuple(assessment for assessment, _ in self._assessed(self._now()))

    def hearing_proofs(self) -> tuple[HearingProof, ...]:
        """Every channel's assessment, as it is published."""
        with self._lock:
            assessed = self._assessed(self._now())
            return tuple(
                self._hearing_proof(facts, assessment, since_at)
                for facts, (assessment, since_at) in zip(self._channels, assessed, strict=True)
            )

    def count(self, **counters: int) -> None:
        """Set counters, which the next `publish` reports."""
        with self._lock:
            self._counters.update(counters)

    def quarantined_headers(self, count: int) -> None:
        """Note the headers quarantined since the start: warnings that reached nobody."""
        with self._lock:
            headers = "1 header is" if count == 1 else f"{count} headers are"
            sentence = f"{headers} quarantined after an internal error, not on the page"
            self._quarantine = ItemState(
                "headers", "quarantine", "failed", sentence, self._now(), None, {"headers": count}
            )
        self.publish()

    def clip_fault(self, fault: str | None) -> None:
        """Note that clips cannot be written, or (None) can be again; from any thread."""
        with self._lock:
            state: SourceState = "running" if fault is None else "failed"
            since_at = self._clips.since_at if state == self._clips.state else self._now()
            sentence = "clips are recorded" if fault is None else fault
            self._clips = ItemState("clips", "clips", state, sentence, since_at)
        self.publish()

    def publish(self) -> None:
        """Set the daemon's status."""
        with self._lock:
            sentence, items = self._line(), (self._source_item(), *self._channel_items())
            items = (*items, self._clips)
            if self._quarantine is not None:
                items = (*items, self._quarantine)
            counters = dict(self._counters)
        self._set_status(sentence, None, items, counters)

    def _line(self) -> str:
        if self._state != "running":
            return f"{self._state}: {self._sentence}"
        count = len(self._channels)
        last = "no header yet"
        if self._last_header is not None:
            at, channel = self._last_header
            last = f"last header {clock(at, self._now())} on {channel}"
        channels = "1 channel" if count == 1 else f"{count} channels"
        line = f"{channels}, {last}, {self._counters['lost_samples']} samples lost"
        return "; ".join((line, *self._problems()))

    def _problems(self) -> tuple[str, ...]:
        assessed = zip(self._channels, self._assessed(self._now()), strict=True)
        problems = [
            f"{facts.name} {found.line}" for facts, (found, _) in assessed if found.needs_attention
        ]
        more = len(problems) - MAX_NAMED
        return (
            (*problems[:MAX_NAMED], f"{more} more channels with a problem")
            if more > 0
            else tuple(problems)
        )

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
        is_running = self._state == "running"
        assessed = zip(self._channels, self._assessed(self._now()), strict=True)
        return tuple(
            ItemState(
                facts.name,
                "channel",
                ("failed" if found.needs_attention else "running") if is_running else self._state,
                found.line,
                since_at,
                facts.last_header_at,
                {"headers": facts.headers, "lost_samples": facts.lost_samples},
            )
            for facts, (found, since_at) in assessed
        )

    def _assessed(self, now: datetime) -> tuple[tuple[Assessment, datetime], ...]:
        """Every channel's assessment, and since when it holds."""
        source = SourceFacts(self._kind, self._state, self._sentence, self._since_at)
        assessed = []
        for facts, since in zip(self._channels, self._since, strict=True):
            found = assess(facts, source, now)
            if since.summary != (found.state, found.needs_attention):
                since.summary, since.at = (found.state, found.needs_attention), now
            assessed.append((found, since.at))
        return tuple(assessed)

    def _hearing_proof(
        self, facts: ChannelFacts, found: Assessment, since_at: datetime
    ) -> HearingProof:
        probes = facts.probes if found.state in ("hearing", "deaf") else None
        return HearingProof(
            source=self._name,
            channel=facts.name,
            state=found.state,
            sentence=found.line,
            since_at=since_at,
            margin_db=None if probes is None else probes.margin_db,
            usual_margin_db=None if probes is None else probes.usual_db,
            probed_at=None if facts.probes is None else facts.probes.probed_at,
            deaf_today_s=facts.deaf_today_s,
            problem=found.needs_attention,
            overdue=tuple(code for code, _ in found.missed_tests),
        )
