"""Coherent soft bits: the phase of each tone is learnt from the burst itself.

Both tones make whole cycles in a bit, so the phase at bit boundaries is constant within a burst
(47 CFR 11.31(a)(1)); a tone or baud error makes it turn slowly, a baud error alone with the data.
The bits are decided over all bursts of a message together, the phase reference of each bit is
taken from its neighbours in the same burst but never from itself, and both are repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays import Phasor, Precise, Real

ROUNDS = 3
REACHES = (12, 30, 75)  # bits to either side that make a phase reference
SURE = 25.0  # soft bits of one burst are not trusted further than this
MAX_TURN = 0.13  # cycles a bit: 68 Hz
TWISTS = np.linspace(-0.03, 0.03, 13)  # cycles a bit that mark turns more than space
SHORT_FFT = 1024
LONG_FFT = 4096
CHANCE = 0.05  # correlation of independent errors that happens
LOCAL = 7  # bits over which a disturbance is told from steady noise
CALM = 1.7  # times the usual variance within LOCAL bits that is still steady noise


@dataclass(frozen=True, slots=True)
class Heard:
    """What coherent detection makes of the bursts of one message."""

    soft: Precise  # (bursts, bits): log-odds, from the first known bit on
    together: Precise  # (bits,): log-odds of all bursts together
    ebn0: Precise  # (bursts,)
    eye: Precise  # (bursts, bits): the decision variable, ±1 when undisturbed
    turn: float  # cycles a bit by which both tones turn
    twist: float  # half of what mark turns more than space


_Row = tuple[Precise, float, Precise]  # soft bits, Eb/N0, eye of one burst


@dataclass(frozen=True, slots=True)
class _Reference:
    """Phase references of one choice of reach, and what they leave unexplained."""

    mark: Phasor  # (bits,)
    space: Phasor
    mark_noise: float
    space_noise: float
    misfit: float


def detect(phasors: Phasor, soft: Precise, known: Precise, active: int, heard: Real) -> Heard:
    """Detect the bits of all bursts.

    Args:
        phasors: (bursts, 2, bits) filter outputs, mark and space, their phases at bit boundaries.
        soft: (bits,) log-odds to begin with, of the known bits too.
        known: (bits,) +1 and −1 where the bit is known, 0 elsewhere.
        active: bits after this are noise.
        heard: (bursts, bits) 1 where a burst has been heard, 0 where nothing is known of it.
    """
    turn = twist = 0.0
    rows: list[_Row] = []
    for step in range(ROUNDS):
        sign = np.where(known != 0, known, np.tanh(np.clip(soft, -30, 30) / 2))
        weight = sign.copy()
        weight[active:] = 0
        walk = np.cumsum(sign) - sign
        if step < 2:
            turn, twist = _rotation(phasors, weight, walk, (turn, twist) if step else None)
        steady = phasors * np.exp(-2j * np.pi * (turn * np.arange(len(sign)) + twist * walk))
        rows = [
            _detect_one(burst, sign, weight * part)
            for burst, part in zip(steady, heard, strict=True)
        ]
        before, soft = soft, _together(rows, sign, (weight != 0) & (heard > 0).all(axis=0))
        if np.array_equal(before[:active] > 0, soft[:active] > 0):
            break
    return Heard(
        np.array([row[0] for row in rows]),
        soft,
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        turn,
        twist,
    )


def _together(rows: list[_Row], sign: Precise, used: NDArray[np.bool_]) -> Precise:
    """Log-odds of all bursts together.

    Noise differs from burst to burst, but an echo or a filter distorts all alike: what their errors
    have in common does not count as often as there are bursts.
    """
    total: Precise = np.sum([row[0] for row in rows], axis=0)
    if len(rows) == 1 or used.sum() < 64:
        return total
    errors = np.array([np.clip(row[2] * sign, -3, 3) for row in rows])[:, used]
    shared = np.corrcoef(errors)[np.triu_indices(len(rows), 1)]
    common = float(np.clip(np.nan_to_num(shared, nan=1.0).mean() - CHANCE, 0, 1))
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


def _detect_one(burst: Phasor, sign: Precise, weight: Precise) -> _Row:
    """Soft bits, Eb/N0 and eye of one burst whose phases stand still."""
    mark_weight, space_weight = np.maximum(weight, 0), np.maximum(-weight, 0)
    mark, space = burst[0], burst[1]
    tie = _tie(mark * mark_weight, space * space_weight, mark_weight, space_weight)
    choices = [
        _reference(mark, space, mark_weight, space_weight, sign, tie, reach) for reach in REACHES
    ]
    best = min(choices, key=lambda choice: choice.misfit)
    one = (2 * (mark * best.mark.conj()).real - np.abs(best.mark) ** 2) / best.mark_noise
    zero = (2 * (space * best.space.conj()).real - np.abs(best.space) ** 2) / best.space_noise
    soft = np.clip((one - zero) / _disturbance(mark, space, sign, best), -SURE, SURE)
    strength = np.abs(best.mark) ** 2 / best.mark_noise + np.abs(best.space) ** 2 / best.space_noise
    used = weight != 0
    ebn0 = float(strength[used].mean() / 2) if used.any() else 0.0
    eye = (one - zero) / np.maximum(strength, 1e-12)
    return soft, ebn0, eye


def _tie(mark: Phasor, space: Phasor, mark_weight: Precise, space_weight: Precise) -> complex:
    """What space is times mark: amplitude and phase, one number for the whole burst."""
    local_mark, local_space = _neighbours(mark, 12), _neighbours(space, 12)
    cross = complex((local_space * local_mark.conj()).sum())
    level_mark = float(np.abs(mark).sum() / (mark_weight.sum() + 1e-9))
    level_space = float(np.abs(space).sum() / (space_weight.sum() + 1e-9))
    return level_space / (level_mark + 1e-12) * cross / (abs(cross) + 1e-30)


def _reference(
    mark: Phasor,
    space: Phasor,
    mark_weight: Precise,
    space_weight: Precise,
    sign: Precise,
    tie: complex,
    reach: int,
) -> _Reference:
    heard = mark * mark_weight + space * space_weight * np.conj(tie)
    load = mark_weight + abs(tie) ** 2 * space_weight
    reference = _neighbours(heard, reach) / (_neighbours(load, reach).real + 0.5)
    other = reference * tie
    one = (1 + sign) / 2
    mark_rest = one * np.abs(mark - reference) ** 2 + (1 - one) * np.abs(mark) ** 2
    space_rest = (1 - one) * np.abs(space - other) ** 2 + one * np.abs(space) ** 2
    used = (mark_weight + space_weight) > 0
    mark_noise, space_noise = _usual(mark_rest[used]), _usual(space_rest[used])
    return _Reference(
        reference, other, mark_noise, space_noise, float(np.log(mark_noise * space_noise))
    )


def _usual(power: Precise) -> float:
    """Mean of an exponentially distributed power, outliers left out."""
    if not len(power):
        return 1e-12
    limit = 3.5 * float(np.median(power)) / 0.69
    return max(float(power[power <= limit].mean()) * 1.06, 1e-12)


def _disturbance(mark: Phasor, space: Phasor, sign: Precise, best: _Reference) -> Precise:
    """How many times stronger than usual the noise is around each bit, at least 1."""
    one = (1 + sign) / 2
    mark_rest = one * np.abs(mark - best.mark) ** 2 + (1 - one) * np.abs(mark) ** 2
    space_rest = (1 - one) * np.abs(space - best.space) ** 2 + one * np.abs(space) ** 2
    rest = mark_rest / best.mark_noise + space_rest / best.space_noise
    local = np.convolve(rest / 2, np.full(LOCAL, 1 / LOCAL), "same")
    level: Precise = np.maximum(1.0, local / CALM)
    return level


def _neighbours(values: Phasor | Precise, reach: int) -> Phasor:
    """Sum over `reach` bits to either side, without the bit itself."""
    sums = np.concatenate([[0], np.cumsum(values)])
    k = np.arange(len(values))
    high = np.minimum(k + reach + 1, len(values))
    low = np.maximum(k - reach, 0)
    result: Phasor = sums[high] - sums[low] - values
    return result


def mean_db(ebn0: Precise) -> float:
    """Mean of power ratios in dB."""
    return float(10 * np.log10(np.maximum(ebn0, 1e-6)).mean())
