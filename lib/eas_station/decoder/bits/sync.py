"""Find the beginnings of bursts: four bytes of preamble with ZCZC- or NNNN, at a constant
false-alarm rate.

The known bits are correlated with the soft bits of four phases a bit; the sum is divided by the
root of the soft bits' own energy, so that noise, speech and music of any level give a normal
deviate. Three clocks (0 and ±0.8 %) cover transmitters up to 1.2 % off.
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
LEAD = 4  # bytes of preamble that are asked for
CLOCKS = (-0.008, 0.0, 0.008)
THRESHOLD = 4.7  # standard deviations
APART = 72 * PER_BIT  # two bursts cannot begin closer than this
EDGE = 2  # quarter bits by which the outer bytes may be moved
BATCH = 128 * PER_BIT  # quarter bits that are searched at once
FLOOR = 6.0  # soft-bit energy of a template below which there is no signal at all


@dataclass(frozen=True, slots=True)
class SyncCandidate:
    """A burst seems to begin here."""

    channel: int
    kind: Kind
    at: float  # where "Z" or "N" begins, in modem samples
    score: float  # standard deviations


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes of a template that every clock moves alike."""

    rows: tuple[int, ...]  # which byte correlations
    places: tuple[int, ...]  # where each begins at the nominal clock, in quarter bits
    shifts: tuple[int, ...]  # per clock: by how much all of them are moved


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
        self._rising: list[list[SyncCandidate]] = [[] for _ in range(channels)]

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
                self._rising[channel].append(found)
        self._soft = x[:, seen:]
        self._first += seen
        return self._peaks()

    def _scores(self, x: Real, count: int) -> list[tuple[Kind, Real]]:
        """Normalised correlation of each template, beginning at the first `count` quarter bits."""
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
            found.append((template.kind, best / np.sqrt(np.maximum(energy, FLOOR))))
        return found

    def _peaks(self) -> list[SyncCandidate]:
        """Candidates that nothing better can follow any more."""
        found = []
        done = (self._first + _SPAN - APART) * (BIT / PER_BIT)
        for channel, rising in enumerate(self._rising):
            while rising:
                best = _summit(rising)
                if best.at > done:
                    break
                found.append(best)
                rising = [c for c in rising if c.at > best.at + APART * (BIT / PER_BIT)]
            self._rising[channel] = rising
        return found


def _best_clock(by_byte: Real, template: _Template, count: int) -> Real:
    """The template's correlation under the clock that suits best, at `count` places."""
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


def _summit(rising: list[SyncCandidate]) -> SyncCandidate:
    """From the first candidate uphill to one with nothing better near it."""
    best = rising[0]
    while True:
        near = [c for c in rising if abs(c.at - best.at) < APART * (BIT / PER_BIT)]
        better = max(near, key=lambda c: c.score)
        if better.score <= best.score:
            return best
        best = better
