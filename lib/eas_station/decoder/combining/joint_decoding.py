"""Joint decoding of the bursts of one message: one clock, one set of bits, one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eas_station.decoder.bits import bit_timing, coherent, sample_loss
from eas_station.decoder.bits.bit_timing import HEADER_KNOWN, PREAMBLE_BITS, BitClock
from eas_station.decoder.bits.burst_track import EVERY_SAMPLE, KNOWN, MAX_BITS, BurstTrack
from eas_station.decoder.text.grammar import (
    FIRST_PLACE,
    PLACE,
    TAIL,
    Grammar,
    TextReading,
    length_posterior,
)
from eas_station.decoder.text.message import DecodeEvidence
from eas_station.dsp.arrays.array_types import Phasor, Precise, Real
from eas_station.dsp.arrays.buffers import SlidingBuffer
from eas_station.dsp.audio.afsk import BIT, MARK_HZ, MODEM_RATE_HZ, SPACE_HZ

NEAR = 2.0  # samples: clocks that differ less at their ends are equal
AFTER_BITS = 60  # read after the expected end: enough to see that it is wrong
DOUBTED = 0.5  # posterior of a text that lost samples explain as well
CYCLES = (1 / 3, 1 / 4)  # of mark and space per modem sample


@dataclass(frozen=True, slots=True)
class JointReading:
    """The text decoded from several bursts."""

    reading: TextReading
    evidence: DecodeEvidence
    soft: Precise  # (bits,) log-odds of all bursts together, from "Z" on
    doubtful: bool = False  # lost samples may have changed its end

    def as_doubtful(self) -> JointReading:
        """The same, with evidence for a doubtful text."""
        posterior = min(self.evidence.posterior, DOUBTED)
        return replace(
            self, evidence=replace(self.evidence, agreed=False, posterior=posterior), doubtful=True
        )


def read(tracks: Sequence[BurstTrack], recent: SlidingBuffer, grammar: Grammar) -> JointReading:
    """Decode these bursts as one message."""
    clocks = _share_clock(tracks)
    clocks, active = _settle(tracks, clocks)
    for track, clock in zip(tracks, clocks, strict=True):
        track.settle(clock)
    count = PREAMBLE_BITS + min(MAX_BITS, active + AFTER_BITS)
    known = np.zeros(count)
    known[: len(HEADER_KNOWN)] = HEADER_KNOWN
    if not all(track.preamble_complete for track in tracks):
        known[: bit_timing.CORE] = 0
    heard = np.stack([_received_mask(track, count) for track in tracks])
    phasors = np.stack([_phasors(track, recent, count) for track in tracks]) * heard[:, None]
    start = known.copy()
    start[len(HEADER_KNOWN) :] = _sum(tracks)[KNOWN : count - PREAMBLE_BITS]
    found = coherent.detect(phasors, start, known, PREAMBLE_BITS + active, heard)
    soft = found.together[PREAMBLE_BITS:]
    reading = grammar.read(soft)
    doubtful = _is_doubtful(reading.text, found.soft * heard)
    decoded = JointReading(reading, _evidence(reading, found, heard, tracks), soft)
    return decoded.as_doubtful() if doubtful else decoded


def _is_doubtful(text: str, rows: Precise) -> bool:
    bits, care = text_bits(text)
    far = _after_preamble(rows, len(bits) + sample_loss.AFTER_BITS)
    return sample_loss.is_doubtful(text, sample_loss.votes(bits, care, far))


def _sum(tracks: Sequence[BurstTrack]) -> Precise:
    total: Precise = np.sum([track.soft_bits() for track in tracks], axis=0)
    return total


def _share_clock(tracks: Sequence[BurstTrack]) -> list[BitClock]:
    """Lines of one period: of those that the bursts found by themselves, the one that fits all."""
    bits = max(track.bits_received for track in tracks)
    periods = sorted(track.clock.period for track in tracks)
    candidates = [periods[len(periods) // 2]]
    if (periods[-1] - periods[0]) * bits > NEAR:
        candidates = periods
    fits = [_fit_known(tracks, [_with_period(t, p, bits) for t in tracks]) for p in candidates]
    return list(max(fits, key=lambda found: found.score).clocks)


def _with_period(track: BurstTrack, period: float, bits: int) -> BitClock:
    """The burst's clock with another period."""
    if abs(track.clock.period - period) * bits > NEAR * 2:
        return bit_timing.anchored(track.soft, track.near, HEADER_KNOWN, period)
    middle = bits / 2
    return BitClock(track.clock.begin + middle * (track.clock.period - period), period)


def _fit_known(tracks: Sequence[BurstTrack], clocks: Sequence[BitClock]) -> bit_timing.Fit:
    expected = [track.expected(track.bits_received) for track in tracks]
    return bit_timing.fit([t.soft for t in tracks], clocks, expected, -PREAMBLE_BITS)


