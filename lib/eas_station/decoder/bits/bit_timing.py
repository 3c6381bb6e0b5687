"""Where the bits of a burst begin: a straight line, one clock for all bursts of a message.

Times are modem samples. The line is found on the known bits and then drawn longer piece by piece:
within each of a few segments the soft bits are summed at neighbouring times, and the line that
collects most is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eas_station.decoder.text.grammar import START
from eas_station.decoder.text.message import EOM_TEXT
from eas_station.dsp.arrays.array_types import Precise, Real, windows
from eas_station.dsp.audio.afsk import BIT, bits
from eas_station.dsp.audio.modulate import PREAMBLE

PREAMBLE_BITS = 8 * len(PREAMBLE)
HEADER_KNOWN = bits(PREAMBLE + START.encode("ascii"))  # bit 0 of "Z" is at PREAMBLE_BITS
EOM_KNOWN = bits(PREAMBLE + EOM_TEXT.encode("ascii"))
WIDEST = 0.0135  # largest relative clock error that is followed
REACH = 4  # samples to either side of the line that are looked at
SEGMENTS = 16
TURNS = np.linspace(-3.0, 3.0, 25)  # samples by which the ends of a line are turned
MOVES = np.arange(-2.0, 2.01, 0.25)  # and by which all of it is moved
LOCK_CLOCKS = BIT * (1 + np.linspace(-0.0125, 0.0125, 21))
LOCK_REACH = 6
LOCK_TIMES = np.arange(-LOCK_REACH, LOCK_REACH + 1)
PIVOT = 4  # the bit in the middle of the known bits that sync looked at
CORE = PREAMBLE_BITS - 32  # first of the known bits that even a slow squelch lets through


@dataclass(frozen=True, slots=True)
class BitClock:
    """Bit k begins at `begin + k * period`; bit 0 is the first after the preamble."""

    begin: float
    period: float

    def times(self, first: int, count: int) -> Precise:
        """When `count` bits from bit `first` on begin."""
        bit = first + np.arange(count, dtype=np.float64)
        return self.begin + bit * self.period


class SoftSamples:
    """Soft bits of one burst at every modem sample; 0 outside of what was heard."""

    def __init__(self, origin: int) -> None:
        self.origin = origin
        self.values: Real = np.zeros(0, np.float32)

    def at(self, times: Precise) -> Real:
        """The soft bits that begin nearest to these times."""
        index = np.rint(times - self.origin).astype(np.intp)
        if not len(self.values):
            return np.zeros(index.shape, np.float32)
        inside = (index >= 0) & (index < len(self.values))
        found: Real = self.values[np.where(inside, index, 0)] * inside
        return found

    def around(self, times: Precise, reach: int) -> Real:
        """Those that begin `reach` samples before to `reach` after: (times…, 2 * reach + 1)."""
        wide = 2 * reach + 1
        padded = np.zeros((1, len(self.values) + 2 * wide), np.float32)
        padded[0, wide:-wide] = self.values
        every = windows(padded, 0, len(self.values) + wide + 1, 1, wide)[0]
        first = np.rint(times - (self.origin + reach - wide)).astype(np.intp)
        found: Real = every[np.minimum(np.maximum(first, 0), len(every) - 1)]
        return found


def lock(track: SoftSamples, near: float, known: Real) -> tuple[BitClock, float]:
    """The line through the known bits, and how many of them agree (soft sum).

    Args:
        near: where bit 0 begins, roughly.
    """
    k = np.arange(len(known)) - PREAMBLE_BITS - PIVOT
    middle = near + PIVOT * BIT
    soft = track.around(middle + k * LOCK_CLOCKS[:, None], LOCK_REACH)  # (clocks, bits, times)
    parts = np.zeros((3, len(known)), np.float32)
    for row, part in enumerate((slice(CORE, None), slice(CORE - 32, CORE), slice(CORE - 32))):
        parts[row, part] = known[part]
    core, early, earliest = np.moveaxis(parts @ soft, 1, 0)
    score = core + np.maximum(0, early - 1) + np.maximum(0, earliest - 3)
    best, column = np.unravel_index(int(score.argmax()), score.shape)
    period = float(LOCK_CLOCKS[best])
    begin = middle + int(LOCK_TIMES[column]) - PIVOT * period
    return BitClock(begin, period), float(core[best, column])


def anchored(track: SoftSamples, near: float, known: Real, period: float) -> BitClock:
    """The line with this period that fits the known bits best."""
    k = np.arange(CORE, len(known)) - PREAMBLE_BITS - PIVOT
    middle = near + PIVOT * BIT + LOCK_TIMES
    soft = track.at(middle[:, None] + k * period) @ known[CORE:]
    return BitClock(float(middle[int(soft.argmax())]) - PIVOT * period, period)


@dataclass(frozen=True, slots=True)
class Fit:
    """Lines with one common period, and what they collect."""

    lines: tuple[BitClock, ...]
    score: float


def fit(
    tracks: Sequence[SoftSamples], lines: Sequence[BitClock], expected: Sequence[Real], first: int
) -> Fit:
    """Move each line and turn all of them together to where they collect most.

    Args:
        expected: per track the bits from bit `first` on: +1 and −1 where known, between them where
            they are half known, nan where they are unknown (then either value is as good).
    """
    count = max(len(e) for e in expected)
    profiles = np.stack(
        [
            _profile(track, line, bits, first).ravel()
            for track, line, bits in zip(tracks, lines, expected, strict=True)
        ]
    )
    collected = (profiles @ _COLLECT).reshape(len(tracks), len(TURNS), len(MOVES))
    turn = int(collected.max(axis=2).sum(axis=0).argmax())
    turned = float(TURNS[turn]) / (count / 2)
    new = []
    for line, found in zip(lines, collected[:, turn], strict=True):
        move = float(MOVES[int(found.argmax())])
        begin = line.begin + move - (first + count / 2) * turned
        new.append(BitClock(begin, line.period + turned))
    return Fit(tuple(new), float(collected[:, turn].max(axis=1).sum()))


def _collecting() -> Precise:
    """Weights of a profile under each turn and move: (segments * offsets, turns * moves)."""
    centres = (np.arange(SEGMENTS) + 0.5) / SEGMENTS * 2 - 1
    place = REACH + MOVES + TURNS[:, None] * centres[:, None, None]  # (segments, turns, moves)
    place = np.clip(place, 0, 2 * REACH)
    distance = np.abs(np.arange(2 * REACH + 1)[:, None, None] - place[:, None])
    weights: Precise = np.maximum(0, 1 - distance)
    return weights.reshape(SEGMENTS * (2 * REACH + 1), -1)


_COLLECT = _collecting()


def _profile(track: SoftSamples, line: BitClock, expected: Real, first: int) -> Precise:
    """What each segment collects at −REACH … REACH samples off the line."""
    count = len(expected)
    soft = track.around(line.times(first, count), REACH)
    unknown = np.isnan(expected)[:, None]
    weighed = np.where(unknown, np.abs(soft), soft * expected[:, None])
    edges = (np.arange(SEGMENTS) * count) // SEGMENTS
    profile: Precise = np.add.reduceat(weighed, edges, axis=0)
    return profile
