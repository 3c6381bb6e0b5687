"""Coherent soft bits: the phase of each tone is learnt from the burst itself.

Both tones make whole cycles in a bit, so the phase at bit boundaries is constant within a burst
(47 CFR 11.31(a)(1)); a tone or baud error makes it turn slowly, a baud error alone with the data.
The bits are decided over all bursts of a message together, the phase reference of each bit is
taken from its neighbours in the same burst but never from itself, and both are repeated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Phasor, Precise, Real

ROUNDS = 3
REACHES = (12, 30, 75)  # bits to either side that make a phase reference
TIE_REACH = 12
LAGS = (1, 2, -1)  # bits whose echo may lie in a bit
OUTLIER = 3.5  # times the mean: powers above are left out
KEPT_MEAN = 1 - OUTLIER / math.expm1(OUTLIER)  # of what is kept, were the mean 1
ECHO = 0.03  # share of what is unexplained that an echo must explain
SURE = 25.0  # soft bits of one burst are not trusted further than this
MAX_TURN = 0.13  # cycles a bit: 68 Hz
TWISTS = np.linspace(-0.03, 0.03, 13)  # cycles a bit that mark turns more than space
SHORT_FFT = 1024
LONG_FFT = 4096
CHANCE = 0.05  # correlation of independent errors that happens
LOCAL = 7  # bits over which a disturbance is told from steady noise
CALM = 1.7  # times the usual variance within LOCAL bits that is still steady noise


@dataclass(frozen=True, slots=True)
class CoherentResult:
    """What coherent detection makes of the bursts of one message."""

    soft: Precise  # (bursts, bits): log-odds, from the first known bit on
    together: Precise  # (bits,): log-odds of all bursts together
    ebn0: Precise  # (bursts,)
    eye: Precise  # (bursts, bits): the decision variable, ±1 when undisturbed
    turn: float  # cycles a bit by which both tones turn
    twist: float  # half of what mark turns more than space


@dataclass(frozen=True, slots=True)
class _Reference:
    """Phase references of every burst, and what they leave unexplained."""

    mark: Phasor  # (bursts, bits)
    space: Phasor
    mark_noise: Precise  # (bursts, 1)
    space_noise: Precise


def detect(
    phasors: Phasor, soft: Precise, known: Precise, active: int, heard: Real
) -> CoherentResult:
    """Detect the bits of all bursts.

    Args:
        phasors: (bursts, 2, bits) filter outputs, mark and space, their phases at bit boundaries.
        soft: (bits,) log-odds to begin with, of the known bits too.
        known: (bits,) +1 and −1 where the bit is known, 0 elsewhere.
        active: bits after this are noise.
        heard: (bursts, bits) 1 where a burst has been heard, 0 where nothing is known of it.
    """
    turn = twist = 0.0
    for step in range(ROUNDS):
        sign = np.where(known != 0, known, np.tanh(np.clip(soft, -30, 30) / 2))
        weight = sign.copy()
        weight[active:] = 0
        walk = np.cumsum(sign) - sign
        if step < 2:
            turn, twist = _rotation(phasors, weight, walk, (turn, twist) if step else None)
        steady = phasors * np.exp(-2j * np.pi * (turn * np.arange(len(sign)) + twist * walk))
        rows, ebn0, eye = _detect_each(steady, sign, weight * heard)
        used = (weight != 0) & (heard > 0).all(axis=0)
        before, soft = soft, _together(rows, eye * sign, used)
        if np.array_equal(before[:active] > 0, soft[:active] > 0):
            break
    return CoherentResult(rows, soft, ebn0, eye, turn, twist)


def _together(rows: Precise, errors: Precise, used: NDArray[np.bool_]) -> Precise:
    """Log-odds of all bursts together.

    Noise differs from burst to burst, but an echo or a filter distorts all alike: what their errors
    have in common does not count as often as there are bursts.
    """
    total: Precise = rows.sum(axis=0)
    if len(rows) == 1 or used.sum() < 64:
        return total
    shared = np.atleast_2d(np.corrcoef(np.clip(errors[:, used], -3, 3)))
    pairs = shared[np.triu_indices(len(rows), 1)]
    common = float(np.clip(np.nan_to_num(pairs, nan=1.0).mean() - CHANCE, 0, 1))
    return total / (1 + (len(rows) - 1) * common)


def _rotation(
    phasors: Phasor, weight: Precise, walk: Precise, near: tuple[float, float] | None
) -> tuple[float, float]:
    """How fast the phase turns: with every bit, and with ones more than with zeros."""
    first = np.flatnonzero(weight)
    begin = int(first[0]) if len(first) else 0
    if near is None:
        part = slice(begin, begin + SHORT_FFT // 2)
        _, twist = _strongest(phasors[..., part], weight[part], walk[part], TWISTS, SHORT_FFT)
    else:
        twist = near[1]
    fine = twist + np.array([-0.00167, 0.0, 0.00167]) / (1 if near is None else 3)
    turn, twist = _strongest(phasors, weight, walk, fine, LONG_FFT)
    return turn, twist


def _strongest(
    phasors: Phasor, weight: Precise, walk: Precise, twists: Precise, size: int
) -> tuple[float, float]:
    """The turn and twist under which the tones stand still best."""
    tones = np.stack([np.maximum(weight, 0), np.maximum(-weight, 0)])
    signal = (phasors * tones).astype(np.complex64)  # (bursts, 2, bits)
    still = np.exp(-2j * np.pi * twists[:, None] * walk).astype(np.complex64)
    spectrum = np.fft.fft(signal[None] * still[:, None, None], size, axis=-1)
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=(1, 2))  # (twists, size)
    turns = np.fft.fftfreq(size)
    power[:, np.abs(turns) > MAX_TURN] = 0
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    return float(turns[column]), float(twists[row])


def _detect_each(
    steady: Phasor, sign: Precise, weight: Precise
) -> tuple[Precise, Precise, Precise]:
    """Soft bits (bursts, bits), Eb/N0 and eye of bursts whose phases stand still."""
    mark, space = steady[:, 0], steady[:, 1]
    best = _best_reference(mark, space, weight, sign)
    clean_mark, clean_space = _without_echo(mark, space, weight, sign, best)
    if clean_mark is not mark or clean_space is not space:
        mark, space = clean_mark, clean_space
        best = _best_reference(mark, space, weight, sign)
    mark_power, space_power = _power(best.mark), _power(best.space)
    one = (2 * (mark * best.mark.conj()).real - mark_power) / best.mark_noise
    zero = (2 * (space * best.space.conj()).real - space_power) / best.space_noise
    soft = np.clip((one - zero) / _disturbance(mark, space, sign, best), -SURE, SURE)
    strength = mark_power / best.mark_noise + space_power / best.space_noise
    used = weight != 0
    ebn0 = (strength * used).sum(axis=1) / np.maximum(2 * used.sum(axis=1), 1)
    eye = (one - zero) / np.maximum(strength, 1e-12)
    return soft, ebn0, eye


def _best_reference(mark: Phasor, space: Phasor, weight: Precise, sign: Precise) -> _Reference:
    """Of the references of every reach, for each burst the one that explains it best."""
    mark_weight, space_weight = np.maximum(weight, 0), np.maximum(-weight, 0)
    tie = _tie(mark, space, mark_weight, space_weight)[:, None]
    heard = mark * mark_weight + space * space_weight * np.conj(tie)
    load = mark_weight + np.abs(tie) ** 2 * space_weight
    near = _neighbours(heard, REACHES) / (_neighbours(load, REACHES) + 0.5)
    mark_rest, space_rest = _unexplained(mark, space, sign, near, near * tie)
    chosen, noises = [], []
    for burst, used in enumerate(weight != 0):
        noise = np.stack([_usual(rest[:, burst, used]) for rest in (mark_rest, space_rest)])
        chosen.append(int(noise.prod(axis=0).argmin()))
        noises.append(noise[:, chosen[-1]])
    best = near[chosen, np.arange(len(mark))]
    mark_noise, space_noise = np.array(noises).T[:, :, None]
    return _Reference(best, best * tie, mark_noise, space_noise)


def _without_echo(
    mark: Phasor, space: Phasor, weight: Precise, sign: Precise, best: _Reference
) -> tuple[Phasor, Phasor]:
    """Both tones without what the neighbouring bits leave in them, where they leave anything.

    An echo, or a filter that rings, adds to each bit the same share of the bits round it.
    """
    one = (1 + sign) / 2
    around = np.stack([np.roll(sign, lag) for lag in LAGS])
    cleaned = []
    for tone, reference, sent in ((mark, best.mark, one), (space, best.space, 1 - one)):
        causes = np.concatenate([around, (1 - sent)[None]])
        turned = reference / np.maximum(np.abs(reference), 1e-12)
        rest = (tone - reference * sent) * turned.conj()
        shares = np.stack(
            [
                _shares(causes[:, used], row[used])
                for row, used in zip(rest, weight != 0, strict=True)
            ]
        )
        cleaned.append(tone - (shares @ causes) * turned if shares.any() else tone)
    return cleaned[0], cleaned[1]


def _shares(causes: Precise, rest: Phasor) -> Phasor:
    """How much of each cause (causes, n) is in the rest (n,); zeros unless it explains some."""
    matrix = causes @ causes.T
    seen = causes @ rest
    shares: Phasor = np.linalg.solve(matrix + np.eye(len(causes)), seen)
    explained = float((shares.conj() @ seen).real)
    if explained < ECHO * float(_power(rest).sum()):
        return np.zeros_like(shares)
    return shares


def _tie(mark: Phasor, space: Phasor, mark_weight: Precise, space_weight: Precise) -> Phasor:
    """What space is times mark: amplitude and phase, one number for each burst."""
    marks, spaces = mark * mark_weight, space * space_weight
    local_mark, local_space = _neighbours(np.stack([marks, spaces]), (TIE_REACH,))[0]
    cross = (local_space * local_mark.conj()).sum(axis=1)
    level_mark = np.abs(marks).sum(axis=1) / (mark_weight.sum(axis=1) + 1e-9)
    level_space = np.abs(spaces).sum(axis=1) / (space_weight.sum(axis=1) + 1e-9)
    tie: Phasor = level_space / (level_mark + 1e-12) * cross / (np.abs(cross) + 1e-30)
    return tie


def _unexplained(
    mark: Phasor, space: Phasor, sign: Precise, mark_reference: Phasor, space_reference: Phasor
) -> tuple[Precise, Precise]:
    """Power of both tones that is not the tone that was sent."""
    one = (1 + sign) / 2
    mark_rest = one * _power(mark - mark_reference) + (1 - one) * _power(mark)
    space_rest = (1 - one) * _power(space - space_reference) + one * _power(space)
    return mark_rest, space_rest


def _power(values: Phasor) -> Precise:
    power: Precise = values.real**2 + values.imag**2
    return power


def _usual(power: Precise) -> Precise:
    """Mean of exponentially distributed powers (rows, n), outliers left out: (rows,)."""
    if not power.shape[1]:
        return np.full(len(power), 1e-12)
    kept = power <= OUTLIER / math.log(2) * np.median(power, axis=1, keepdims=True)
    mean: Precise = (power * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
    return np.maximum(mean / KEPT_MEAN, 1e-12)


def _disturbance(mark: Phasor, space: Phasor, sign: Precise, best: _Reference) -> Precise:
    """How many times stronger than usual the noise is around each bit, at least 1."""
    mark_rest, space_rest = _unexplained(mark, space, sign, best.mark, best.space)
    rest = mark_rest / best.mark_noise + space_rest / best.space_noise
    window = np.full(LOCAL, 0.5 / LOCAL / CALM)
    level: Precise = np.maximum(1.0, [np.convolve(row, window, "same") for row in rest])
    return level


def _neighbours(values: Precise | Phasor, reaches: tuple[int, ...]) -> Phasor:
    """Sums over bits to either side, without the bit itself: (reaches, …, bits)."""
    count = values.shape[-1]
    sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), values.cumsum(axis=-1)], axis=-1)
    k = np.arange(count)
    result: Phasor = np.stack(
        [
            sums[..., np.minimum(k + reach + 1, count)] - sums[..., np.maximum(k - reach, 0)]
            for reach in reaches
        ]
    )
    return result - values


def mean_db(ebn0: Precise) -> float:
    """Mean of power ratios in dB."""
    return float(10 * np.log10(np.maximum(ebn0, 1e-6)).mean())
