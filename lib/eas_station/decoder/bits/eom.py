"""The end of message: NNNN after a preamble, three times (47 CFR 11.31(c)).

Thirty-two bits are few, and half of a burst's known bits are preamble that any burst has: the four
letters are weighed by themselves, and a lone doubtful NNNN waits for the next one.
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
ALONE = 10.5  # log-likelihood of the four letters at which one NNNN is enough; at most 22
DOUBTFUL = 5.0  # from here on two of them are enough together
TOGETHER_S = 3.0  # two NNNN of one message are closer than this
ONCE_S = 6.0  # the repeats of an NNNN are not said again
PREAMBLE_SHARE = 0.3  # mean soft agreement of the 32 bits before the letters


@dataclass(frozen=True, slots=True)
class DetectedEom:
    """An end of message that is to be said."""

    line: BitClock
    likelihood: float
    bursts: int
    agreement: float  # mean soft agreement of the known bits, 1 undisturbed


class EomDetector:
    """Decides on one channel when NNNN has been sent."""

    def __init__(self) -> None:
        self._said_at = -np.inf
        self._doubtful: tuple[float, float] | None = None  # where, likelihood

    def heard(self, sync: SyncCandidate, recent: SlidingBuffer) -> DetectedEom | None:
        """Weigh a burst that may be an NNNN."""
        line, likelihood, agreement = _weigh(sync, recent)
        again = line.begin - self._said_at < ONCE_S * MODEM_RATE_HZ
        if likelihood < DOUBTFUL:
            return None
        if again:
            self._said_at = line.begin
            return None
        bursts = 1
        if likelihood < ALONE:
            before, self._doubtful = self._doubtful, (line.begin, likelihood)
            if before is None or line.begin - before[0] > TOGETHER_S * MODEM_RATE_HZ:
                return None
            likelihood += before[1]
            bursts = 2
        self._said_at = line.begin
        self._doubtful = None
        return DetectedEom(line, likelihood, bursts, agreement)


def _weigh(sync: SyncCandidate, recent: SlidingBuffer) -> tuple[BitClock, float, float]:
    """The burst's line, the log-likelihood of its four letters, and the mean agreement."""
    origin = (int(sync.at) // BIT - PREAMBLE_BITS - 4) * BIT
    end = min(recent.end, int(sync.at) + (BITS + 4) * BIT)
    count = (end - origin) // BIT - 1
    frames = recent.read(sync.channel, origin, origin + (count + 1) * BIT).reshape(-1, BIT)
    track = SoftSamples(origin)
    track.values = EVERY_SAMPLE.soft(frames)
    line, _ = bit_timing.lock(track, sync.at, EOM_KNOWN)
    letters = track.at(line.times(0, BITS)) * EOM_KNOWN[PREAMBLE_BITS:]
    lead = track.at(line.times(-32, 32)) * EOM_KNOWN[bit_timing.CORE : PREAMBLE_BITS]
    if lead.mean() < PREAMBLE_SHARE:
        return line, 0.0, 0.0
    odds = np.tanh(GAIN / 2 * letters)
    return line, float(np.log1p(0.98 * odds).sum()), float(letters.mean())
