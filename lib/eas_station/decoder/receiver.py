"""Audio in, SAME messages out.

resample → soft bits → sync → tracks → groups → messages; each step in its own module. The input is
cut into pieces of the receiver's own, long ones unless a message may end before, so that the result
does not depend on how the samples arrive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from eas_station.decoder.bits.burst_track import BurstTrack
from eas_station.decoder.bits.eom import BITS as EOM_BITS
from eas_station.decoder.bits.eom import DetectedEom, EomDetector
from eas_station.decoder.bits.sync import PHASES, SyncCandidate, SyncSearch
from eas_station.decoder.combining.burst_group import (
    FILTER_BITS,
    JOIN_BITS,
    BurstGroup,
    Decision,
    Policy,
)
from eas_station.decoder.combining.diversity import DiversityCombiner, UndecodedMessage
from eas_station.decoder.combining.joint_decoding import active_bits, text_bits
from eas_station.decoder.text.grammar import Grammar
from eas_station.decoder.text.message import EOM_TEXT, Burst, DecodedMessage, DecodeEvidence
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.arrays.buffers import SlidingBuffer
from eas_station.dsp.audio.afsk import BIT, MODEM_BAND, MODEM_RATE_HZ, ToneBank
from eas_station.dsp.audio.resample import Resampler

LONG_S = 0.33  # length of a piece while nothing is to be said soon
SHORT_S = 0.04  # the least length
FILTER_S = 0.02  # what the resampler keeps back
SETTLE_PIECES = 2  # after the last sample until a burst's beginning must have been found
MEMORY_S = 18.0  # three bursts of the longest header
ABSURD = 1e6  # times full scale
TRACKS = 10  # bursts of a channel that are kept at most, 110 KB each
UNREAD = 16  # messages that could not be read, kept for other receivers
EOM_PRIOR = 4.0  # log-odds against an NNNN where its sync was found
LOWEST_HZ, HIGHEST_HZ = 8000.0, 192000.0


class SameReceiver:
    """Hears SAME on several channels at once. Speaks every message once."""

    def __init__(
        self,
        channels: int,
        rate_hz: float,
        prior: Prior | None = None,
        policy: Policy | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        """
        Args:
            names: of the channels, for the evidence of what several had to read together.
        """
        if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
            raise ValueError(f"a sample rate of {rate_hz:g} Hz; it must be 8000 to 192000")
        self.channels = channels
        self.rate_hz = rate_hz
        self._names = names or [str(channel) for channel in range(channels)]
        self._policy = policy or Policy()
        self._grammar = Grammar(prior or Prior())
        self._resampler = Resampler(channels, rate_hz, MODEM_RATE_HZ, MODEM_BAND)
        self._bank = ToneBank(PHASES)
        self._search = SyncSearch(channels)
        self._recent = SlidingBuffer(channels, int(MEMORY_S * MODEM_RATE_HZ) // BIT * BIT)
        self._waiting = np.zeros((channels, 0), np.float32)
        self._fresh = np.zeros((channels, 0), np.float32)
        self._eoms = [EomDetector() for _ in range(channels)]
        self._begun: list[list[BurstTrack]] = [[] for _ in range(channels)]
        self._groups: list[list[BurstGroup]] = [[] for _ in range(channels)]
        self._diversity = DiversityCombiner(self._grammar, self._policy.usual)
        self._unread: deque[UndecodedMessage] = deque(maxlen=UNREAD)
        self._piece = self._next_piece()

    def feed(self, block: Real) -> list[Burst | DecodedMessage]:
        """Take the next samples.

        Args:
            block: shape (channels, n), any n ≥ 0; full scale ±1.0; at `self.rate_hz`.
        Returns:
            What became known with them, oldest first; usually nothing.
        """
        if block.ndim != 2 or block.shape[0] != self.channels:
            raise ValueError(f"a block of shape {block.shape}, not ({self.channels}, n)")
        pending = np.concatenate([self._waiting, _numbers(block)], axis=1)
        said: list[Burst | DecodedMessage] = []
        start = 0
        while pending.shape[1] - start >= self._piece:
            end = start + self._piece
            said += self._take(pending[:, start:end])
            start = end
            self._piece = self._next_piece()
        self._waiting = pending[:, start:].copy()
        return said

    def flush(self) -> list[Burst | DecodedMessage]:
        """The samples have come to their end: say what can be said without more."""
        rest = self._waiting
        self._waiting = rest[:, :0]
        said = self._take(rest) if rest.shape[1] else []
        silence = np.zeros((self.channels, int(LONG_S * self.rate_hz)), np.float32)
        for piece in range(int(MEMORY_S / LONG_S)):
            if piece > SETTLE_PIECES and not self._busy:
                break
            said += self._take(silence)
        return said

    def take_undecoded(self) -> list[UndecodedMessage]:
        """The messages no channel could decode since the last call, for combining over receivers.

        Times are seconds since the first sample; at most the last sixteen are kept.
        """
        unread = list(self._unread)
        self._unread.clear()
        return unread

    @property
    def _busy(self) -> bool:
        return any(self._begun) or any(self._groups)

    def _next_piece(self) -> int:
        """How many samples to wait for."""
        if not self._busy:
            return int(LONG_S * self.rate_hz)
        soonest = min((self._next_look(channel) for channel in range(self.channels)), default=0)
        wait_s = (soonest - self._recent.end) / MODEM_RATE_HZ + FILTER_S
        return int(min(max(wait_s, SHORT_S), LONG_S) * self.rate_hz)

    def _next_look(self, channel: int) -> float:
        """The modem sample at which this channel may have something to say."""
        looks = [group.next_look for group in self._groups[channel]]
        if any(group.spoken is None for group in self._groups[channel]):
            looks += [track.begin_of(JOIN_BITS + FILTER_BITS) for track in self._begun[channel]]
        return min(looks, default=np.inf)

    def _take(self, piece: Real) -> list[Burst | DecodedMessage]:
        samples = np.concatenate([self._fresh, self._resampler.feed(piece)], axis=1)
        new = (samples.shape[1] - self._held) // BIT
        return self._advance(samples, new)

    @property
    def _held(self) -> int:
        """Samples of `_fresh` that are in the memory already: the last bit, once there is one."""
        return BIT if self._recent.end else 0

    def _advance(self, samples: Real, new: int) -> list[Burst | DecodedMessage]:
        end = self._held + new * BIT
        if new <= 0:
            self._fresh = samples
            return []
        self._recent.append(samples[:, self._held : end])
        frames = samples[:, :end].reshape(self.channels, -1, BIT)
        self._fresh = samples[:, end - BIT :].copy()
        if frames.shape[1] < 2:
            return []
        said: list[Burst | DecodedMessage] = []
        for sync in self._search.feed(self._bank.soft(frames)):
            said += self._begin(sync)
        for channel in range(self.channels):
            if self._begun[channel] or self._groups[channel]:
                said += self._step(channel)
        return said

    def _begin(self, sync: SyncCandidate) -> list[Burst | DecodedMessage]:
        if sync.kind == "eom":
            eom = self._eoms[sync.channel].heard(sync, self._recent)
            return [] if eom is None else [self._eom(sync.channel, eom)]
        track = BurstTrack(sync.channel, sync.at, self._recent)
        if track.is_burst:
            self._make_room(sync.channel)
            self._begun[sync.channel].append(track)
        return []

    def _make_room(self, channel: int) -> None:
        """Give up what is least likely to become a message, if too much has begun."""
        groups = self._groups[channel]
        while groups and sum(len(g.tracks) for g in groups) + len(self._begun[channel]) >= TRACKS:
            groups.remove(min(groups, key=lambda g: (len(g.tracks), g.tracks[-1].line.begin)))
        del self._begun[channel][: -TRACKS + 1]

    def _step(self, channel: int) -> list[Burst | DecodedMessage]:
        begun = self._begun[channel]
        for track in begun:
            track.extend(self._recent)
            track.follow()
        ready = [track for track in begun if track.bits_heard >= JOIN_BITS]
        self._begun[channel] = [track for track in begun if track.bits_heard < JOIN_BITS]
        for track in ready:
            self._join(channel, track)
        said: list[Burst | DecodedMessage] = []
        for group in self._groups[channel]:
            said += self._go_on(group, bool(self._begun[channel]))
            said += self._read_elsewhere(group)
        self._groups[channel] = [g for g in self._groups[channel] if not g.closed]
        return said

    def _read_elsewhere(self, group: BurstGroup) -> list[Burst | DecodedMessage]:
        """What this channel could not read, read together with the others."""
        if group.unread is None:
            return []
        first, last = group.tracks[0], group.tracks[-1]
        at_s = first.line.begin / MODEM_RATE_HZ
        name = self._names[first.channel]
        unread = UndecodedMessage(name, at_s, group.unread.soft, group.unread.evidence)
        self._unread.append(unread)
        found = self._diversity.add(unread)
        if found is None:
            return []
        end = self._sample(_end_of(last, found.text))
        start = self._sample(first.line.begin)
        return [DecodedMessage(first.channel, found.text, False, start, end, found.evidence)]

    def _join(self, channel: int, track: BurstTrack) -> None:
        for group in self._groups[channel]:
            if group.takes(track):
                group.add(track)
                return
        self._groups[channel].append(BurstGroup(track))

    def _go_on(self, group: BurstGroup, more: bool) -> list[Burst | DecodedMessage]:
        silent = group.spoken is None
        said: list[Burst | DecodedMessage] = [
            self._burst(track, group.spoken)
            for track in group.step(self._recent, self._grammar, self._policy, more)
        ]
        if silent and group.spoken is not None:
            said.append(self._message(group.spoken))
        return said

    def _burst(self, track: BurstTrack, spoken: Decision | None) -> Burst:
        text = self._text_of(track, spoken)
        return Burst(
            channel=track.channel,
            text=text,
            snr_db=track.snr_db,
            start_sample=self._sample(track.line.begin),
            end_sample=self._sample(_end_of(track, text)),
        )

    def _text_of(self, track: BurstTrack, spoken: Decision | None) -> str:
        """What this burst says by itself; no need to read it where every bit is as expected."""
        soft = track.soft_bits()
        if spoken is not None:
            bits, care = text_bits(spoken.text)
            if (soft[: len(bits)] * bits)[care].min() > 0:
                return spoken.text
        return self._grammar.read(soft[: active_bits(soft, track.bits_heard)]).text

    def _message(self, spoken: Decision) -> DecodedMessage:
        return DecodedMessage(
            channel=spoken.tracks[0].channel,
            text=spoken.text,
            is_eom=False,
            start_sample=self._sample(spoken.tracks[0].line.begin),
            end_sample=self._sample(_end_of(spoken.tracks[-1], spoken.text)),
            evidence=spoken.joint.evidence,
        )

    def _eom(self, channel: int, eom: DetectedEom) -> DecodedMessage:
        return DecodedMessage(
            channel=channel,
            text=EOM_TEXT,
            is_eom=True,
            start_sample=self._sample(eom.line.begin),
            end_sample=self._sample(eom.line.begin + EOM_BITS * eom.line.period),
            evidence=DecodeEvidence(
                bursts=eom.bursts,
                agreed=False,
                posterior=float(1 / (1 + np.exp(EOM_PRIOR - eom.likelihood))),
                baud_error=round(BIT / eom.line.period - 1, 6),
                eye_opening=round(max(0.0, eom.agreement), 3),
            ),
        )

    def _sample(self, modem_sample: float) -> int:
        return max(0, round(modem_sample * self._resampler.step))


def _end_of(track: BurstTrack, text: str) -> float:
    return track.line.begin + 8 * len(text) * track.line.period


def _numbers(block: Real) -> Real:
    """The block with silence in place of what is no sound: not a number, or absurdly loud."""
    samples = block.astype(np.float32, copy=False)
    good = np.abs(samples) < ABSURD
    return samples if good.all() else np.where(good, samples, np.float32(0))
