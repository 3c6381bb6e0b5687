"""The end of message: NNNN after a preamble, three times (47 CFR 11.31(c)).

NNNN has only 32 bits, and every burst has the preamble. So the decision uses the log-likelihood of
the four letters alone, and a doubtful NNNN waits for the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eas_station.decoder.bits import bit_timing
from eas_station.decoder.bits.bit_timing import EOM_KNOWN, PREAMBLE_BITS, BitClock, SoftSamples
from eas_station.decoder.bits.burst_track import EVERY_SAMPLE
from eas_station.decoder.bits.sync import SyncCandidate
from eas_station.decoder.text.message import EOM_TEXT
from eas_station.dsp.arrays.buffers import SlidingBuffer
from eas_station.dsp.audio.afsk import BIT, MODEM_RATE_HZ

BITS = 8 * len(EOM_TEXT)
GAIN = 4.0  # log-odds of a fully decided soft bit, deliberately low
SINGLE = 10.5  # log-likelihood at which one NNNN is enough; its maximum is 22
DOUBTFUL = 5.0  # log-likelihood from which two are enough together
PAIR_S = 3.0  # the longest distance of two NNNN of one message
REPEAT_S = 6.0  # an NNNN within this time is a repetition
MIN_PREAMBLE = 0.3  # mean agreement of the 32 bits before the letters


@dataclass(frozen=True, slots=True)
class DetectedEom:
    """A detected end of message."""

    clock: BitClock
    likelihood: float
    bursts: int
    agreement: float  # mean agreement of the known bits; 1 if undisturbed


class EomDetector:
    """Detects NNNN on one channel."""

    def __init__(self) -> None:
        self._detected_at = -np.inf
        self._doubtful: tuple[float, float] | None = None  # position, likelihood

    def detect(self, sync: SyncCandidate, recent: SlidingBuffer) -> DetectedEom | None:
        """Decide on a burst that may be an NNNN."""
        clock, likelihood, agreement = _measure(sync, recent)
        again = clock.begin - self._detected_at < REPEAT_S * MODEM_RATE_HZ
        if likelihood < DOUBTFUL:
            return None
        if again:
            self._detected_at = clock.begin
            return None
        bursts = 1
        if likelihood < SINGLE:
            before, self._doubtful = self._doubtful, (clock.begin, likelihood)
            if before is None or clock.begin - before[0] > PAIR_S * MODEM_RATE_HZ:
                return None
            likelihood += before[1]
            bursts = 2
        self._detected_at = clock.begin
        self._doubtful = None
        return DetectedEom(clock, likelihood, bursts, agreement)


def _measure(sync: SyncCandidate, recent: SlidingBuffer) -> tuple[BitClock, float, float]:
    """The burst's clock, the log-likelihood of its four letters, and their mean agreement."""
    origin = (int(sync.at) // BIT - PREAMBLE_BITS - 4) * BIT
    end = min(recent.end, int(sync.at) + (BITS + 4) * BIT)
    count = (end - origin) // BIT - 1
    frames = recent.read(sync.channel, origin, origin + (count + 1) * BIT).reshape(-1, BIT)
    track = SoftSamples(origin)
    track.values = EVERY_SAMPLE.soft(frames)
    clock, _ = bit_timing.lock(track, sync.at, EOM_KNOWN)
    letters = track.at(clock.times(0, BITS)) * EOM_KNOWN[PREAMBLE_BITS:]
    lead = track.at(clock.times(-32, 32)) * EOM_KNOWN[bit_timing.CORE : PREAMBLE_BITS]
    if lead.mean() < MIN_PREAMBLE:
        return clock, 0.0, 0.0
    odds = np.tanh(GAIN / 2 * letters)
    return clock, float(np.log1p(0.98 * odds).sum()), float(letters.mean())
