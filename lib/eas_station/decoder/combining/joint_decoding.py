"""Read the bursts of one message together: one clock, one set of bits, one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eas_station.decoder.bits import bit_timing, coherent, sample_loss
from eas_station.decoder.bits.bit_timing import HEADER_KNOWN, PREAMBLE_BITS, BitClock
from eas_station.decoder.bits.burst_track import EVERY_SAMPLE, KNOWN, LONGEST_BITS, BurstTrack
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

NEAR = 2.0  # samples: lines that differ less at their ends are one
AFTER_BITS = 60  # read beyond the end that is expected: enough to see that it is wrong
DOUBTED = 0.5  # posterior of a text that a loss of samples explains as well
CYCLES = (1 / 3, 1 / 4)  # of mark and space per modem sample


@dataclass(frozen=True, slots=True)
class JointReading:
    """What several bursts say together."""

    reading: TextReading
    evidence: DecodeEvidence
    soft: Precise  # (bits,) log-odds of all bursts together, from "Z" on
    doubtful: bool = False  # its end may be what a loss of samples made of another

    def as_doubtful(self) -> JointReading:
        """With evidence that says so."""
        posterior = min(self.evidence.posterior, DOUBTED)
        return replace(
            self, evidence=replace(self.evidence, agreed=False, posterior=posterior), doubtful=True
        )


def read(tracks: Sequence[BurstTrack], recent: SlidingBuffer, grammar: Grammar) -> JointReading:
    """Read these bursts as one message."""
    lines = _share_clock(tracks)
    lines, active = _settle(tracks, lines)
    for track, line in zip(tracks, lines, strict=True):
        track.settle(line)
    count = PREAMBLE_BITS + min(LONGEST_BITS, active + AFTER_BITS)
    known = np.zeros(count)
    known[: len(HEADER_KNOWN)] = HEADER_KNOWN
    if not all(track.preamble_heard for track in tracks):
        known[: bit_timing.CORE] = 0
    heard = np.stack([_heard_mask(track, count) for track in tracks])
    phasors = np.stack([_phasors(track, recent, count) for track in tracks]) * heard[:, None]
    start = known.copy()
    start[len(HEADER_KNOWN) :] = _sum(tracks)[KNOWN : count - PREAMBLE_BITS]
    found = coherent.detect(phasors, start, known, PREAMBLE_BITS + active, heard)
    soft = found.together[PREAMBLE_BITS:]
    reading = grammar.read(soft)
    doubtful = _is_doubtful(reading.text, found.soft * heard)
    said = JointReading(reading, _evidence(reading, found, heard, tracks), soft)
    return said.as_doubtful() if doubtful else said


def _is_doubtful(text: str, rows: Precise) -> bool:
    bits, care = text_bits(text)
    far = _after_preamble(rows, len(bits) + sample_loss.AFTER_BITS)
    return sample_loss.is_doubtful(text, sample_loss.votes(bits, care, far))


def _sum(tracks: Sequence[BurstTrack]) -> Precise:
    total: Precise = np.sum([track.soft_bits() for track in tracks], axis=0)
    return total


def _share_clock(tracks: Sequence[BurstTrack]) -> list[BitClock]:
    """Lines of one period: of those that the bursts found by themselves, the one that fits all."""
    bits = max(track.bits_heard for track in tracks)
    periods = sorted(track.line.period for track in tracks)
    candidates = [periods[len(periods) // 2]]
    if (periods[-1] - periods[0]) * bits > NEAR:
        candidates = periods
    fits = [_fit_unread(tracks, [_with_period(t, p, bits) for t in tracks]) for p in candidates]
    return list(max(fits, key=lambda found: found.score).lines)


def _with_period(track: BurstTrack, period: float, bits: int) -> BitClock:
    """The burst's line with another period."""
    if abs(track.line.period - period) * bits > NEAR * 2:
        return bit_timing.anchored(track.soft, track.near, HEADER_KNOWN, period)
    middle = bits / 2
    return BitClock(track.line.begin + middle * (track.line.period - period), period)