def _settle(tracks: Sequence[BurstTrack], clocks: list[BitClock]) -> tuple[list[BitClock], int]:
    """Refine the clocks on the bits that the bursts agree on; also gives the number of bits."""
    for track, clock in zip(tracks, clocks, strict=True):
        track.settle(clock)
    active = MAX_BITS
    for _ in range(2):
        soft = _sum(tracks)
        active = active_bits(soft, max(track.bits_received for track in tracks))
        decided = np.tanh(soft[KNOWN:active] / 2).astype(np.float32)
        expected = []
        for track in tracks:
            row = track.expected(active)
            row[PREAMBLE_BITS + KNOWN :] = decided
            expected.append(row)
        found = bit_timing.fit([t.soft for t in tracks], clocks, expected, -PREAMBLE_BITS)
        if clocks == list(found.clocks):
            break
        clocks = list(found.clocks)
        for track, clock in zip(tracks, clocks, strict=True):
            track.settle(clock)
    return clocks, active


def active_bits(soft: Precise, received: int) -> int:
    """The number of bits of the message by its separators; all received bits if that is unclear."""
    lengths = length_posterior(soft)
    likeliest = int(lengths.argmax())
    if lengths[likeliest] < 0.9:
        return max(received, KNOWN + 64)
    return min(received, 8 * (FIRST_PLACE + PLACE * (likeliest + 1) + TAIL))


def _received_mask(track: BurstTrack, count: int) -> Real:
    mask = np.zeros(count, np.float32)
    first = 0 if track.preamble_complete else bit_timing.CORE
    mask[first : PREAMBLE_BITS + track.bits_received] = 1
    return mask


def _phasors(track: BurstTrack, recent: SlidingBuffer, bits: int) -> Phasor:
    """Filter outputs of the preamble and all bits, with phases at the bit boundaries."""
    start = track.soft.origin
    end = min(len(track.soft.values), int((bits + 8) * track.clock.period) + 5 * BIT)
    count = end // BIT
    frames = recent.read(track.channel, start, start + (count + 1) * BIT).reshape(-1, BIT)
    times = track.clock.times(-PREAMBLE_BITS, bits) - start
    outputs = EVERY_SAMPLE.phasors(frames, np.clip(times, 0, count * BIT - 1))
    turned: Phasor = outputs * np.exp(2j * np.pi * np.array(CYCLES)[:, None] * (start + times))
    return turned


def _evidence(
    reading: TextReading, found: coherent.CoherentResult, heard: Real, tracks: Sequence[BurstTrack]
) -> DecodeEvidence:
    bits, care = text_bits(reading.text)
    rows = _after_preamble(found.soft * heard, len(bits))
    hard = np.where(rows > 0, 1, -1)
    right = ((hard == bits) | ~care).reshape(len(rows), -1, 8).all(axis=2)  # (bursts, characters)
    needed = min(2, len(rows))
    repaired = np.flatnonzero(right.sum(axis=0) < needed)
    eye = _after_preamble(found.eye, len(bits)) * bits
    opening = float(np.clip(np.quantile(eye[:, care], 0.05), 0, 1)) if care.any() else 0.0
    period = tracks[0].clock.period / MODEM_RATE_HZ
    mark = (4 + found.drift + found.skew) / period - MARK_HZ
    space = (3 + found.drift - found.skew) / period - SPACE_HZ
    return DecodeEvidence(
        bursts=len(rows),
        agreed=int(right.all(axis=1).sum()) >= 2,  # 47 CFR 11.33(a)(10)
        posterior=reading.posterior,
        snr_db=round(coherent.mean_db(found.ebn0), 2),
        baud_error=round(BIT / tracks[0].clock.period - 1, 6),
        tone_error_hz=round((mark + space) / 2, 2),
        eye_opening=round(opening, 3),
        repaired=tuple(int(i) for i in repaired),
    )


def _after_preamble(rows: Precise, bits: int) -> Precise:
    """The first bits of each burst, 0 where it was not read."""
    out = np.zeros((len(rows), bits))
    part = rows[:, PREAMBLE_BITS : PREAMBLE_BITS + bits]
    out[:, : part.shape[1]] = part
    return out


def text_bits(text: str) -> tuple[Precise, NDArray[np.bool_]]:
    """The bits of a text as ±1, and which are significant: all but the eighth of a character."""
    codes = np.frombuffer(text.encode("ascii"), np.uint8)
    bits: Precise = 2.0 * np.unpackbits(codes, bitorder="little").astype(np.float64) - 1
    care = np.tile(np.arange(8) < 7, len(codes))
    return bits, care
