"""The bursts of one message: when to decode them, and when the text is certain enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from eas_station.decoder.bits import sample_loss
from eas_station.decoder.bits.bit_timing import PREAMBLE_BITS
from eas_station.decoder.bits.burst_track import MAX_BITS, BurstTrack, log_likelihood_same
from eas_station.decoder.combining import joint_decoding
from eas_station.decoder.combining.joint_decoding import JointReading
from eas_station.decoder.text.grammar import (
    FIRST_PLACE,
    MAX_LOCATIONS,
    PLACE,
    TAIL,
    Grammar,
    length_posterior,
)
from eas_station.dsp.arrays.array_types import Precise
from eas_station.dsp.arrays.buffers import SlidingBuffer
from eas_station.dsp.audio.afsk import BAUD_HZ, BIT

REPEATS = 3  # 47 CFR 11.31(c)
GAP_BITS = 1.6 * BAUD_HZ  # the longest pause between two bursts; nominal: one second
JOIN_BITS = 340  # received bits from which a burst is compared with earlier ones
MIN_SAME = 5.0  # log-likelihood ratio from which two bursts carry the same message
ENDS = [8 * (FIRST_PLACE + PLACE * n + TAIL) for n in range(1, MAX_LOCATIONS + 1)]
MARGIN = 2  # bits to wait after the end of a burst
FILTER_BITS = 2.5  # delay of the filters
UNLIKELY = 0.01  # probability below which a length is not considered
TYPICAL_BITS = 8 * 60


@dataclass(frozen=True, slots=True)
class Policy:
    """The posterior from which a message is given out."""

    usual: float = 0.87  # with all bursts of the message
    early: float = 0.999  # with two that agree bit by bit, before the third
    single: float = 0.98  # with only one burst
    rescue: float = 0.99  # without bursts that contradict the others


@dataclass(frozen=True, slots=True)
class Decision:
    """A decided text, and the bursts it was decoded from."""

    text: str
    joint: JointReading
    tracks: tuple[BurstTrack, ...]


class BurstGroup:
    """Up to three bursts of one message, from the start of the first to the end of the last."""

    def __init__(self, first: BurstTrack) -> None:
        self.tracks = [first]
        self.decision: Decision | None = None
        self.closed = False
        self._doubted: list[JointReading] = []  # uncertain readings of whole bursts
        self._last_resort: Decision | None = None  # its end may be wrong
        self.undecoded: JointReading | None = None  # closed without a decision
        self._ended = 0  # number of tracks that have ended
        self._bits = TYPICAL_BITS  # present estimate of the message's length
        self._next_end = 0  # index into ENDS: the next length to check
        self._lengths: Precise = np.full(len(ENDS), 1 / len(ENDS))

    @property
    def next_decision(self) -> float:
        """The modem sample at which a decision may be possible; infinity: not soon."""
        waiting = self._ended < len(self.tracks) or len(self.tracks) == REPEATS
        if self.decision is not None or len(self.tracks) == 1 or not waiting:
            return np.inf
        likely = np.flatnonzero(self._lengths[self._next_end :] > UNLIKELY)
        if not len(likely):
            return np.inf
        clock = self.tracks[-1].clock
        end = ENDS[self._next_end + int(likely[0])]
        return clock.begin + (end + MARGIN + FILTER_BITS) * clock.period

    def takes(self, track: BurstTrack) -> bool:
        """Whether this burst carries the same message."""
        if self.closed or len(self.tracks) == REPEATS:
            return False
        bits = min(JOIN_BITS, track.bits_received)
        return log_likelihood_same(self.tracks[-1].soft_bits(), track.soft_bits(), bits) > MIN_SAME

    def add(self, track: BurstTrack) -> None:
        """Add the next burst of the message."""
        self.tracks.append(track)
        self._next_end = 0
        self._update_lengths()

    def step(
        self, recent: SlidingBuffer, grammar: Grammar, policy: Policy, more: bool
    ) -> list[BurstTrack]:
        """Process the samples received meanwhile; gives the tracks that ended.

        Args:
            more: whether a burst of this channel that has begun may belong here.
        """
        ended = []
        track = self.tracks[-1]
        track.extend(recent)
        if self.decision is None:
            track.follow()
        if self._ended < len(self.tracks):
            if self._over(track):
                self._ended = len(self.tracks)
                track.follow()
                ended.append(track)
                self._decode(recent, grammar, policy)
        elif self.decision is None and len(self.tracks) == REPEATS and self._over(track):
            self._decode(recent, grammar, policy)
        if self._ended == len(self.tracks) and not more and self._complete(recent):
            self._finish(recent, grammar, policy)
        return ended

    def _over(self, track: BurstTrack) -> bool:
        """Whether the burst has probably ended."""
        received = track.bits_received
        if received >= MAX_BITS:
            return True
        reached = self._next_end
        while reached < len(ENDS) and received >= ENDS[reached] + MARGIN:
            reached += 1
        if reached > self._next_end:
            self._next_end = reached
            self._update_lengths()
            if float(self._lengths[:reached].sum()) > 0.5:
                return True
        return self._ended < len(self.tracks) and track.faded()

    def _update_lengths(self) -> None:
        self._lengths = length_posterior(np.sum([t.soft_bits() for t in self.tracks], axis=0))
        self._bits = ENDS[int(self._lengths.argmax())]

    def _decode(self, recent: SlidingBuffer, grammar: Grammar, policy: Policy) -> None:
        """Decode the bursts so far; decide if the text is certain."""
        if self.decision is not None or len(self.tracks) == 1:
            return
        found = self._read(self.tracks, recent, grammar)
        self._bits = 8 * len(found.reading.text)
        posterior = self._posterior(found)
        whole = self.tracks[-1].bits_received >= self._bits
        if len(self.tracks) == REPEATS or (len(self.tracks) == 2 and self._outer_two()):
            is_certain = posterior >= (policy.usual if whole else policy.early)
        else:
            is_certain = posterior >= policy.early and found.evidence.agreed
        if found.doubtful:  # another burst, or fewer bursts, may be better
            self._last_resort = self._last_resort or (self._decide(found) if is_certain else None)
        elif is_certain:
            self.decision = self._decide(found)
        elif whole:
            self._doubted.append(found)

    def _decide(self, found: JointReading) -> Decision:
        return Decision(found.reading.text, found, tuple(self.tracks))

    def _posterior(self, found: JointReading) -> float:
        """The posterior, lowered if the same bursts gave another text before.

        Another attempt on the same bits is not new evidence, so it must not add a chance of error.
        """
        against = [
            earlier.reading.posterior
            for earlier in self._doubted
            if earlier.evidence.bursts == found.evidence.bursts
            and len(earlier.reading.text) == len(found.reading.text)
            and earlier.reading.text != found.reading.text
        ]
        return min([found.reading.posterior, *(1 - posterior for posterior in against)])

    def _read(
        self, tracks: Sequence[BurstTrack], recent: SlidingBuffer, grammar: Grammar
    ) -> JointReading:
        for track in tracks:
            track.extend(recent)
            track.follow()
        return joint_decoding.read(tracks, recent, grammar)

    def _outer_two(self) -> bool:
        """Whether the two bursts are the first and the third, and the second was lost."""
        spacing = (self.tracks[1].clock.begin - self.tracks[0].clock.begin) / BIT
        return spacing > 1.6 * (self._bits + PREAMBLE_BITS + BAUD_HZ)

    def _complete(self, recent: SlidingBuffer) -> bool:
        """Whether no further burst of this message can follow."""
        since = (recent.end - self.tracks[-1].clock.begin) / BIT
        if len(self.tracks) == REPEATS:
            return self.decision is not None or since > MAX_BITS + 16
        if len(self.tracks) == 2 and self._outer_two():
            return True
        slots = 1 if len(self.tracks) == 2 else 2
        return since > slots * (self._bits + GAP_BITS + PREAMBLE_BITS) + JOIN_BITS + 80

    def _finish(self, recent: SlidingBuffer, grammar: Grammar, policy: Policy) -> None:
        """Decide with the bursts received; no more follow."""
        self.closed = True
        if self.decision is not None:
            return
        found = self._read(self.tracks, recent, grammar)
        minimum = policy.single if len(self.tracks) == 1 else policy.usual
        is_certain = self._posterior(found) >= minimum
        if len(self.tracks) > 1 and (found.doubtful or not is_certain):
            self._rescue(recent, grammar, policy)
        if self.decision is None:  # a warning with a doubtful end is still a warning
            self.decision = self._decide(found) if is_certain else self._last_resort
        if self.decision is None:
            self.undecoded = found

    def _rescue(self, recent: SlidingBuffer, grammar: Grammar, policy: Policy) -> None:
        """Leave out one or two bursts: the others may give a certain text."""
        for size in range(len(self.tracks) - 1, 0, -1):
            parts = [
                (part, self._read(part, recent, grammar))
                for part in combinations(self.tracks, size)
            ]
            part, best = max(parts, key=lambda item: item[1].reading.posterior)
            alone = size == 1 and not sample_loss.has_usual_end(best.reading.text)
            if best.reading.posterior < policy.rescue:
                continue
            if not (alone or best.doubtful):
                self.decision = Decision(best.reading.text, best, part)
                return
            doubted = best.as_doubtful()
            self._last_resort = self._last_resort or Decision(best.reading.text, doubted, part)
