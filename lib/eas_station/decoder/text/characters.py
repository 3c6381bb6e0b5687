"""Soft bits → log-likelihoods of all printable characters at every place.

For a character with bits b_i = ±1 and soft bits L_i = log P(one)/P(zero), relative to random bits,

    score = Σ_i ( b_i · L_i / 2 − log cosh(L_i / 2) ).

0 is no information; +5.5 is a certain character (8 bits · log 2).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from eas_station.dsp.arrays.array_types import Precise
from eas_station.dsp.arrays.matrix_products import row_product

PRINTABLE = "".join(map(chr, range(32, 127)))  # column i is character 32 + i
SHARE = 1 / len(PRINTABLE)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
CALLSIGN = LETTERS + DIGITS + "/ "

_CODES = np.unpackbits(np.arange(32, 127, dtype=np.uint8)[:, None], axis=1, bitorder="little")
_SIGNS = (2.0 * _CODES[:, :7] - 1).T  # (7 bits, characters)


def log_likelihoods(soft: Precise, eighth_bit_set: float) -> Precise:
    """Log-likelihood of each printable character against random bits: (characters, 95).

    Args:
        soft: log P(one)/P(zero) of the bits, eight a character, least significant first.
        eighth_bit_set: how probable a one in the eighth bit is (47 CFR 11.31(a)(1)).
    """
    bits = soft.reshape(-1, 8)
    half = bits[:, :7] / 2
    per_bit = row_product(half, _SIGNS) - _log_cosh(half).sum(axis=1, keepdims=True)
    zero = 2 / (1 + np.exp(np.clip(bits[:, 7], -60, 60)))
    eighth = np.log((1 - eighth_bit_set) * zero + eighth_bit_set * (2 - zero))
    scores: Precise = per_bit + eighth[:, None]
    return scores


def _log_cosh(x: Precise) -> Precise:
    size = np.abs(x)
    value: Precise = size + np.log1p(np.exp(-2 * size)) - math.log(2)
    return value


def columns(text: str) -> list[int]:
    """The columns of these characters."""
    return [ord(c) - 32 for c in text]


def spell(chosen: Iterable[int]) -> str:
    """The text of these columns."""
    return "".join(PRINTABLE[i] for i in chosen)


def alphabet(allowed: str, stray: float) -> Precise:
    """The prior of one place: one of `allowed`, or with probability `stray` any character."""
    prior = np.full(len(PRINTABLE), stray * SHARE)
    prior[columns(allowed)] += (1 - stray) / len(allowed)
    return prior
