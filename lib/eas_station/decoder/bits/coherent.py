"""Coherent detection of soft bits, with phase references estimated from the burst itself.

Both tones have whole cycles in a bit, so their phase at bit boundaries is constant within a burst
(47 CFR 11.31(a)(1)). A frequency or baud error makes it rotate slowly, by drift + skew with each
one and by drift − skew with each zero. With the matched filter output z of a tone, its phase
reference r and its noise power N, the log-likelihood of the tone against noise is

    (2·Re(z·conj(r)) − |r|²) / N,

and a soft bit is that of mark minus that of space. The reference of a bit is the mean of its
neighbours in the same burst, never the bit itself. Bits are decided over all bursts of the message.
References and decisions are repeated up to `ROUNDS` times (decision-directed estimation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Phasor, Precise, Real

ROUNDS = 3
REACHES = (12, 30, 75)  # bits on either side in a phase reference
RATIO_REACH = 12
LAGS = (1, 2, -1)  # of bits whose echo may lie in a bit
OUTLIER = 3.5  # times the mean: larger powers are left out
KEPT_MEAN = 1 - OUTLIER / math.expm1(OUTLIER)  # of the kept powers for a true mean of 1
MIN_ECHO = 0.03  # share of the residual power that an echo must explain
MAX_SOFT = 25.0  # limit of the soft bits of one burst
MAX_DRIFT = 0.13  # cycles per bit: 68 Hz
SKEWS = np.linspace(-0.03, 0.03, 13)  # cycles per bit
SHORT_FFT = 1024
LONG_FFT = 4096
CHANCE = 0.05  # correlation that independent errors may show
LOCAL = 7  # bits over which a disturbance differs from steady noise
CALM = 1.7  # times the mean power within LOCAL bits that is still steady noise


@dataclass(frozen=True, slots=True)
class CoherentResult:
    """The bursts of one message after coherent detection."""

    soft: Precise  # (bursts, bits): log-odds from the first known bit on
    together: Precise  # (bits,): log-odds of all bursts together
    ebn0: Precise  # (bursts,)
    eye: Precise  # (bursts, bits): the decision variable; ±1 if undisturbed
    drift: float  # cycles per bit by which all bits rotate the tones
    skew: float  # cycles per bit: ones rotate them by drift + skew, zeros by drift − skew


@dataclass(frozen=True, slots=True)
class _Reference:
    """The phase references of each burst, and the noise they leave."""

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
        soft: (bits,) log-odds to begin with, known bits included.
        known: (bits,) ±1 where the bit is known, 0 elsewhere.
        active: number of bits of the message; later ones are noise.
        heard: (bursts, bits) 1 where a burst was received, 0 elsewhere.
    """
    drift = skew = 0.0
    for step in range(ROUNDS):
        sign = np.where(known != 0, known, np.tanh(np.clip(soft, -30, 30) / 2))
        weight = sign.copy()
        weight[active:] = 0
        balance = np.cumsum(sign) - sign
        if step < 2:
            drift, skew = _rotation(phasors, weight, balance, (drift, skew) if step else None)
        steady = phasors * np.exp(-2j * np.pi * (drift * np.arange(len(sign)) + skew * balance))
        rows, ebn0, eye = _detect_each(steady, sign, weight * heard)
        used = (weight != 0) & (heard > 0).all(axis=0)
        before, soft = soft, _together(rows, eye * sign, used)
        if np.array_equal(before[:active] > 0, soft[:active] > 0):
            break
    return CoherentResult(rows, soft, ebn0, eye, drift, skew)


def _together(rows: Precise, errors: Precise, used: NDArray[np.bool_]) -> Precise:
    """Log-odds of all bursts together.

    Noise differs from burst to burst, but an echo or a filter distorts all alike. With the mean
    correlation c of their errors, the sum of n bursts is divided by 1 + (n − 1)·c.
    """
    total: Precise = rows.sum(axis=0)
    if len(rows) == 1 or used.sum() < 64:
        return total
    shared = np.atleast_2d(np.corrcoef(np.clip(errors[:, used], -3, 3)))
    pairs = shared[np.triu_indices(len(rows), 1)]
    common = float(np.clip(np.nan_to_num(pairs, nan=1.0).mean() - CHANCE, 0, 1))
    return total / (1 + (len(rows) - 1) * common)


