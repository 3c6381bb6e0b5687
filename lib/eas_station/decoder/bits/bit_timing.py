"""Bit timing recovery: bit k begins at begin + k · period, with one period per message.

Times are modem samples. The clock is first locked on the known bits, then refined as the burst
grows: in each of 16 segments the soft bits are summed at neighbouring offsets, and the line (offset
and slope) with the largest total is taken.
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
MAX_CLOCK_ERROR = 0.0135  # relative
REACH = 4  # samples searched on either side of the line
SEGMENTS = 16
SLOPES = np.linspace(-3.0, 3.0, 25)  # samples by which a slope moves the ends of the line
OFFSETS = np.arange(-2.0, 2.01, 0.25)  # samples by which an offset moves all of it
LOCK_CLOCKS = BIT * (1 + np.linspace(-0.0125, 0.0125, 21))
LOCK_REACH = 6
LOCK_TIMES = np.arange(-LOCK_REACH, LOCK_REACH + 1)
PIVOT = 4  # the middle of the known bits that `sync` correlates
CORE = PREAMBLE_BITS - 32  # first known bit that a slow squelch passes


@dataclass(frozen=True, slots=True)
class BitClock:
    """Bit k begins at `begin + k * period`; bit 0 is the first after the preamble."""

    begin: float
    period: float

    def times(self, first: int, count: int) -> Precise:
        """The beginnings of `count` bits from bit `first` on."""
        bit = first + np.arange(count, dtype=np.float64)
        return self.begin + bit * self.period


class SoftSamples:
    """The soft bits of one burst at every modem sample; 0 outside the received samples."""

    def __init__(self, origin: int) -> None:
        self.origin = origin
        self.values: Real = np.zeros(0, np.float32)

    def at(self, times: Precise) -> Real:
        """The soft bits nearest to these times."""
        index = np.rint(times - self.origin).astype(np.intp)
        if not len(self.values):
            return np.zeros(index.shape, np.float32)
        inside = (index >= 0) & (index < len(self.values))
        found: Real = self.values[np.where(inside, index, 0)] * inside
        return found

    def around(self, times: Precise, reach: int) -> Real:
        """Those from `reach` samples before to `reach` after: (times…, 2 * reach + 1)."""
        wide = 2 * reach + 1
        padded = np.zeros((1, len(self.values) + 2 * wide), np.float32)
        padded[0, wide:-wide] = self.values
        every = windows(padded, 0, len(self.values) + wide + 1, 1, wide)[0]
        first = np.rint(times - (self.origin + reach - wide)).astype(np.intp)
        found: Real = every[np.minimum(np.maximum(first, 0), len(every) - 1)]
        return found


def lock(samples: SoftSamples, near: float, known: Real) -> tuple[BitClock, float]:
    """The clock that fits the known bits best, and their agreement (a soft sum).

    Args:
        near: the approximate beginning of bit 0.
    """
    k = np.arange(len(known)) - PREAMBLE_BITS - PIVOT
    middle = near + PIVOT * BIT
    soft = samples.around(middle + k * LOCK_CLOCKS[:, None], LOCK_REACH)  # (clocks, bits, times)
    parts = np.zeros((3, len(known)), np.float32)
    for row, part in enumerate((slice(CORE, None), slice(CORE - 32, CORE), slice(CORE - 32))):
        parts[row, part] = known[part]
    core, early, earliest = np.moveaxis(parts @ soft, 1, 0)
    score = core + np.maximum(0, early - 1) + np.maximum(0, earliest - 3)
    best, column = np.unravel_index(int(score.argmax()), score.shape)
    period = float(LOCK_CLOCKS[best])
    begin = middle + int(LOCK_TIMES[column]) - PIVOT * period
    return BitClock(begin, period), float(core[best, column])


def anchored(samples: SoftSamples, near: float, known: Real, period: float) -> BitClock:
    """The clock with this period that fits the known bits best."""
    k = np.arange(CORE, len(known)) - PREAMBLE_BITS - PIVOT
    middle = near + PIVOT * BIT + LOCK_TIMES
    soft = samples.at(middle[:, None] + k * period) @ known[CORE:]
    return BitClock(float(middle[int(soft.argmax())]) - PIVOT * period, period)


@dataclass(frozen=True, slots=True)
class Fit:
    """Clocks with a common change of period, and their total."""

    clocks: tuple[BitClock, ...]
    score: float


def fit(
    bursts: Sequence[SoftSamples], clocks: Sequence[BitClock], expected: Sequence[Real], first: int
) -> Fit:
    """Shift each clock, and change all periods together, for the largest total.

    Args:
        expected: per burst, the bits from bit `first` on: ±1 where known, between them where
            partly known, NaN where unknown (either value counts).
    """
    count = max(len(e) for e in expected)
    profiles = np.stack(
        [
            _profile(samples, clock, bits, first).ravel()
            for samples, clock, bits in zip(bursts, clocks, expected, strict=True)
        ]
    )
    totals = (profiles @ _WEIGHTS).reshape(len(bursts), len(SLOPES), len(OFFSETS))
    best = int(totals.max(axis=2).sum(axis=0).argmax())
    slope = float(SLOPES[best]) / (count / 2)
    new = []
    for clock, found in zip(clocks, totals[:, best], strict=True):
        offset = float(OFFSETS[int(found.argmax())])
        begin = clock.begin + offset - (first + count / 2) * slope
        new.append(BitClock(begin, clock.period + slope))
    return Fit(tuple(new), float(totals[:, best].max(axis=1).sum()))


def _weights() -> Precise:
    """The weights of a profile for each line: (segments * distances, slopes * offsets)."""
    centres = (np.arange(SEGMENTS) + 0.5) / SEGMENTS * 2 - 1
    place = (
        REACH + OFFSETS + SLOPES[:, None] * centres[:, None, None]
    )  # (segments, slopes, offsets)
    place = np.clip(place, 0, 2 * REACH)
    distance = np.abs(np.arange(2 * REACH + 1)[:, None, None] - place[:, None])
    weights: Precise = np.maximum(0, 1 - distance)
    return weights.reshape(SEGMENTS * (2 * REACH + 1), -1)


_WEIGHTS = _weights()


def _profile(samples: SoftSamples, clock: BitClock, expected: Real, first: int) -> Precise:
    """The sum of each segment at −REACH … REACH samples from the clock's times."""
    count = len(expected)
    soft = samples.around(clock.times(first, count), REACH)
    unknown = np.isnan(expected)[:, None]
    weighted = np.where(unknown, np.abs(soft), soft * expected[:, None])
    edges = (np.arange(SEGMENTS) * count) // SEGMENTS
    profile: Precise = np.add.reduceat(weighted, edges, axis=0)
    return profile
