"""Audio in, SAME messages out.

resample → soft bits → sync → tracks → groups → messages; each step has its own module. The receiver
cuts the input into pieces of its own, long ones unless a message may end soon. So the result does
not depend on how the samples arrive.
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

LONG_S = 0.33  # length of a piece while no decision is near
SHORT_S = 0.04  # the shortest piece
FILTER_S = 0.02  # delay of the resampler
SETTLE_PIECES = 2  # after the last sample, for the detection of a burst
MEMORY_S = 18.0  # three bursts of the longest header
MAX_SAMPLE = 1e6  # times full scale
MAX_TRACKS = 10  # bursts per channel, 110 KB each
MAX_UNDECODED = 16  # messages kept for combining with other receivers
EOM_PRIOR = 4.0  # log-odds against an NNNN where its preamble was found
LOWEST_HZ, HIGHEST_HZ = 8000.0, 192000.0


class SameReceiver:
    """Decodes SAME on several channels at once. Each message is given once."""

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
            names: of the channels, for the evidence of combined messages.
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
        self._undecoded: deque[UndecodedMessage] = deque(maxlen=MAX_UNDECODED)
        self._piece = self._next_piece()

    def feed(self, block: Real) -> list[Burst | DecodedMessage]:
        """Take the next samples.

        Args:
            block: shape (channels, n), any n ≥ 0; full scale ±1.0; at `self.rate_hz`.
        Returns:
            The bursts and messages they complete, oldest first; usually none.
        """
        if block.ndim != 2 or block.shape[0] != self.channels:
            raise ValueError(f"a block of shape {block.shape}, not ({self.channels}, n)")
        pending = np.concatenate([self._waiting, _sanitised(block)], axis=1)
        output: list[Burst | DecodedMessage] = []
        start = 0
        while pending.shape[1] - start >= self._piece:
            end = start + self._piece
            output += self._take(pending[:, start:end])
            start = end
            self._piece = self._next_piece()
        self._waiting = pending[:, start:].copy()
        return output

    def flush(self) -> list[Burst | DecodedMessage]:
        """Decide with the samples received; no more follow."""
        rest = self._waiting
        self._waiting = rest[:, :0]
        output = self._take(rest) if rest.shape[1] else []
        silence = np.zeros((self.channels, int(LONG_S * self.rate_hz)), np.float32)
        for piece in range(int(MEMORY_S / LONG_S)):
            if piece > SETTLE_PIECES and not self._busy:
                break
            output += self._take(silence)
        return output

    def take_undecoded(self) -> list[UndecodedMessage]:
        """The messages no channel could decode since the last call, for combining over receivers.

        Times are seconds since the first sample; at most the last sixteen are kept.
        """
        undecoded = list(self._undecoded)
        self._undecoded.clear()
        return undecoded

    @property
    def _busy(self) -> bool:
        return any(self._begun) or any(self._groups)

    def _next_piece(self) -> int:
        """The number of samples in the next piece."""
        if not self._busy:
            return int(LONG_S * self.rate_hz)
        soonest = min((self._next_decision(channel) for channel in range(self.channels)), default=0)
        wait_s = (soonest - self._recent.end) / MODEM_RATE_HZ + FILTER_S
        return int(min(max(wait_s, SHORT_S), LONG_S) * self.rate_hz)

    def _next_decision(self, channel: int) -> float:
        """The modem sample at which this channel may have a decision."""
        times = [group.next_decision for group in self._groups[channel]]
        if any(group.decision is None for group in self._groups[channel]):
            times += [track.begin_of(JOIN_BITS + FILTER_BITS) for track in self._begun[channel]]
        return min(times, default=np.inf)

    def _take(self, piece: Real) -> list[Burst | DecodedMessage]:
        samples = np.concatenate([self._fresh, self._resampler.feed(piece)], axis=1)
        new = (samples.shape[1] - self._held) // BIT
        return self._advance(samples, new)

    @property
    def _held(self) -> int:
        """Samples of `_fresh` that are in the buffer already: the last bit, once there is one."""
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
        output: list[Burst | DecodedMessage] = []
        for sync in self._search.feed(self._bank.soft(frames)):
            output += self._begin(sync)
        for channel in range(self.channels):
            if self._begun[channel] or self._groups[channel]:
                output += self._step(channel)
        return output

    def _begin(self, sync: SyncCandidate) -> list[Burst | DecodedMessage]:
        if sync.kind == "eom":
            eom = self._eoms[sync.channel].detect(sync, self._recent)
            return [] if eom is None else [self._eom(sync.channel, eom)]
        track = BurstTrack(sync.channel, sync.at, self._recent)
        if track.is_burst:
            self._make_room(sync.channel)
            self._begun[sync.channel].append(track)
        return []

    def _make_room(self, channel: int) -> None:
        """Drop the bursts least likely to become a message if there are too many."""
        groups, begun = self._groups[channel], self._begun[channel]
        while groups and sum(len(g.tracks) for g in groups) + len(begun) >= MAX_TRACKS:
            groups.remove(min(groups, key=lambda g: (len(g.tracks), g.tracks[-1].clock.begin)))
        del begun[: -MAX_TRACKS + 1]

    def _step(self, channel: int) -> list[Burst | DecodedMessage]:
        begun = self._begun[channel]
        for track in begun:
            track.extend(self._recent)
            track.follow()
        ready = [track for track in begun if track.bits_received >= JOIN_BITS]
        self._begun[channel] = [track for track in begun if track.bits_received < JOIN_BITS]
        for track in ready:
            self._join(channel, track)
        output: list[Burst | DecodedMessage] = []
        for group in self._groups[channel]:
            output += self._advance_group(group, bool(self._begun[channel]))
            output += self._combine(group)
        self._groups[channel] = [g for g in self._groups[channel] if not g.closed]
        return output

    def _combine(self, group: BurstGroup) -> list[Burst | DecodedMessage]:
        """Combine a message that this channel could not decode with other channels."""
        if group.undecoded is None:
            return []
        first, last = group.tracks[0], group.tracks[-1]
        at_s = first.clock.begin / MODEM_RATE_HZ
        name = self._names[first.channel]
        undecoded = UndecodedMessage(name, at_s, group.undecoded.soft, group.undecoded.evidence)
        self._undecoded.append(undecoded)
        found = self._diversity.add(undecoded)
        if found is None:
            return []
        end = self._sample(_end_of(last, found.text))
        start = self._sample(first.clock.begin)
        return [DecodedMessage(first.channel, found.text, False, start, end, found.evidence)]

    def _join(self, channel: int, track: BurstTrack) -> None:
        for group in self._groups[channel]:
            if group.takes(track):
                group.add(track)
                return
        self._groups[channel].append(BurstGroup(track))

    def _advance_group(self, group: BurstGroup, more: bool) -> list[Burst | DecodedMessage]:
        undecided = group.decision is None
        output: list[Burst | DecodedMessage] = [
            self._burst(track, group.decision)
            for track in group.step(self._recent, self._grammar, self._policy, more)
        ]
        if undecided and group.decision is not None:
            output.append(self._message(group.decision))
        return output

    def _burst(self, track: BurstTrack, decision: Decision | None) -> Burst:
        text = self._text_of(track, decision)
        return Burst(
            channel=track.channel,
            text=text,
            snr_db=track.snr_db,
            start_sample=self._sample(track.clock.begin),
            end_sample=self._sample(_end_of(track, text)),
        )

    def _text_of(self, track: BurstTrack, decision: Decision | None) -> str:
        """The text of this burst alone; not decoded if all its bits agree with the decision."""
        soft = track.soft_bits()
        if decision is not None:
            bits, care = text_bits(decision.text)
            if (soft[: len(bits)] * bits)[care].min() > 0:
                return decision.text
        return self._grammar.read(soft[: active_bits(soft, track.bits_received)]).text

    def _message(self, decision: Decision) -> DecodedMessage:
        return DecodedMessage(
            channel=decision.tracks[0].channel,
            text=decision.text,
            is_eom=False,
            start_sample=self._sample(decision.tracks[0].clock.begin),
            end_sample=self._sample(_end_of(decision.tracks[-1], decision.text)),
            evidence=decision.joint.evidence,
        )

    def _eom(self, channel: int, eom: DetectedEom) -> DecodedMessage:
        return DecodedMessage(
            channel=channel,
            text=EOM_TEXT,
            is_eom=True,
            start_sample=self._sample(eom.clock.begin),
            end_sample=self._sample(eom.clock.begin + EOM_BITS * eom.clock.period),
            evidence=DecodeEvidence(
                bursts=eom.bursts,
                agreed=False,
                posterior=float(1 / (1 + np.exp(EOM_PRIOR - eom.likelihood))),
                baud_error=round(BIT / eom.clock.period - 1, 6),
                eye_opening=round(max(0.0, eom.agreement), 3),
            ),
        )

    def _sample(self, modem_sample: float) -> int:
        return max(0, round(modem_sample * self._resampler.step))


def _end_of(track: BurstTrack, text: str) -> float:
    return track.clock.begin + 8 * len(text) * track.clock.period


def _sanitised(block: Real) -> Real:
    """The block with zeros in place of NaN and absurd values."""
    samples = block.astype(np.float32, copy=False)
    good = np.abs(samples) < MAX_SAMPLE
    return samples if good.all() else np.where(good, samples, np.float32(0))
