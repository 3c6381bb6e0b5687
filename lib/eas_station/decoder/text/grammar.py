"""The most probable header for given soft bits (maximum a posteriori), and its probability.

A header is ZCZC-ORG-EEE(-PSSCCC){1,31}+TTTT-JJJHHMM-LLLLLLLL- (47 CFR 11.31(c)). Given the number n
of locations and the lengths of time and call sign, the fields are independent, so the sum over all
headers is a product of sums per field:

    P(bits) = Σ_n Σ_lengths Π_fields Σ_values P(value) · P(bits of the field | value).

The posterior of the best text is its term divided by this sum. Any printable character is allowed
in any place, at a cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eas_station.decoder.text import characters
from eas_station.decoder.text.fields import (
    CharacterScores,
    Indices,
    Scored,
    listed_numbers,
    listed_words,
)
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.arrays.array_types import Precise

MAX_LOCATIONS = 31  # 47 CFR 11.31(c)
START = "ZCZC-"
FIRST_PLACE = 12  # index of the "-" before the first location
PLACE = 7  # "-PSSCCC"
TAIL = 23  # "+TTTT-JJJHHMM-LLLLLLLL-"
CALLSIGN_LENGTHS = (8, 7, 6, 5, 4, 3, 9, 10, 11)
TIME_LENGTHS = (7, 6)
LONGEST = FIRST_PLACE + PLACE * MAX_LOCATIONS + TAIL + 3  # characters
RAW = math.log(1e-6)  # prior of a text that begins with ZCZC- and is not a header
AFTER = 3  # characters examined after the end
BIT_SENT, BIT_SILENT, DECIDED = 0.25, 0.5, 12.0  # log-likelihood that a bit was sent here
SILENT = 0.5  # mean size of soft bits where nothing is sent
MISSING_COST = 12.0  # of a last character that was not sent
PLACES_AT = FIRST_PLACE + PLACE * np.arange(MAX_LOCATIONS)
TAILS_AT = PLACES_AT + PLACE
EXTRA_LOCATIONS = 2  # tried beyond what was received


@dataclass(frozen=True, slots=True)
class TextReading:
    """The most probable text. `posterior` compares it with all other texts and with noise."""

    text: str
    posterior: float


NOTHING = TextReading("", 0.0)


@dataclass(frozen=True, slots=True)
class _Ending:
    """All endings with given lengths of the time and the call sign."""

    total: Precise  # (numbers of locations,)
    best: Precise
    time: tuple[Scored, ...]
    callsign_length: int
    length: int  # characters from "+" on


class Grammar:
    """Reads headers with one prior."""

    def __init__(self, prior: Prior) -> None:
        self._prior = prior
        self._letters = characters.alphabet(characters.LETTERS, prior.stray)
        self._digits = characters.alphabet(characters.DIGITS, prior.stray)
        self._callsign = characters.alphabet(characters.CALLSIGN, prior.stray)
        self._originators = listed_words(prior.originators, 3)
        self._events = listed_words(prior.events, 3)
        self._purges = listed_words(prior.purge_times, 4)
        self._area = listed_numbers(1, (0,), 1 - prior.whole_area)
        self._state = listed_numbers(2, [int(s) for s in prior.states], prior.unlisted_state)
        self._county = _counties(prior)
        self._day = listed_numbers(3, range(1, 367), prior.impossible_time)
        self._hour = listed_numbers(2, range(24), prior.impossible_time)
        self._minute = listed_numbers(2, range(60), prior.impossible_time)
        self._anything = listed_numbers(3, (), 1.0)

    def read(self, soft: Precise) -> TextReading:
        """The most probable header in these soft bits.

        Args:
            soft: log P(one)/P(zero) of each bit, from the first of "Z" on; 0 where unknown.
        """
        bits = _padded(soft, _most_locations(len(soft)))
        scores = characters.log_likelihoods(bits, self._prior.eighth_bit_set)
        text = CharacterScores(scores, self._prior.stray)
        start = float(scores[np.arange(len(START)), characters.columns(START)].sum())
        after = _end_cost(bits)
        total, best, spelled = self._headers(text, after)
        raw_total, raw_best, raw_spelled = _raw(text, after)
        everything = np.logaddexp.reduce([0.0, start + total, start + raw_total])
        if raw_spelled == spelled:
            best = float(np.logaddexp(best, raw_best))
        elif raw_best > best:
            best, spelled = raw_best, raw_spelled
        return TextReading(START + spelled, float(np.exp(start + best - everything)))

    def _headers(self, text: CharacterScores, after: Precise) -> tuple[float, float, str]:
        """All headers from ORG on: their sum, the best score, and the text of the best."""
        unlisted = self._prior.unlisted_code
        dash = text.character("-")
        head = (
            text.word(np.array([5]), self._originators, unlisted, self._letters),
            text.word(np.array([9]), self._events, unlisted, self._letters),
        )
        places_at = PLACES_AT[: (text.length - LONGEST) // PLACE + MAX_LOCATIONS]
        tails_at = places_at + PLACE
        first = float(dash[8]) - math.log(MAX_LOCATIONS)
        places = (
            text.number(places_at + 1, self._area),
            text.number(places_at + 2, self._state),
            text.number(places_at + 4, self._county),
        )
        before = first + sum(float(f.total[0]) for f in head)
        before_best = first + sum(float(f.best[0]) for f in head)
        totals = before + np.cumsum(dash[places_at] + sum(f.total for f in places))
        bests = before_best + np.cumsum(dash[places_at] + sum(f.best for f in places))
        purge = text.word(tails_at + 1, self._purges, unlisted, self._digits)
        joint = text.character("+")[tails_at] + dash[tails_at + 5]
        totals += joint + purge.total
        bests += joint + purge.best
        call = text.one_of(self._callsign)
        endings = self._endings(text, tails_at + 6, dash - after, call)
        total = float(np.logaddexp.reduce(np.array([e.total + totals for e in endings]), axis=None))
        table = np.array([e.best + bests for e in endings])
        shape, n = (int(i) for i in np.unravel_index(table.argmax(), table.shape))
        located = "".join("-" + "".join(f.text(i) for f in places) for i in range(n + 1))
        ending = _spell_ending(endings[shape], n, call)
        spelled = f"{head[0].text(0)}-{head[1].text(0)}{located}+{purge.text(n)}-{ending}"
        return total, float(table[shape, n]), spelled

    def _endings(
        self, text: CharacterScores, at: Indices, last: Precise, call: Scored
    ) -> list[_Ending]:
        """JJJHHMM-LLLLLLLL- with every pair of lengths, beginning at any of these places.

        `last` is the score of a "-" that ends the header.
        """
        dash = text.character("-")
        run_total = np.concatenate([[0.0], np.cumsum(call.total)])
        run_best = np.concatenate([[0.0], np.cumsum(call.best)])
        endings = []
        for digits in TIME_LENGTHS:
            time = self._time(text, at, digits)
            begin = at + digits + 1
            cost = self._time_cost(digits)
            for length in CALLSIGN_LENGTHS:
                end = np.minimum(begin + length, text.length - 1)
                fixed = dash[at + digits] + last[end] + cost + self._callsign_cost(length)
                total = fixed + sum(f.total for f in time) + run_total[end] - run_total[begin]
                best = fixed + sum(f.best for f in time) + run_best[end] - run_best[begin]
                endings.append(_Ending(total, best, time, length, digits))
        return endings

    def _time(self, text: CharacterScores, at: Indices, digits: int) -> tuple[Scored, ...]:
        if digits == 7:
            return (
                text.number(at, self._day),
                text.number(at + 3, self._hour),
                text.number(at + 5, self._minute),
            )
        return text.number(at, self._anything), text.number(at + 3, self._anything)

    def _time_cost(self, digits: int) -> float:
        short = self._prior.short_time
        return math.log(1 - short if digits == 7 else short)

    def _callsign_cost(self, length: int) -> float:
        other = self._prior.other_callsign
        share = other / (len(CALLSIGN_LENGTHS) - 1)
        return math.log(1 - other if length == 8 else share)


def _spell_ending(ending: _Ending, n: int, call: Scored) -> str:
    begin = int(TAILS_AT[n]) + 6 + ending.length + 1
    time = "".join(f.text(n) for f in ending.time)
    letters = "".join(call.text(begin + i) for i in range(ending.callsign_length))
    return f"{time}-{letters}-"


def _counties(prior: Prior) -> Precise:
    odd = listed_numbers(3, range(1, 512, 2), 0.0)
    none = listed_numbers(3, (0,), 0.0)
    rest = 1 - prior.odd_county - prior.whole_state
    return prior.odd_county * odd + prior.whole_state * none + rest / 1000


def _raw(text: CharacterScores, after: Precise) -> tuple[float, float, str]:
    """Any printable text up to a "-": their sum, the best score, and the text of the best."""
    first = len(START)
    dash = (text.character("-") - after)[first + 8 :]
    cost = RAW - math.log(len(dash))
    total = np.cumsum(text.free_total[first:])[7:-1] + dash
    best = np.cumsum(text.free_best[first:])[7:-1] + dash
    end = int(best.argmax())
    spelled = characters.spell(text.free_column[first : first + 8 + end]) + "-"
    return float(np.logaddexp.reduce(total)) + cost, float(best[end]) + cost, spelled


def _end_cost(bits: Precise) -> Precise:
    """The cost of an end after each character: (characters,).

    After the end soft bits are small. Decided bits there mean that the text goes on.
    """
    sent = (BIT_SENT * np.minimum(np.abs(bits), DECIDED) - BIT_SILENT).reshape(-1, 8).sum(axis=1)
    follows = np.concatenate([sent[1:], np.zeros(AFTER)])
    cost = np.maximum(np.convolve(follows, np.ones(AFTER), "valid")[: len(sent)], 0)
    heard = np.flatnonzero(np.abs(bits).reshape(-1, 8).mean(axis=1) > SILENT)
    if len(heard):
        cost[heard[-1] + 1 :] += MISSING_COST
    return cost


def length_posterior(soft: Precise) -> Precise:
    """The probability of each number of locations, from the separators alone: (MAX_LOCATIONS,).

    `soft` may end within the header; longer headers then keep their prior probability.
    """
    half = np.clip(_padded(soft, MAX_LOCATIONS).reshape(-1, 8)[:, :7], -12, 12) / 2
    both = half @ _SEPARATORS - np.log(np.cosh(half)).sum(axis=1)[:, None]
    dash, plus = both[:, 0], both[:, 1]
    score = np.cumsum(dash[PLACES_AT]) + plus[TAILS_AT] + dash[TAILS_AT + 5]
    usual = dash[TAILS_AT + 13] + dash[TAILS_AT + 22]
    score += np.logaddexp(usual, dash[TAILS_AT + 12] + dash[TAILS_AT + 21] - 4)
    share: Precise = np.exp(score - np.logaddexp.reduce(score))
    return share


_SEPARATORS = np.array([[1.0 if ord(c) >> i & 1 else -1.0 for c in "-+"] for i in range(7)])


def _most_locations(bits: int) -> int:
    heard = (bits // 8 - FIRST_PLACE - TAIL) // PLACE
    return min(max(heard, 0) + EXTRA_LOCATIONS, MAX_LOCATIONS)


def _padded(soft: Precise, locations: int) -> Precise:
    """The bits of a header with so many locations, padded with zeros."""
    bits = np.zeros(8 * (LONGEST - PLACE * (MAX_LOCATIONS - locations)))
    bits[: min(len(soft), len(bits))] = soft[: len(bits)]
    return bits
