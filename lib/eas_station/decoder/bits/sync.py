"""Preamble correlation: finds the beginnings of bursts at a constant false-alarm rate.

The known bits b_i of four bytes of preamble and ZCZC- or NNNN are correlated with the soft bits x_i
at four phases per bit. The score

    Σ b_i · x_i / √(Σ x_i²)

is a standard normal deviate for noise, speech and music of any level. Three clocks (0 and ±0.8 %)
cover transmitters with errors of up to 1.2 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eas_station.decoder.text.grammar import START
from eas_station.decoder.text.message import EOM_TEXT
from eas_station.dsp.arrays.array_types import Real, windows
from eas_station.dsp.audio.afsk import BIT, bits
from eas_station.dsp.audio.modulate import PREAMBLE

HEADER_START, EOM = START.encode("ascii"), EOM_TEXT.encode("ascii")
Kind = Literal["header", "eom"]
PHASES = (0, 3, 6, 9)  # twelfths of a bit
PER_BIT = len(PHASES)
LEAD = 4  # bytes of preamble that are correlated
CLOCKS = (-0.008, 0.0, 0.008)
THRESHOLD = 4.7  # standard deviations
MIN_DISTANCE = 72 * PER_BIT  # between the beginnings of two bursts
EDGE = 2  # quarter bits by which a clock may shift the outer bytes
BATCH = 128 * PER_BIT  # quarter bits searched at once
MIN_ENERGY = 6.0  # of the soft bits under a template; less is no signal


@dataclass(frozen=True, slots=True)
class SyncCandidate:
    """A possible beginning of a burst."""

    channel: int
    kind: Kind
    at: float  # where "Z" or "N" begins, in modem samples
    score: float  # standard deviations


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes of a template that each clock shifts by the same amount."""

    rows: tuple[int, ...]  # of the byte correlations
    places: tuple[int, ...]  # of the bytes at the nominal clock, in quarter bits
    shifts: tuple[int, ...]  # per clock, in quarter bits


@dataclass(frozen=True, slots=True)
class _Template:
    kind: Kind
    length: int  # bytes
    parts: tuple[_Part, ...]


_BYTES = sorted({*PREAMBLE, *HEADER_START, *EOM})
_PATTERNS = np.stack([bits(bytes([b])) for b in _BYTES])  # (patterns, 8)


def _template(kind: Kind, text: bytes) -> _Template:
    data = PREAMBLE[:LEAD] + text
    middle = (len(data) - 1) / 2
    moved = [
        tuple(round(8 * PER_BIT * (i - middle) * clock) for clock in CLOCKS)
        for i in range(len(data))
    ]
    parts = [
        _Part(
            tuple(_BYTES.index(data[i]) for i in range(len(data)) if moved[i] == shifts),
            tuple(8 * PER_BIT * i + EDGE for i in range(len(data)) if moved[i] == shifts),
            shifts,
        )
        for shifts in dict.fromkeys(moved)
    ]
    return _Template(kind, len(data), tuple(parts))


_TEMPLATES = (_template("header", HEADER_START), _template("eom", EOM))
_SPAN = 8 * PER_BIT * max(t.length for t in _TEMPLATES) + 2 * EDGE


class SyncSearch:
    """Soft bits in, beginnings of bursts out; all channels at once."""

    def __init__(self, channels: int) -> None:
        self._past = (_SPAN // PER_BIT + 9) * PER_BIT
        self._soft = np.zeros((channels, self._past), np.float32)
        self._first = -self._past  # quarter-bit index of _soft[:, 0]
        self._candidates: list[list[SyncCandidate]] = [[] for _ in range(channels)]

    def feed(self, soft: Real) -> list[SyncCandidate]:
        """Take soft bits (channels, n), n a multiple of PER_BIT."""
        x = self._soft = np.concatenate([self._soft, soft], axis=1)
        seen = x.shape[1] - self._past
        if seen < BATCH:
            return []
        for kind, scores in self._scores(x, seen):
            for channel, i in zip(*np.nonzero(scores > THRESHOLD), strict=True):
                at = (self._first + int(i) + EDGE + 8 * PER_BIT * LEAD) * (BIT / PER_BIT)
                found = SyncCandidate(int(channel), kind, at, float(scores[channel, i]))
                self._candidates[channel].append(found)
        self._soft = x[:, seen:]
        self._first += seen
        return self._peaks()

    def _scores(self, x: Real, count: int) -> list[tuple[Kind, Real]]:
        """The normalised correlation of each template at the first `count` quarter bits."""
        channels = x.shape[0]
        shifted = windows(x, 0, 8, PER_BIT, x.shape[1] - 7 * PER_BIT)
        by_byte = np.moveaxis(_PATTERNS @ shifted, 1, 0)  # (patterns, channels, places)
        power = np.concatenate(
            [np.zeros((channels, 1), np.float32), np.cumsum(x * x, axis=1)], axis=1
        )
        found = []
        for template in _TEMPLATES:
            end = 8 * PER_BIT * template.length + EDGE
            energy = (power[:, end : end + count] - power[:, EDGE : EDGE + count]) / PER_BIT
            best = _best_clock(by_byte, template, count)
            found.append((template.kind, best / np.sqrt(np.maximum(energy, MIN_ENERGY))))
        return found

    def _peaks(self) -> list[SyncCandidate]:
        """The candidates that no better one can follow."""
        found = []
        done = (self._first + _SPAN - MIN_DISTANCE) * (BIT / PER_BIT)
        distance = MIN_DISTANCE * (BIT / PER_BIT)
        for channel, candidates in enumerate(self._candidates):
            while candidates:
                best = _local_peak(candidates)
                if best.at > done:
                    break
                found.append(best)
                candidates = [c for c in candidates if c.at > best.at + distance]
            self._candidates[channel] = candidates
        return found


def _best_clock(by_byte: Real, template: _Template, count: int) -> Real:
    """The template's correlation with its best clock, at `count` places."""
    wide = count + 2 * EDGE
    parts = []
    for part in template.parts:
        starts = [place - EDGE for place in part.places]
        total = by_byte[part.rows[0], :, starts[0] : starts[0] + wide].copy()
        for row, start in zip(part.rows[1:], starts[1:], strict=True):
            total += by_byte[row, :, start : start + wide]
        parts.append(total)
    best: Real | None = None
    for clock in range(len(CLOCKS)):
        moved = [EDGE + part.shifts[clock] for part in template.parts]
        score = parts[0][:, moved[0] : moved[0] + count].copy()
        for total, at in zip(parts[1:], moved[1:], strict=True):
            score += total[:, at : at + count]
        best = score if best is None else np.maximum(best, score, out=best)
    assert best is not None
    return best


def _local_peak(candidates: list[SyncCandidate]) -> SyncCandidate:
    """The best candidate near the first one, near that one, and so on until none is better."""
    best = candidates[0]
    while True:
        near = [c for c in candidates if abs(c.at - best.at) < MIN_DISTANCE * (BIT / PER_BIT)]
        better = max(near, key=lambda c: c.score)
        if better.score <= best.score:
            return best
        best = better
