"""The bursts of one message: when to read them, and when to speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from eas_station.decoder.bits import sample_loss
from eas_station.decoder.bits.bit_timing import PREAMBLE_BITS
from eas_station.decoder.bits.burst_track import LONGEST_BITS, BurstTrack, log_likelihood_same
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
GAP_BITS = 1.6 * BAUD_HZ  # the longest pause between two bursts; the rule says one second
JOIN_BITS = 340  # a burst is compared with earlier ones when so much of it is heard
SAME = 5.0  # log-likelihood from which two bursts say the same
ENDS = [8 * (FIRST_PLACE + PLACE * n + TAIL) for n in range(1, MAX_LOCATIONS + 1)]
MARGIN = 2  # bits that the end of a burst is waited for
FILTER_BITS = 2.5  # and until a bit that was heard has been through the filters
UNLIKELY = 0.01  # probability of a length below which its end is not watched for
TYPICAL_BITS = 8 * 60


@dataclass(frozen=True, slots=True)
class Policy:
    """From which posterior on the receiver speaks."""

    usual: float = 0.87  # all bursts there are
    early: float = 0.999  # after two that agree bit by bit, without waiting for the third
    single: float = 0.98  # only one burst was heard
    rescue: float = 0.99  # some of the bursts contradict the others and are left out


@dataclass(frozen=True, slots=True)
class Decision:
    """A text, and the bursts that it was read from."""

    text: str
    joint: JointReading
    tracks: tuple[BurstTrack, ...]


class BurstGroup:
    """Up to three bursts that say the same, from the first one's start to the last one's end."""

    def __init__(self, first: BurstTrack) -> None:
        self.tracks = [first]
        self.spoken: Decision | None = None
        self.closed = False
        self._doubted: list[JointReading] = []  # readings of whole bursts that were not sure enough
        self._last_resort: Decision | None = None  # of which the end may be made up
        self.unread: JointReading | None = None  # closed without a word
        self._ended = 0  # how many of the tracks have ended
        self._bits = TYPICAL_BITS  # length of the message as far as known
        self._next_end = 0  # index into ENDS: the next length at which to look
        self._lengths: Precise = np.full(len(ENDS), 1 / len(ENDS))

    @property
    def next_look(self) -> float:
        """The modem sample at which there may be something to say; infinity: not soon."""
        waiting = self._ended < len(self.tracks) or len(self.tracks) == REPEATS
        if self.spoken is not None or len(self.tracks) == 1 or not waiting:
            return np.inf
        likely = np.flatnonzero(self._lengths[self._next_end :] > UNLIKELY)
        if not len(likely):
            return np.inf
        line = self.tracks[-1].line
        end = ENDS[self._next_end + int(likely[0])]
        return line.begin + (end + MARGIN + FILTER_BITS) * line.period

    def takes(self, track: BurstTrack) -> bool:
        """Does this burst say what the others say?"""
        if self.closed or len(self.tracks) == REPEATS:
            return False
        bits = min(JOIN_BITS, track.bits_heard)
        return log_likelihood_same(self.tracks[-1].soft_bits(), track.soft_bits(), bits) > SAME

    def add(self, track: BurstTrack) -> None:
        """Take this burst as the next of the message."""
        self.tracks.append(track)
        self._next_end = 0
        self._weigh_lengths()

    def step(
        self, recent: SlidingBuffer, grammar: Grammar, policy: Policy, more: bool
    ) -> list[BurstTrack]:
        """Go on with what has been heard; the tracks that ended meanwhile.

        Args:
            more: a burst has begun on this channel that may yet belong here.
        """
        ended = []
        track = self.tracks[-1]
        track.extend(recent)
        if self.spoken is None:
            track.follow()
        if self._ended < len(self.tracks):
            if self._over(track):
                self._ended = len(self.tracks)
                track.follow()
                ended.append(track)
                self._look(recent, grammar, policy)
        elif self.spoken is None and len(self.tracks) == REPEATS and self._over(track):
            self._look(recent, grammar, policy)
        if self._ended == len(self.tracks) and not more and self._complete(recent):
            self._finish(recent, grammar, policy)
        return ended

    def _over(self, track: BurstTrack) -> bool:
        """Has the burst reached a length at which it probably ends?"""
        heard = track.bits_heard
        if heard >= LONGEST_BITS:
            return True
        reached = self._next_end
        while reached < len(ENDS) and heard >= ENDS[reached] + MARGIN:
            reached += 1
        if reached > self._next_end:
            self._next_end = reached
            self._weigh_lengths()
            if float(self._lengths[:reached].sum()) > 0.5:
                return True
        return self._ended < len(self.tracks) and track.faded()

    def _weigh_lengths(self) -> None:
        self._lengths = length_posterior(np.sum([t.soft_bits() for t in self.tracks], axis=0))
        self._bits = ENDS[int(self._lengths.argmax())]

    def _look(self, recent: SlidingBuffer, grammar: Grammar, policy: Policy) -> None:
        """Read what there is; speak if it is beyond doubt."""
        if self.spoken is not None or len(self.tracks) == 1:
            return
        found = self._read(self.tracks, recent, grammar)
        self._bits = 8 * len(found.reading.text)
        sure = self._undoubted(found)
        whole = self.tracks[-1].bits_heard >= self._bits
        if len(self.tracks) == REPEATS or (len(self.tracks) == 2 and self._outer_two()):
            speak = sure >= (policy.usual if whole else policy.early)
        else:
            speak = sure >= policy.early and found.evidence.agreed
        if found.doubtful:  # another burst, or fewer of them, may say it better
            self._last_resort = self._last_resort or (self._spoken(found) if speak else None)
        elif speak:
            self.spoken = self._spoken(found)
        elif whole:
            self._doubted.append(found)

    def _spoken(self, found: JointReading) -> Decision:
        return Decision(found.reading.text, found, tuple(self.tracks))

    def _undoubted(self, found: JointReading) -> float:
        """The posterior, lowered if the same bits have been read otherwise before.

        Reading again is no new evidence: two attempts must not have two chances to be wrong.
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
        """Are the two bursts the first and the third, with a lost one between them?"""
        spacing = (self.tracks[1].line.begin - self.tracks[0].line.begin) / BIT
        return spacing > 1.6 * (self._bits + PREAMBLE_BITS + BAUD_HZ)

    def _complete(self, recent: SlidingBuffer) -> bool:
        """Can no further burst of this message come?"""
        since = (recent.end - self.tracks[-1].line.begin) / BIT
        if len(self.tracks) == REPEATS:
            return self.spoken is not None or since > LONGEST_BITS + 16
        if len(self.tracks) == 2 and self._outer_two():
            return True
        slots = 1 if len(self.tracks) == 2 else 2
        return since > slots * (self._bits + GAP_BITS + PREAMBLE_BITS) + JOIN_BITS + 80

    def _finish(self, recent: SlidingBuffer, grammar: Grammar, policy: Policy) -> None:
        """No more is to come: speak now or never."""
        self.closed = True
        if self.spoken is not None:
            return
        found = self._read(self.tracks, recent, grammar)
        bar = policy.single if len(self.tracks) == 1 else policy.usual
        sure = self._undoubted(found) >= bar
        if len(self.tracks) > 1 and (found.doubtful or not sure):
            self._rescue(recent, grammar, policy)
        if self.spoken is None:  # a warning with a doubtful end is a warning
            self.spoken = self._spoken(found) if sure else self._last_resort
        if self.spoken is None:
            self.unread = found

    def _rescue(self, recent: SlidingBuffer, grammar: Grammar, policy: Policy) -> None:
        """Leave out a burst or two: what is left may be beyond doubt."""
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
                self.spoken = Decision(best.reading.text, best, part)
                return
            doubted = best.as_doubtful()
            self._last_resort = self._last_resort or Decision(best.reading.text, doubted, part)