def _rotation(
    phasors: Phasor, weight: Precise, balance: Precise, near: tuple[float, float] | None
) -> tuple[float, float]:
    """Rotation of the phase: with each bit (drift), and more with ones than with zeros (skew)."""
    first = np.flatnonzero(weight)
    begin = int(first[0]) if len(first) else 0
    if near is None:
        part = slice(begin, begin + SHORT_FFT // 2)
        _, skew = _strongest(phasors[..., part], weight[part], balance[part], SKEWS, SHORT_FFT)
    else:
        skew = near[1]
    fine = skew + np.array([-0.00167, 0.0, 0.00167]) / (1 if near is None else 3)
    drift, skew = _strongest(phasors, weight, balance, fine, LONG_FFT)
    return drift, skew


def _strongest(
    phasors: Phasor, weight: Precise, balance: Precise, skews: Precise, size: int
) -> tuple[float, float]:
    """The drift and skew that make the tones most steady: the maximum of a spectrum."""
    tones = np.stack([np.maximum(weight, 0), np.maximum(-weight, 0)])
    signal = (phasors * tones).astype(np.complex64)  # (bursts, 2, bits)
    steadied = np.exp(-2j * np.pi * skews[:, None] * balance).astype(np.complex64)
    spectrum = np.fft.fft(signal[None] * steadied[:, None, None], size, axis=-1)
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=(1, 2))  # (skews, size)
    drifts = np.fft.fftfreq(size)
    power[:, np.abs(drifts) > MAX_DRIFT] = 0
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    return float(drifts[column]), float(skews[row])


def _detect_each(
    steady: Phasor, sign: Precise, weight: Precise
) -> tuple[Precise, Precise, Precise]:
    """Soft bits (bursts, bits), Eb/N0 and eye of bursts with steady phases."""
    mark, space = steady[:, 0], steady[:, 1]
    best = _best_reference(mark, space, weight, sign)
    clean_mark, clean_space = _without_echo(mark, space, weight, sign, best)
    if clean_mark is not mark or clean_space is not space:
        mark, space = clean_mark, clean_space
        best = _best_reference(mark, space, weight, sign)
    mark_power, space_power = _power(best.mark), _power(best.space)
    one = (2 * (mark * best.mark.conj()).real - mark_power) / best.mark_noise
    zero = (2 * (space * best.space.conj()).real - space_power) / best.space_noise
    soft = np.clip((one - zero) / _disturbance(mark, space, sign, best), -MAX_SOFT, MAX_SOFT)
    strength = mark_power / best.mark_noise + space_power / best.space_noise
    used = weight != 0
    ebn0 = (strength * used).sum(axis=1) / np.maximum(2 * used.sum(axis=1), 1)
    eye = (one - zero) / np.maximum(strength, 1e-12)
    return soft, ebn0, eye


def _best_reference(mark: Phasor, space: Phasor, weight: Precise, sign: Precise) -> _Reference:
    """For each burst, the references with the reach that leaves the least noise."""
    mark_weight, space_weight = np.maximum(weight, 0), np.maximum(-weight, 0)
    ratio = _tone_ratio(mark, space, mark_weight, space_weight)[:, None]
    heard = mark * mark_weight + space * space_weight * np.conj(ratio)
    load = mark_weight + np.abs(ratio) ** 2 * space_weight
    near = _neighbours(heard, REACHES) / (_neighbours(load, REACHES) + 0.5)
    mark_residual, space_residual = _residual(mark, space, sign, near, near * ratio)
    chosen, noises = [], []
    for burst, used in enumerate(weight != 0):
        residuals = (mark_residual[:, burst, used], space_residual[:, burst, used])
        noise = np.stack([_mean_power(residual) for residual in residuals])
        chosen.append(int(noise.prod(axis=0).argmin()))
        noises.append(noise[:, chosen[-1]])
    best = near[chosen, np.arange(len(mark))]
    mark_noise, space_noise = np.array(noises).T[:, :, None]
    return _Reference(best, best * ratio, mark_noise, space_noise)


