"""Diversity combining: decodes a message from several channels or receivers together.

Their noise is independent, so the log-odds of their bits add up. Only messages that no channel
could decode by itself are combined, and each is given once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eas_station.decoder.bits.burst_track import log_likelihood_same
from eas_station.decoder.text.grammar import Grammar
from eas_station.decoder.text.message import DecodeEvidence
from eas_station.dsp.arrays.array_types import Precise

TOGETHER_S = 30.0  # within which all transmitters of a message begin
MIN_SAME = 8.0  # log-likelihood ratio from which two channels carry the same message
MIN_BITS = 340  # of the shortest header


@dataclass(frozen=True, slots=True)
class UndecodedMessage:
    """A message that one channel received and could not decode by itself."""

    source: str  # the channel; a source is not combined with itself
    at_s: float  # the beginning of its first burst, on a clock common to all sources
    soft: Precise  # (bits,) log-odds of the bits from "Z" on, all bursts together
    evidence: DecodeEvidence  # of the reading that was not certain enough


@dataclass(frozen=True, slots=True)
class CombinedMessage:
    """A message decoded from several sources."""

    text: str
    parts: tuple[UndecodedMessage, ...]  # oldest first
    evidence: DecodeEvidence


class DiversityCombiner:
    """Keeps undecoded messages, and combines those that belong together."""

    def __init__(self, grammar: Grammar, least_posterior: float) -> None:
        self._grammar = grammar
        self._least = least_posterior
        self._kept: list[UndecodedMessage] = []
        self._decoded: list[UndecodedMessage] = []

    def add(self, message: UndecodedMessage) -> CombinedMessage | None:
        """Add an undecoded message; gives the message if it can be decoded now."""
        since = message.at_s - TOGETHER_S
        self._kept = [u for u in self._kept if u.at_s >= since]
        self._decoded = [u for u in self._decoded if u.at_s >= since]
        if any(_are_same(message, u) for u in self._decoded):
            return None
        others = _one_of_each([u for u in self._kept if u.source != message.source], message)
        self._kept.append(message)
        if not others:
            return None
        parts = tuple(sorted([*others, message], key=lambda u: u.at_s))
        combined = _sum([u.soft for u in parts])
        reading = self._grammar.read(combined)
        if reading.posterior < self._least:
            return None
        self._decoded.append(replace(message, soft=combined))
        return CombinedMessage(reading.text, parts, _evidence(parts, reading.posterior))


def _one_of_each(
    candidates: Sequence[UndecodedMessage], message: UndecodedMessage
) -> list[UndecodedMessage]:
    """From each other source, the message that is most likely the same, if any."""
    best: dict[str, tuple[float, UndecodedMessage]] = {}
    for candidate in candidates:
        score = _score(candidate, message)
        if score > best.get(candidate.source, (MIN_SAME, candidate))[0]:
            best[candidate.source] = (score, candidate)
    return [candidate for _, candidate in best.values()]


def _are_same(first: UndecodedMessage, second: UndecodedMessage) -> bool:
    return _score(first, second) > MIN_SAME


def _score(first: UndecodedMessage, second: UndecodedMessage) -> float:
    bits = min(len(first.soft), len(second.soft))
    return log_likelihood_same(first.soft, second.soft, bits) if bits >= MIN_BITS else -np.inf


def _sum(parts: Sequence[Precise]) -> Precise:
    total = np.zeros(max(len(part) for part in parts))
    for part in parts:
        total[: len(part)] += part
    return total


def _evidence(parts: Sequence[UndecodedMessage], posterior: float) -> DecodeEvidence:
    """The best source's evidence with the common posterior; always marked as reconstructed."""
    best = max((u.evidence for u in parts), key=lambda e: (e.bursts, e.snr_db or -np.inf))
    sources = tuple(dict.fromkeys(u.source for u in parts))
    return replace(best, agreed=False, posterior=posterior, repaired=(), sources=sources)
