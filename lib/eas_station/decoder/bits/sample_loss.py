"""Detects bursts that lost samples: the bits after the loss are read at the wrong places.

An overloaded sound card can lose some hundredths of a second without notice. If that happens in
every burst, a plausible text can result that was never sent. Noise does not do that: it causes many
errors, but few of them with certainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Precise

CERTAIN = 8.0  # log-odds of a bit that noise alone does not invert
CLEAR = 0.97  # share of certain bits in a burst whose errors at the end are not noise
MIN_ERRORS = 3  # at the end of a clear burst, that speak against a text
BLURRED = 0.85  # share of certain bits at the end that also speaks against a text
BODY_BIT = 40  # after "ZCZC-"
TAIL = 9  # characters at the end: call sign and "-"
LAST = 7  # significant bits of the last "-"
AFTER_BITS = 16  # after the end, where nothing is sent
USUAL_CALLSIGN = 8  # 47 CFR 11.31(c)


@dataclass(frozen=True, slots=True)
class Votes:
    """How many bursts contain the end of a text, and how many clear bursts contradict it."""

    whole: int
    against: int


def votes(bits: Precise, care: NDArray[np.bool_], rows: Precise) -> Votes:
    """Compare the end of a text with each burst.

    Args:
        bits: (bits,) ±1 of the text; care: which of them are significant.
        rows: (bursts, more bits) log-odds of each burst, 0 where not received.
    """
    end = len(bits)
    first = max(BODY_BIT, end - 8 * TAIL)
    agreed = (rows[:, :end] * bits)[:, care]
    body, tail = np.split(
        agreed[:, int(care[:BODY_BIT].sum()) :], [int(care[BODY_BIT:first].sum())], axis=1
    )
    if not body.size:
        return Votes(0, 0)
    clear = (np.abs(body) >= CERTAIN).mean(axis=1) >= CLEAR
    errors = (tail < 0).sum(axis=1)
    blurred = (np.abs(tail) >= CERTAIN).mean(axis=1) < BLURRED
    after = rows[:, end : end + AFTER_BITS]
    filler = (after > 0).all(axis=1) | (after < 0).all(axis=1)  # some encoders append FF or 00
    continues = ((np.abs(after) >= CERTAIN).sum(axis=1) > AFTER_BITS // 2) & ~filler
    no_end = (np.abs(tail[:, -LAST:]) >= CERTAIN).sum(axis=1) < LAST - 2
    against = clear & ((errors >= MIN_ERRORS) | blurred | continues | no_end)
    whole = ~against & (errors < MIN_ERRORS)
    return Votes(int(whole.sum()), int(against.sum()))


def is_doubtful(text: str, found: Votes) -> bool:
    """Whether the text is more likely the result of lost samples than the one sent."""
    return found.against > 0 and found.whole < (1 if has_usual_end(text) else 2)


def has_usual_end(text: str) -> bool:
    """Whether the call sign has eight characters."""
    return len(text.removesuffix("-").rpartition("-")[2]) == USUAL_CALLSIGN
