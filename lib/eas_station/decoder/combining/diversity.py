"""The same message heard badly on several channels or receivers: read it from all of them.

Their noise is independent, so their log-odds add up, as those of three bursts do. What one of them
read by itself does not come here; nor is anything said twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eas_station.decoder.bits.burst_track import log_likelihood_same
from eas_station.decoder.text.grammar import Grammar
from eas_station.decoder.text.message import DecodeEvidence
from eas_station.dsp.arrays.array_types import Precise

TOGETHER_S = 30.0  # transmitters of one message begin within this
SAME = 8.0  # log-likelihood from which two channels say the same
LEAST_BITS = 340  # the shortest header


@dataclass(frozen=True, slots=True)
class UndecodedMessage:
    """A message that one channel heard and could not read by itself."""

    source: str  # who heard it: nothing of one source is combined with itself
    at_s: float  # when its first burst began, on a clock that all sources share
    soft: Precise  # (bits,) log-odds of the bits from "Z" on, all bursts together
    evidence: DecodeEvidence  # of the reading that was not sure enough


@dataclass(frozen=True, slots=True)
class CombinedMessage:
    """What several sources say together."""

    text: str
    parts: tuple[UndecodedMessage, ...]  # oldest first
    evidence: DecodeEvidence


class DiversityCombiner:
    """Remembers what could not be read, and reads it when it is heard elsewhere too."""

    def __init__(self, grammar: Grammar, least_posterior: float) -> None:
        self._grammar = grammar
        self._least = least_posterior
        self._kept: list[UndecodedMessage] = []
        self._said: list[UndecodedMessage] = []

    def add(self, unread: UndecodedMessage) -> CombinedMessage | None:
        """Take one that could not be read; the message if it can be read now."""
        since = unread.at_s - TOGETHER_S
        self._kept = [u for u in self._kept if u.at_s >= since]
        self._said = [u for u in self._said if u.at_s >= since]
        if any(_say_the_same(unread, u) for u in self._said):
            return None
        others = _one_of_each([u for u in self._kept if u.source != unread.source], unread)
        self._kept.append(unread)
        if not others:
            return None
        parts = tuple(sorted([*others, unread], key=lambda u: u.at_s))
        together = _sum([u.soft for u in parts])
        reading = self._grammar.read(together)
        if reading.posterior < self._least:
            return None
        self._said.append(replace(unread, soft=together))
        return CombinedMessage(reading.text, parts, _evidence(parts, reading.posterior))


def _one_of_each(
    candidates: Sequence[UndecodedMessage], unread: UndecodedMessage
) -> list[UndecodedMessage]:
    """Of every source the one that says most likely the same, if any does."""
    best: dict[str, tuple[float, UndecodedMessage]] = {}
    for candidate in candidates:
        score = _score(candidate, unread)
        if score > best.get(candidate.source, (SAME, candidate))[0]:
            best[candidate.source] = (score, candidate)
    return [candidate for _, candidate in best.values()]


def _say_the_same(first: UndecodedMessage, second: UndecodedMessage) -> bool:
    return _score(first, second) > SAME


def _score(first: UndecodedMessage, second: UndecodedMessage) -> float:
    bits = min(len(first.soft), len(second.soft))
    return log_likelihood_same(first.soft, second.soft, bits) if bits >= LEAST_BITS else -np.inf


def _sum(parts: Sequence[Precise]) -> Precise:
    total = np.zeros(max(len(part) for part in parts))
    for part in parts:
        total[: len(part)] += part
    return total


def _evidence(parts: Sequence[UndecodedMessage], posterior: float) -> DecodeEvidence:
    """That of the source that heard best, with the posterior of all; reconstructed, always."""
    best = max((u.evidence for u in parts), key=lambda e: (e.bursts, e.snr_db or -np.inf))
    sources = tuple(dict.fromkeys(u.source for u in parts))
    return replace(best, agreed=False, posterior=posterior, repaired=(), sources=sources)