def _fit_unread(tracks: Sequence[BurstTrack], lines: Sequence[BitClock]) -> bit_timing.Fit:
    expected = [track.expected(track.bits_heard) for track in tracks]
    return bit_timing.fit([t.soft for t in tracks], lines, expected, -PREAMBLE_BITS)


def _settle(tracks: Sequence[BurstTrack], lines: list[BitClock]) -> tuple[list[BitClock], int]:
    """Refine the lines on the bits that the bursts agree on; also: how many bits there are."""
    for track, line in zip(tracks, lines, strict=True):
        track.settle(line)
    active = LONGEST_BITS
    for _ in range(2):
        soft = _sum(tracks)
        active = active_bits(soft, max(track.bits_heard for track in tracks))
        decided = np.tanh(soft[KNOWN:active] / 2).astype(np.float32)
        expected = []
        for track in tracks:
            row = track.expected(active)
            row[PREAMBLE_BITS + KNOWN :] = decided
            expected.append(row)
        found = bit_timing.fit([t.soft for t in tracks], lines, expected, -PREAMBLE_BITS)
        if lines == list(found.lines):
            break
        lines = list(found.lines)
        for track, line in zip(tracks, lines, strict=True):
            track.settle(line)
    return lines, active


def active_bits(soft: Precise, heard: int) -> int:
    """How many bits the message has, as far as its separators tell; else all that were heard."""
    lengths = length_posterior(soft)
    likeliest = int(lengths.argmax())
    if lengths[likeliest] < 0.9:
        return max(heard, KNOWN + 64)
    return min(heard, 8 * (FIRST_PLACE + PLACE * (likeliest + 1) + TAIL))


def _heard_mask(track: BurstTrack, count: int) -> Real:
    mask = np.zeros(count, np.float32)
    first = 0 if track.preamble_heard else bit_timing.CORE
    mask[first : PREAMBLE_BITS + track.bits_heard] = 1
    return mask


def _phasors(track: BurstTrack, recent: SlidingBuffer, bits: int) -> Phasor:
    """Filter outputs of the preamble and all bits, phases referred to the bit boundaries."""
    start = track.soft.origin
    end = min(len(track.soft.values), int((bits + 8) * track.line.period) + 5 * BIT)
    count = end // BIT
    frames = recent.read(track.channel, start, start + (count + 1) * BIT).reshape(-1, BIT)
    times = track.line.times(-PREAMBLE_BITS, bits) - start
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
    period = tracks[0].line.period / MODEM_RATE_HZ
    mark = (4 + found.turn + found.twist) / period - MARK_HZ
    space = (3 + found.turn - found.twist) / period - SPACE_HZ
    return DecodeEvidence(
        bursts=len(rows),
        agreed=int(right.all(axis=1).sum()) >= 2,  # 47 CFR 11.33(a)(10)
        posterior=reading.posterior,
        snr_db=round(coherent.mean_db(found.ebn0), 2),
        baud_error=round(BIT / tracks[0].line.period - 1, 6),
        tone_error_hz=round((mark + space) / 2, 2),
        eye_opening=round(opening, 3),
        repaired=tuple(int(i) for i in repaired),
    )


def _after_preamble(rows: Precise, bits: int) -> Precise:
    """The first bits of each burst, 0 where it was not read so far."""
    out = np.zeros((len(rows), bits))
    part = rows[:, PREAMBLE_BITS : PREAMBLE_BITS + bits]
    out[:, : part.shape[1]] = part
    return out


def text_bits(text: str) -> tuple[Precise, NDArray[np.bool_]]:
    """The bits of a text as ±1, and which of them say something (not the eighth of each)."""
    codes = np.frombuffer(text.encode("ascii"), np.uint8)
    bits: Precise = 2.0 * np.unpackbits(codes, bitorder="little").astype(np.float64) - 1
    care = np.tile(np.arange(8) < 7, len(codes))
    return bits, care
