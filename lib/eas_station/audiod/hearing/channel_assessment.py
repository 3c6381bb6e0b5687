"""What is known about each channel, and the assessment: would it receive a warning now?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

SourceState = Literal["running", "reconnecting", "stopped", "failed"]
ChannelState = Literal["hearing", "deaf", "silent", "unproved"]

PROBLEM_AFTER = timedelta(minutes=5)  # of silence, or of a lost carrier
AWAY_AFTER = timedelta(minutes=1)  # a longer outage of the source is a problem of its channels
LOW_DB = 6.0  # a lower margin is a problem: ordinary fading can use it up
FALLEN_DB = 6.0  # a margin so far below the usual one is a problem


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The state of the channels' source."""

    kind: str
    state: SourceState
    sentence: str
    since_at: datetime


@dataclass(frozen=True, slots=True)
class ProbeResults:
    """The results of a channel's probes."""

    probed_at: datetime  # the last one
    margin_db: float | None  # None: a nominal header was not decoded
    recent_db: float | None = None  # the median of the last few
    usual_db: float | None = None  # the median of the days before; None: too few probes
    failing_since_at: datetime | None = None  # the first of consecutive failures


@dataclass(slots=True)
class ChannelFacts:
    """What is known about one channel."""

    name: str
    last_header_at: datetime | None = None
    silent_since_at: datetime | None = None
    no_carrier_since_at: datetime | None = None
    had_carrier: bool = False
    headers: int = 0
    lost_samples: int = 0
    probes: ProbeResults | None = None
    missed_tests: tuple[tuple[str, str], ...] = ()  # event code and sentence
    deaf_today_s: float | None = None

    def note_level(self, silent: bool, carrier_present: bool | None, now: datetime) -> None:
        """Note a measurement; `carrier_present` is None for sources without carriers."""
        self.had_carrier = self.had_carrier or carrier_present is True
        self.silent_since_at = (self.silent_since_at or now) if silent else None
        lacks_carrier = carrier_present is False
        self.no_carrier_since_at = (self.no_carrier_since_at or now) if lacks_carrier else None


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether the channel would receive a warning, and whether it needs attention."""

    state: ChannelState
    sentence: str
    problem: bool = False  # it needs attention
    deaf_since_at: datetime | None = None  # the beginning of the deaf interval to record
    missed_tests: tuple[tuple[str, str], ...] = ()  # as in `ChannelFacts`

    @property
    def needs_attention(self) -> bool:
        """Whether the channel has a problem or has missed a test."""
        return self.problem or bool(self.missed_tests)

    @property
    def line(self) -> str:
        """The sentence, followed by those of missed tests."""
        return "; ".join((self.sentence, *(missed for _, missed in self.missed_tests)))


def assess(facts: ChannelFacts, source: SourceFacts, now: datetime) -> Assessment:
    """Assess the channel at this moment."""
    return replace(_assess_audio(facts, source, now), missed_tests=facts.missed_tests)


def _assess_audio(facts: ChannelFacts, source: SourceFacts, now: datetime) -> Assessment:
    if source.state != "running":
        long_away = now - source.since_at >= AWAY_AFTER
        return Assessment("deaf", source.sentence, long_away and source.state != "stopped")
    if facts.no_carrier_since_at is not None:
        return _without_carrier(facts, facts.no_carrier_since_at, now)
    if facts.silent_since_at is not None:
        return _silent(facts, source, facts.silent_since_at, now)
    if facts.probes is None:
        return Assessment("unproved", "audio received")
    if facts.probes.margin_db is None:
        return _failing(facts.probes, now)
    return _proved_margin(facts.probes.margin_db, facts.probes)


def _without_carrier(facts: ChannelFacts, since_at: datetime, now: datetime) -> Assessment:
    if not facts.had_carrier:  # at any one place most of the seven NWR channels are empty
        return Assessment("silent", "no carrier")
    sentence = f"no carrier since {clock(since_at, now)}"
    if now - since_at < PROBLEM_AFTER:
        return Assessment("silent", sentence)
    cause = "the transmitter is off the air, or the antenna or its cable has failed"
    return Assessment("silent", f"{sentence}: {cause}", True, since_at)


def _silent(
    facts: ChannelFacts, source: SourceFacts, since_at: datetime, now: datetime
) -> Assessment:
    sentence = f"silent since {clock(since_at, now)}"
    if now - since_at < PROBLEM_AFTER:
        return Assessment("silent", sentence)
    if facts.had_carrier:
        cause = "the carrier is present, but the transmitter sends no audio"
    elif source.kind in ("pipe", "file"):
        cause = "its input sends zeros, or is squelched"
    elif source.kind == "stream":
        cause = "the stream continues, but carries no audio"
    else:
        cause = "the input is muted, unplugged or turned down"
    return Assessment("silent", f"{sentence}: {cause}", True, since_at)


def _failing(probes: ProbeResults, now: datetime) -> Assessment:
    since_at = probes.failing_since_at or probes.probed_at
    sentence = (
        f"a test header of the usual strength could not be decoded since {clock(since_at, now)}:"
        " noise or interference covers it"
    )
    return Assessment("deaf", sentence, True, since_at)


def _proved_margin(margin_db: float, probes: ProbeResults) -> Assessment:
    sentence = f"heard with a margin of {margin_db:g} dB"
    recent_db = margin_db if probes.recent_db is None else probes.recent_db
    advice = "check antenna, cable and transmitter"
    if probes.usual_db is not None and recent_db <= probes.usual_db - FALLEN_DB:
        usual = f"{sentence}, usually {probes.usual_db:g} dB: {advice}"
        return Assessment("hearing", usual, True)
    if recent_db < LOW_DB:
        return Assessment("hearing", f"{sentence}, which is low: {advice}", True)
    return Assessment("hearing", sentence)


def clock(at: datetime, now: datetime) -> str:
    """ "12:03 UTC", with the date if it was on another day."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"
