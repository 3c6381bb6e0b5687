"""Where the bits of a burst begin: a straight line, one clock for all bursts of a message.

Times are modem samples. The line is found on the known bits and then drawn longer piece by piece:
within each of a few segments the soft bits are summed at neighbouring times, and the line that
collects most is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eas_station.decoder.known import PREAMBLE_BITS
from eas_station.dsp.afsk import BIT
from eas_station.dsp.arrays import Precise, Real

WIDEST = 0.0135  # largest relative clock error that is followed
REACH = 4  # samples to either side of the line that are looked at
SEGMENTS = 16
LOCK_CLOCKS = BIT * (1 + np.linspace(-0.0125, 0.0125, 21))
LOCK_TIMES = np.arange(-6.0, 6.5)
PIVOT = 4  # the bit in the middle of the known bits that sync looked at
CORE = PREAMBLE_BITS - 32  # first of the known bits that even a slow squelch lets through


@dataclass(frozen=True, slots=True)
class Line:
    """Bit k begins at `begin + k * period`; bit 0 is the first after the preamble."""

    begin: float
    period: float

    def times(self, first: int, count: int) -> Precise:
        """When `count` bits from bit `first` on begin."""
        bit = first + np.arange(count, dtype=np.float64)
        return self.begin + bit * self.period


class SoftTrack:
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


def lock(track: SoftTrack, near: float, known: Real) -> tuple[Line, float]:
    """The line through the known bits, and how many of them agree (soft sum).

    Args:
        near: where bit 0 begins, roughly.
    """
    k = np.arange(len(known)) - PREAMBLE_BITS - PIVOT
    middle = near + PIVOT * BIT + LOCK_TIMES
    soft = track.at(middle[:, None, None] + k * LOCK_CLOCKS[:, None]) * known
    core = soft[..., CORE:].sum(axis=2)
    early = soft[..., CORE - 32 : CORE].sum(axis=2)
    earliest = soft[..., : CORE - 32].sum(axis=2)
    score = core + np.maximum(0, early - 1) + np.maximum(0, earliest - 3)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    period = float(LOCK_CLOCKS[column])
    return Line(float(middle[row]) - PIVOT * period, period), float(core[row, column])


def anchored(track: SoftTrack, near: float, known: Real, period: float) -> Line:
    """The line with this period that fits the known bits best."""
    k = np.arange(CORE, len(known)) - PREAMBLE_BITS - PIVOT
    middle = near + PIVOT * BIT + LOCK_TIMES
    soft = track.at(middle[:, None] + k * period) @ known[CORE:]
    return Line(float(middle[int(soft.argmax())]) - PIVOT * period, period)


@dataclass(frozen=True, slots=True)
class Fit:
    """Lines with one common period, and what they collect."""

    lines: tuple[Line, ...]
    score: float


def fit(
    tracks: Sequence[SoftTrack], lines: Sequence[Line], expected: Sequence[Real], first: int
) -> Fit:
    """Move each line and turn all of them together to where they collect most.

    Args:
        expected: per track the bits from bit `first` on: +1 and −1 where known, between them where
            they are half known, nan where they are unknown (then either value is as good).
    """
    count = max(len(e) for e in expected)
    profiles = [
        _profile(track, line, bits, first)
        for track, line, bits in zip(tracks, lines, expected, strict=True)
    ]
    middle = first + count / 2
    centres = first + (np.arange(SEGMENTS) + 0.5) * count / SEGMENTS - middle
    turns = np.linspace(-3.0, 3.0, 25) / (count / 2)
    moves = np.arange(-2.0, 2.01, 0.25)
    place = REACH + moves[:, None] + (turns[:, None] * centres)[:, None, :]
    place = np.clip(place, 0, 2 * REACH - 1e-6)
    left = place.astype(np.intp)
    share = place - left
    segment = np.arange(SEGMENTS)
    collected = np.stack(
        [
            (p[segment, left] * (1 - share) + p[segment, left + 1] * share).sum(axis=2)
            for p in profiles
        ]
    )  # (tracks, turns, moves)
    turn = int(collected.max(axis=2).sum(axis=0).argmax())
    new = []
    for line, found in zip(lines, collected[:, turn], strict=True):
        move = float(moves[int(found.argmax())])
        begin = line.begin + move - middle * float(turns[turn])
        new.append(Line(begin, line.period + float(turns[turn])))
    return Fit(tuple(new), float(collected[:, turn].max(axis=1).sum()))


def _profile(track: SoftTrack, line: Line, expected: Real, first: int) -> Precise:
    """What each segment collects at −REACH … REACH samples off the line."""
    count = len(expected)
    offsets = np.arange(-REACH, REACH + 1)
    soft = track.at(line.times(first, count)[:, None] + offsets)
    weighed = np.where(np.isnan(expected)[:, None], np.abs(soft), soft * expected[:, None])
    edges = (np.arange(SEGMENTS) * count) // SEGMENTS
    profile: Precise = np.add.reduceat(weighed, edges, axis=0)
    return profile
