"""The fields of a header, each scored at many places at once.

All scores are logarithms, relative to random bits. Only the best value is spelled out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.decoder.text import characters
from eas_station.dsp.arrays.array_types import Precise

Indices = NDArray[np.intp]
_ZERO = ord("0") - 32


@dataclass(frozen=True, slots=True)
class Scored:
    """One field at m places: the sum over its values, and the best value."""

    total: Precise  # (m,)
    best: Precise  # (m,)
    columns: Indices  # (m, width): the characters of the best value

    def text(self, place: int) -> str:
        """The best value at one of the places."""
        return characters.spell(self.columns[place])


class CharacterScores:
    """The character likelihoods of one text of unknown length, for every kind of field."""

    def __init__(self, scores: Precise, stray: float) -> None:
        self.scores = scores
        self.length = len(scores)
        self.peak: Precise = scores.max(axis=1)
        self.likelihood: Precise = np.exp(scores - self.peak[:, None])
        self._stray = stray
        self.free_total: Precise = np.log(self.likelihood.mean(axis=1)) + self.peak
        self.free_best: Precise = self.peak + math.log(characters.SHARE)
        self.free_column: Indices = scores.argmax(axis=1)

    def character(self, wanted: str) -> Precise:
        """This character or a stray, at every place: (length,)."""
        seen = self.likelihood[:, ord(wanted) - 32]
        level = (1 - self._stray) * seen + self._stray * self.likelihood.mean(axis=1)
        score: Precise = np.log(level) + self.peak
        return score

    def one_of(self, alphabet: Precise) -> Scored:
        """One character with this prior, at every place."""
        total = np.log(self.likelihood @ alphabet) + self.peak
        weighed = self.scores + np.log(alphabet)
        columns = weighed.argmax(axis=1)
        return Scored(total, weighed[np.arange(self.length), columns], columns[:, None])

    def number(self, at: Indices, prior: Precise) -> Scored:
        """A number of fixed width; `prior` has one entry for each of the 10**width values."""
        width = round(math.log10(len(prior)))
        places = at[:, None] + np.arange(width)
        digits = self.likelihood[places, _ZERO : _ZERO + 10]
        joint = digits[:, 0]
        for i in range(1, width):
            joint = (joint[:, :, None] * digits[:, i, None, :]).reshape(len(at), -1)
        joint = joint * prior
        value = joint.argmax(axis=1)
        level = self.peak[places].sum(axis=1)
        with np.errstate(divide="ignore"):
            total = np.log(joint.sum(axis=1)) + level
            best = np.log(joint[np.arange(len(at)), value]) + level
        powers = 10 ** np.arange(width - 1, -1, -1)
        columns = _ZERO + value[:, None] // powers % 10
        return self._or_stray(places, Scored(total, best, columns))

    def word(self, at: Indices, codes: Indices, unlisted: float, alphabet: Precise) -> Scored:
        """One of the listed words, or with probability `unlisted` any word of the alphabet.

        Args:
            codes: columns, shape (words, width); without words every word is unlisted.
        """
        places = at[:, None] + np.arange(codes.shape[1])
        loose = self._any_word(places, alphabet)
        if not len(codes):
            return self._or_stray(places, loose)
        listed = self.scores[places[:, None, :], codes[None]].sum(axis=2)
        listed += math.log((1 - unlisted) / len(codes))
        value = listed.argmax(axis=1)
        best = listed[np.arange(len(at)), value]
        cost = math.log(unlisted)
        total = np.logaddexp(np.logaddexp.reduce(listed, axis=1), loose.total + cost)
        return self._or_stray(
            places, _better(Scored(total, best, codes[value]), loose.best + cost, loose.columns)
        )

    def _any_word(self, places: Indices, alphabet: Precise) -> Scored:
        total = (np.log(self.likelihood[places] @ alphabet) + self.peak[places]).sum(axis=1)
        weighed = self.scores[places] + np.log(alphabet)
        return Scored(total, weighed.max(axis=2).sum(axis=1), weighed.argmax(axis=2))

    def _or_stray(self, places: Indices, field: Scored) -> Scored:
        """The field, or at a cost any printable characters in its place."""
        cost = math.log(self._stray)
        total = np.logaddexp(field.total, self.free_total[places].sum(axis=1) + cost)
        best = self.free_best[places].sum(axis=1) + cost
        return _better(Scored(total, field.best, field.columns), best, self.free_column[places])


def _better(field: Scored, best: Precise, columns: Indices) -> Scored:
    """The field with another value where that one is better."""
    wins = best > field.best
    return Scored(
        field.total,
        np.where(wins, best, field.best),
        np.where(wins[:, None], columns, field.columns),
    )


def listed_numbers(width: int, values: Sequence[int], unlisted: float) -> Precise:
    """The prior of a number: one of `values`, or with probability `unlisted` any number."""
    prior = np.full(10**width, unlisted / 10**width if len(values) else 10.0**-width)
    for value in values:
        prior[value] += (1 - unlisted) / len(values)
    return prior


def listed_words(words: Sequence[str], width: int) -> Indices:
    """The columns of the words with this width: (words, width)."""
    rows = [characters.columns(word) for word in words if len(word) == width]
    return np.array(rows, np.intp).reshape(len(rows), width)
