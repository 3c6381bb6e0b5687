"""What is known of each channel, and the judgement that follows: would it hear a warning now?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

SourceState = Literal["running", "reconnecting", "stopped", "failed"]
ChannelState = Literal["hearing", "deaf", "silent", "unproved"]

PROBLEM_AFTER = timedelta(minutes=5)  # of silence, or without a carrier that was there
AWAY_AFTER = timedelta(minutes=1)  # a source that is away for longer is a problem of its channels
LOW_DB = 6.0  # a margin below is a problem: a fade of a summer's evening takes as much
FALLEN_DB = 6.0  # and so is one that is so much less than usual


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """How the source of the channels is."""

    kind: str
    state: SourceState
    sentence: str
    since_at: datetime


@dataclass(frozen=True, slots=True)
class ProbeResults:
    """What the probes of a channel have shown."""

    probed_at: datetime  # the last one
    margin_db: float | None  # None: not even a nominal header was read
    lately_db: float | None = None  # the median of the last few
    usual_db: float | None = None  # the median of the days before; None: too few
    failing_since_at: datetime | None = None  # the first of the failures in a row


@dataclass(slots=True)
class ChannelFacts:
    """What is known of one channel."""

    name: str
    last_header_at: datetime | None = None
    silent_since_at: datetime | None = None
    no_carrier_since_at: datetime | None = None
    had_carrier: bool = False
    headers: int = 0
    lost_samples: int = 0
    proof: ProbeResults | None = None
    overdue: tuple[tuple[str, str], ...] = ()  # event code and sentence of tests that did not come
    deaf_today_s: float | None = None

    def note_level(self, silent: bool, carrier_present: bool | None, now: datetime) -> None:
        """What was measured during the last half second; no carrier: None where there is none."""
        self.had_carrier = self.had_carrier or carrier_present is True
        self.silent_since_at = (self.silent_since_at or now) if silent else None
        lacks_carrier = carrier_present is False
        self.no_carrier_since_at = (self.no_carrier_since_at or now) if lacks_carrier else None


@dataclass(frozen=True, slots=True)
class Assessment:
    """Would the channel hear a warning, and is that as it should be."""

    state: ChannelState
    sentence: str
    problem: bool = False  # somebody should look after it
    deaf_since_at: datetime | None = None  # from when on it is to be recorded as deaf
    overdue: tuple[tuple[str, str], ...] = ()  # as in `ChannelFacts`

    @property
    def troubled(self) -> bool:
        """Should somebody look after the channel, for this or for a test that did not come."""
        return self.problem or bool(self.overdue)

    @property
    def line(self) -> str:
        """The sentence, and those of the tests that did not come."""
        return "; ".join((self.sentence, *(said for _, said in self.overdue)))


def judge(facts: ChannelFacts, source: SourceFacts, now: datetime) -> Assessment:
    """What the facts say of the channel at this moment."""
    return replace(_judge_sound(facts, source, now), overdue=facts.overdue)


def _judge_sound(facts: ChannelFacts, source: SourceFacts, now: datetime) -> Assessment:
    if source.state != "running":
        long_away = now - source.since_at >= AWAY_AFTER
        return Assessment("deaf", source.sentence, long_away and source.state != "stopped")
    if facts.no_carrier_since_at is not None:
        return _without_carrier(facts, facts.no_carrier_since_at, now)
    if facts.silent_since_at is not None:
        return _silent(facts, source, facts.silent_since_at, now)
    if facts.proof is None:
        return Assessment("unproved", "heard")
    if facts.proof.margin_db is None:
        return _failing(facts.proof, now)
    return _proved(facts.proof.margin_db, facts.proof)


def _without_carrier(facts: ChannelFacts, since_at: datetime, now: datetime) -> Assessment:
    if not facts.had_carrier:  # most of the seven channels are empty at any one place
        return Assessment("silent", "no carrier")
    sentence = f"no carrier since {clock(since_at, now)}"
    if now - since_at < PROBLEM_AFTER:
        return Assessment("silent", sentence)
    why = "the transmitter is off the air, or the antenna or its cable has failed"
    return Assessment("silent", f"{sentence}: {why}", True, since_at)


def _silent(
    facts: ChannelFacts, source: SourceFacts, since_at: datetime, now: datetime
) -> Assessment:
    sentence = f"silent since {clock(since_at, now)}"
    if now - since_at < PROBLEM_AFTER:
        return Assessment("silent", sentence)
    if facts.had_carrier:
        why = "the carrier is there, so the transmitter sends no sound"
    elif source.kind in ("pipe", "file"):
        why = "what feeds it sends zeros, or is squelched"
    elif source.kind == "stream":
        why = "the stream goes on, but carries no sound"
    else:
        why = "the input is muted, unplugged or turned down"
    return Assessment("silent", f"{sentence}: {why}", True, since_at)


def _failing(proof: ProbeResults, now: datetime) -> Assessment:
    since_at = proof.failing_since_at or proof.probed_at
    sentence = (
        "a header of the usual strength, hidden in a copy of its sound, could not be read since"
        f" {clock(since_at, now)}: noise or interference covers it"
    )
    return Assessment("deaf", sentence, True, since_at)


def _proved(margin_db: float, proof: ProbeResults) -> Assessment:
    sentence = f"heard, with a margin of {margin_db:g} dB"
    lately_db = margin_db if proof.lately_db is None else proof.lately_db
    advice = "look at antenna, cable and transmitter before a warning is missed"
    if proof.usual_db is not None and lately_db <= proof.usual_db - FALLEN_DB:
        usual = f"{sentence}, usually {proof.usual_db:g} dB: {advice}"
        return Assessment("hearing", usual, True)
    if lately_db < LOW_DB:
        return Assessment("hearing", f"{sentence}, which is little: {advice}", True)
    return Assessment("hearing", sentence)


def clock(at: datetime, now: datetime) -> str:
    """ "12:03 UTC", with the date when it was on another day."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"