def _without_echo(
    mark: Phasor, space: Phasor, weight: Precise, sign: Precise, best: _Reference
) -> tuple[Phasor, Phasor]:
    """Both tones without the echoes of neighbouring bits, if there are any.

    An echo or a ringing filter adds a constant share of the neighbouring bits to each bit
    (intersymbol interference). The shares are fitted by least squares and subtracted.
    """
    one = (1 + sign) / 2
    around = np.stack([np.roll(sign, lag) for lag in LAGS])
    cleaned = []
    for tone, reference, sent in ((mark, best.mark, one), (space, best.space, 1 - one)):
        causes = np.concatenate([around, (1 - sent)[None]])
        turned = reference / np.maximum(np.abs(reference), 1e-12)
        residual = (tone - reference * sent) * turned.conj()
        shares = np.stack(
            [
                _shares(causes[:, used], row[used])
                for row, used in zip(residual, weight != 0, strict=True)
            ]
        )
        cleaned.append(tone - (shares @ causes) * turned if shares.any() else tone)
    return cleaned[0], cleaned[1]


def _shares(causes: Precise, residual: Phasor) -> Phasor:
    """The share of each cause (causes, n) in the residual (n,); zeros if they explain little."""
    matrix = causes @ causes.T
    seen = causes @ residual
    shares: Phasor = np.linalg.solve(matrix + np.eye(len(causes)), seen)
    explained = float((shares.conj() @ seen).real)
    if explained < MIN_ECHO * float(_power(residual).sum()):
        return np.zeros_like(shares)
    return shares


def _tone_ratio(mark: Phasor, space: Phasor, mark_weight: Precise, space_weight: Precise) -> Phasor:
    """The ratio of space to mark in amplitude and phase, one number per burst."""
    marks, spaces = mark * mark_weight, space * space_weight
    local_mark, local_space = _neighbours(np.stack([marks, spaces]), (RATIO_REACH,))[0]
    cross = (local_space * local_mark.conj()).sum(axis=1)
    level_mark = np.abs(marks).sum(axis=1) / (mark_weight.sum(axis=1) + 1e-9)
    level_space = np.abs(spaces).sum(axis=1) / (space_weight.sum(axis=1) + 1e-9)
    ratio: Phasor = level_space / (level_mark + 1e-12) * cross / (np.abs(cross) + 1e-30)
    return ratio


def _residual(
    mark: Phasor, space: Phasor, sign: Precise, mark_reference: Phasor, space_reference: Phasor
) -> tuple[Precise, Precise]:
    """The residual power of both tones, apart from the tone that was sent."""
    one = (1 + sign) / 2
    mark_residual = one * _power(mark - mark_reference) + (1 - one) * _power(mark)
    space_residual = (1 - one) * _power(space - space_reference) + one * _power(space)
    return mark_residual, space_residual


def _power(values: Phasor) -> Precise:
    power: Precise = values.real**2 + values.imag**2
    return power


def _mean_power(power: Precise) -> Precise:
    """Mean of exponentially distributed powers (rows, n), outliers left out: (rows,)."""
    if not power.shape[1]:
        return np.full(len(power), 1e-12)
    kept = power <= OUTLIER / math.log(2) * np.median(power, axis=1, keepdims=True)
    mean: Precise = (power * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
    return np.maximum(mean / KEPT_MEAN, 1e-12)


def _disturbance(mark: Phasor, space: Phasor, sign: Precise, best: _Reference) -> Precise:
    """The noise around each bit relative to its mean, at least 1."""
    mark_residual, space_residual = _residual(mark, space, sign, best.mark, best.space)
    residual = mark_residual / best.mark_noise + space_residual / best.space_noise
    window = np.full(LOCAL, 0.5 / LOCAL / CALM)
    level: Precise = np.maximum(1.0, [np.convolve(row, window, "same") for row in residual])
    return level


def _neighbours(values: Precise | Phasor, reaches: tuple[int, ...]) -> Phasor:
    """Sums over the bits on either side, without the bit itself: (reaches, …, bits)."""
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
    """The mean of power ratios in dB."""
    return float(10 * np.log10(np.maximum(ebn0, 1e-6)).mean())
