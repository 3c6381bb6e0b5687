"""One burst as it comes in: its clock, its soft bits, and where it seems to end."""

from __future__ import annotations

import numpy as np

from eas_station.decoder.bits import bit_timing
from eas_station.decoder.bits.bit_timing import HEADER_KNOWN, PREAMBLE_BITS, BitClock, SoftSamples
from eas_station.decoder.text.grammar import LONGEST
from eas_station.dsp.arrays.array_types import Precise, Real
from eas_station.dsp.arrays.buffers import SlidingBuffer
from eas_station.dsp.audio.afsk import BIT, ToneBank

LONGEST_BITS = 8 * LONGEST
KNOWN = len(HEADER_KNOWN) - PREAMBLE_BITS  # known bits from bit 0 on
LEAD_BITS = PREAMBLE_BITS + 4
GROWTH = 1.5  # the line is drawn anew when the burst has become so much longer
ENOUGH = 10.0  # soft sum of the 72 known bits nearest to the start: there is a burst
FADED_BITS = 100  # a burst that is undecided for so long is over
TRUSTED = 8.0  # soft sum of the first 64 bits of the preamble: it was heard from its start
EVERY_SAMPLE = ToneBank(tuple(range(BIT)))


class BurstTrack:
    """A header burst that began at `near` (modem samples), growing with the samples."""

    def __init__(self, channel: int, near: float, recent: SlidingBuffer) -> None:
        self.channel = channel
        self.near = near
        origin = (int(near) // BIT - LEAD_BITS) * BIT
        self.soft = SoftSamples(origin)
        self.extend(recent)
        self.line, self.strength = bit_timing.lock(self.soft, near, HEADER_KNOWN)
        self._fitted = KNOWN
        self._read: tuple[BitClock, int, Precise] | None = None
        self.follow()

    def extend(self, recent: SlidingBuffer) -> None:
        """Take in what has been heard since."""
        limit = self.soft.origin + (LEAD_BITS + LONGEST_BITS + 40) * BIT
        start = self.soft.origin + len(self.soft.values)
        end = min(recent.end, limit)
        count = (end - start) // BIT - 1
        if count <= 0:
            return
        frames = recent.read(self.channel, start, start + (count + 1) * BIT).reshape(-1, BIT)
        self.soft.values = np.concatenate([self.soft.values, EVERY_SAMPLE.soft(frames)])

    @property
    def bits_heard(self) -> int:
        """Whole bits from bit 0 on that have been heard."""
        end = self.soft.origin + len(self.soft.values) - 1
        return int(max(0, min(LONGEST_BITS, (end - self.line.begin) / self.line.period)))

    def begin_of(self, bit: float) -> float:
        """When this bit begins, in modem samples."""
        return self.line.begin + bit * self.line.period

    def follow(self) -> None:
        """Draw the clock's line anew if much more has been heard than before."""
        heard = self.bits_heard
        while self._fitted < heard and (heard >= GROWTH * self._fitted or heard == LONGEST_BITS):
            self._fitted = min(heard, int(GROWTH * self._fitted) + 32)
            self._fit(self._fitted)

    def _fit(self, bits: int) -> None:
        found = bit_timing.fit([self.soft], [self.line], [self.expected(bits)], -PREAMBLE_BITS)
        self.settle(found.lines[0])

    def settle(self, line: BitClock) -> None:
        """Take this line from now on, unless no transmitter's clock is so far off."""
        if abs(line.period / BIT - 1) < bit_timing.WIDEST:
            self.line = line

    def expected(self, bits: int) -> Real:
        """What is expected of the preamble and `bits` bits after it: nan where unknown."""
        expected = np.full(PREAMBLE_BITS + bits, np.nan, np.float32)
        expected[: len(HEADER_KNOWN)] = HEADER_KNOWN[: len(expected)]
        if not self.preamble_heard:
            expected[: bit_timing.CORE] = 0
        return expected

    @property
    def preamble_heard(self) -> bool:
        """Was the preamble heard from its start (no slow squelch)?"""
        early = self.soft.at(self.line.times(-PREAMBLE_BITS, 64))
        return bool(early @ HEADER_KNOWN[:64] > TRUSTED)

    @property
    def is_burst(self) -> bool:
        """Do the known bits, and "ZCZC-" among them, stand out of the noise?"""
        start = self.soft.at(self.line.times(0, KNOWN))
        energy = float(start @ start)
        agreed = float(start @ HEADER_KNOWN[PREAMBLE_BITS:])
        return self.strength > ENOUGH and agreed > 3.0 * energy**0.5 and energy > 1.0

    def soft_bits(self) -> Precise:
        """Log-odds of the bits from bit 0 on, by tone power alone: (LONGEST_BITS,)."""
        heard = self.bits_heard
        if self._read is not None and self._read[:2] == (self.line, heard):
            return self._read[2].copy()
        known = self.soft.at(self.line.times(-32, 32 + KNOWN)) * HEADER_KNOWN[bit_timing.CORE :]
        gain = float(np.clip(2 * known.mean() / (known.var() + 0.02), 0.5, 40.0))
        bits = np.zeros(LONGEST_BITS)
        bits[:heard] = np.clip(gain * self.soft.at(self.line.times(0, heard)), -12, 12)
        self._read = (self.line, heard, bits)
        return bits.copy()

    @property
    def snr_db(self) -> float:
        """Eb/N0 estimated from the known bits by tone power alone; good within 1 dB below 15 dB."""
        known = self.soft.at(self.line.times(-32, 32 + KNOWN)) * HEADER_KNOWN[bit_timing.CORE :]
        lost = float(np.clip(1 - known.mean(), 1e-4, 1.0))
        return round(float(10 * np.log10(2 / lost)), 1)

    def faded(self) -> bool:
        """Has the burst's energy gone: is the last stretch as undecided as noise?"""
        heard = self.bits_heard
        if heard < KNOWN + FADED_BITS:
            return False
        known = np.abs(self.soft.at(self.line.times(0, KNOWN))).mean()
        last = np.abs(self.soft.at(self.line.times(heard - FADED_BITS, FADED_BITS))).mean()
        return bool(known > 0.75 and last < 0.5 + 0.35 * (known - 0.5))


def log_likelihood_same(first: Precise, second: Precise, bits: int) -> float:
    """Log-likelihood that two bursts say the same, against that they have nothing in common."""
    a, b = np.tanh(first[KNOWN:bits] / 2), np.tanh(second[KNOWN:bits] / 2)
    return float(np.log1p(np.clip(a * b, -0.98, 1.0)).sum())
