"""One burst while it is received: its clock, its soft bits, and its probable end."""

from __future__ import annotations

import numpy as np

from eas_station.decoder.bits import bit_timing
from eas_station.decoder.bits.bit_timing import HEADER_KNOWN, PREAMBLE_BITS, BitClock, SoftSamples
from eas_station.decoder.text.grammar import LONGEST
from eas_station.dsp.arrays.array_types import Precise, Real
from eas_station.dsp.arrays.buffers import SlidingBuffer
from eas_station.dsp.audio.afsk import BIT, ToneBank

MAX_BITS = 8 * LONGEST
KNOWN = len(HEADER_KNOWN) - PREAMBLE_BITS  # known bits from bit 0 on
LEAD_BITS = PREAMBLE_BITS + 4
GROWTH = 1.5  # growth of the burst after which its clock is fitted again
MIN_STRENGTH = 10.0  # soft sum of the 72 known bits nearest to the start of a burst
FADED_BITS = 100  # undecided bits after which a burst has ended
MIN_PREAMBLE = 8.0  # soft sum of the first 64 bits of a complete preamble
EVERY_SAMPLE = ToneBank(tuple(range(BIT)))


class BurstTrack:
    """A header burst that began near `near` (modem samples) and grows with the samples."""

    def __init__(self, channel: int, near: float, recent: SlidingBuffer) -> None:
        self.channel = channel
        self.near = near
        origin = (int(near) // BIT - LEAD_BITS) * BIT
        self.soft = SoftSamples(origin)
        self.extend(recent)
        self.clock, self.strength = bit_timing.lock(self.soft, near, HEADER_KNOWN)
        self._fitted = KNOWN
        self._read: tuple[BitClock, int, Precise] | None = None
        self.follow()

    def extend(self, recent: SlidingBuffer) -> None:
        """Add the samples received since the last call."""
        limit = self.soft.origin + (LEAD_BITS + MAX_BITS + 40) * BIT
        start = self.soft.origin + len(self.soft.values)
        end = min(recent.end, limit)
        count = (end - start) // BIT - 1
        if count <= 0:
            return
        frames = recent.read(self.channel, start, start + (count + 1) * BIT).reshape(-1, BIT)
        self.soft.values = np.concatenate([self.soft.values, EVERY_SAMPLE.soft(frames)])

    @property
    def bits_received(self) -> int:
        """Number of whole bits received from bit 0 on."""
        end = self.soft.origin + len(self.soft.values) - 1
        return int(max(0, min(MAX_BITS, (end - self.clock.begin) / self.clock.period)))

    def begin_of(self, bit: float) -> float:
        """The beginning of this bit, in modem samples."""
        return self.clock.begin + bit * self.clock.period

    def follow(self) -> None:
        """Fit the clock again if the burst has grown much."""
        received = self.bits_received
        while self._fitted < received and (
            received >= GROWTH * self._fitted or received == MAX_BITS
        ):
            self._fitted = min(received, int(GROWTH * self._fitted) + 32)
            self._fit(self._fitted)

    def _fit(self, bits: int) -> None:
        found = bit_timing.fit([self.soft], [self.clock], [self.expected(bits)], -PREAMBLE_BITS)
        self.settle(found.clocks[0])

    def settle(self, clock: BitClock) -> None:
        """Use this clock from now on, unless its error is implausible."""
        if abs(clock.period / BIT - 1) < bit_timing.MAX_CLOCK_ERROR:
            self.clock = clock

    def expected(self, bits: int) -> Real:
        """The expected preamble and `bits` bits after it; NaN where unknown."""
        expected = np.full(PREAMBLE_BITS + bits, np.nan, np.float32)
        expected[: len(HEADER_KNOWN)] = HEADER_KNOWN[: len(expected)]
        if not self.preamble_complete:
            expected[: bit_timing.CORE] = 0
        return expected

    @property
    def preamble_complete(self) -> bool:
        """Whether the preamble was received from its start: a slow squelch cuts it."""
        early = self.soft.at(self.clock.times(-PREAMBLE_BITS, 64))
        return bool(early @ HEADER_KNOWN[:64] > MIN_PREAMBLE)

    @property
    def is_burst(self) -> bool:
        """Whether the known bits, "ZCZC-" included, stand out of the noise."""
        start = self.soft.at(self.clock.times(0, KNOWN))
        energy = float(start @ start)
        agreed = float(start @ HEADER_KNOWN[PREAMBLE_BITS:])
        return self.strength > MIN_STRENGTH and agreed > 3.0 * energy**0.5 and energy > 1.0

    def soft_bits(self) -> Precise:
        """Log-odds of the bits from bit 0 on, by tone power alone (non-coherent): (MAX_BITS,)."""
        received = self.bits_received
        if self._read is not None and self._read[:2] == (self.clock, received):
            return self._read[2].copy()
        known = self.soft.at(self.clock.times(-32, 32 + KNOWN)) * HEADER_KNOWN[bit_timing.CORE :]
        gain = float(np.clip(2 * known.mean() / (known.var() + 0.02), 0.5, 40.0))
        bits = np.zeros(MAX_BITS)
        bits[:received] = np.clip(gain * self.soft.at(self.clock.times(0, received)), -12, 12)
        self._read = (self.clock, received, bits)
        return bits.copy()

    @property
    def snr_db(self) -> float:
        """Eb/N0 from the known bits by tone power alone; accurate within 1 dB up to 15 dB."""
        known = self.soft.at(self.clock.times(-32, 32 + KNOWN)) * HEADER_KNOWN[bit_timing.CORE :]
        lost = float(np.clip(1 - known.mean(), 1e-4, 1.0))
        return round(float(10 * np.log10(2 / lost)), 1)

    def faded(self) -> bool:
        """Whether the last bits are as undecided as noise."""
        received = self.bits_received
        if received < KNOWN + FADED_BITS:
            return False
        known = np.abs(self.soft.at(self.clock.times(0, KNOWN))).mean()
        last = np.abs(self.soft.at(self.clock.times(received - FADED_BITS, FADED_BITS))).mean()
        return bool(known > 0.75 and last < 0.5 + 0.35 * (known - 0.5))


def log_likelihood_same(first: Precise, second: Precise, bits: int) -> float:
    """Log-likelihood ratio: the same bits in two bursts, against independent bits."""
    a, b = np.tanh(first[KNOWN:bits] / 2), np.tanh(second[KNOWN:bits] / 2)
    return float(np.log1p(np.clip(a * b, -0.98, 1.0)).sum())
