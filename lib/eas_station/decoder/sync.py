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

from eas_station.decoder.known import EOM, HEADER_START, PREAMBLE_BYTE
from eas_station.dsp.afsk import BIT, bits
from eas_station.dsp.arrays import Real

Kind = Literal["header", "eom"]
PHASES = (0, 3, 6, 9)  # twelfths of a bit
PER_BIT = len(PHASES)
LEAD = 4  # bytes of preamble that are asked for
CLOCKS = (-0.008, 0.0, 0.008)
THRESHOLD = 4.7  # standard deviations
APART = 72 * PER_BIT  # two bursts cannot begin closer than this
FLOOR = 6.0  # soft-bit energy of a template below which there is no signal at all


@dataclass(frozen=True, slots=True)
class Sync:
    """A burst seems to begin here."""

    channel: int
    kind: Kind
    at: float  # where "Z" or "N" begins, in modem samples
    score: float  # standard deviations


@dataclass(frozen=True, slots=True)
class _Template:
    kind: Kind
    rows: tuple[int, ...]  # which byte correlation
    shifts: tuple[tuple[int, ...], ...]  # per clock: where each byte begins, in quarter bits


_BYTES = sorted({*PREAMBLE_BYTE, *HEADER_START, *EOM})
_PATTERNS = np.stack([bits(bytes([b])) for b in _BYTES], axis=1)  # (8, patterns)


def _template(kind: Kind, text: bytes) -> _Template:
    data = PREAMBLE_BYTE * LEAD + text
    middle = (len(data) - 1) / 2
    shifts = tuple(
        tuple(round(8 * PER_BIT * (i + (i - middle) * clock)) + 2 for i in range(len(data)))
        for clock in CLOCKS
    )
    return _Template(kind, tuple(_BYTES.index(b) for b in data), shifts)


_TEMPLATES = (_template("header", HEADER_START), _template("eom", EOM))
_SPAN = max(max(s[-1] for s in t.shifts) for t in _TEMPLATES) + 1


class SyncSearch:
    """Soft bits in, beginnings of bursts out; all channels at once."""

    def __init__(self, channels: int) -> None:
        self._soft = np.zeros((channels, (_SPAN // PER_BIT + 9) * PER_BIT), np.float32)
        self._first = -self._soft.shape[1]  # quarter-bit index of _soft[:, 0]
        self._rising: list[list[Sync]] = [[] for _ in range(channels)]

    def feed(self, soft: Real) -> list[Sync]:
        """Take soft bits (channels, n), n a multiple of PER_BIT."""
        x = np.concatenate([self._soft, soft], axis=1)
        seen = soft.shape[1]
        for kind, scores in self._scores(x, seen):
            for channel, i in zip(*np.nonzero(scores > THRESHOLD), strict=True):
                at = (self._first + int(i) + 2 + 8 * PER_BIT * LEAD) * (BIT / PER_BIT)
                found = Sync(int(channel), kind, at, float(scores[channel, i]))
                self._rising[channel].append(found)
        self._soft = x[:, seen:]
        self._first += seen
        return self._peaks()

    def _scores(self, x: Real, count: int) -> list[tuple[Kind, Real]]:
        """Normalised correlation of each template, beginning at the first `count` quarter bits."""
        channels = x.shape[0]
        frames = x.reshape(channels, -1, PER_BIT)
        windows = np.lib.stride_tricks.sliding_window_view(frames, 8, axis=1)
        by_byte = np.moveaxis(windows @ _PATTERNS, -1, 0).reshape(len(_BYTES), channels, -1)
        power = np.concatenate(
            [np.zeros((channels, 1), np.float32), np.cumsum(x * x, axis=1)], axis=1
        )
        found = []
        for template in _TEMPLATES:
            span = 8 * PER_BIT * len(template.rows)
            energy = (power[:, span + 2 : span + 2 + count] - power[:, 2 : 2 + count]) / PER_BIT
            best = np.maximum.reduce(
                [_delayed(by_byte, template, s, count) for s in template.shifts]
            )
            found.append((template.kind, best / np.sqrt(np.maximum(energy, FLOOR))))
        return found

    def _peaks(self) -> list[Sync]:
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


def _delayed(by_byte: Real, template: _Template, shifts: tuple[int, ...], count: int) -> Real:
    total = by_byte[template.rows[0], :, shifts[0] : shifts[0] + count].copy()
    for row, shift in zip(template.rows[1:], shifts[1:], strict=True):
        total += by_byte[row, :, shift : shift + count]
    return total


def _summit(rising: list[Sync]) -> Sync:
    """From the first candidate uphill to one with nothing better near it."""
    best = rising[0]
    while True:
        near = [c for c in rising if abs(c.at - best.at) < APART * (BIT / PER_BIT)]
        better = max(near, key=lambda c: c.score)
        if better.score <= best.score:
            return best
        best = better
