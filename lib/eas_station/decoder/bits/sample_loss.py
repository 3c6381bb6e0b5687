"""Bursts that lost samples on their way: what is behind the loss is read at the wrong places.

An overloaded sound card loses some hundredths of a second, and nobody tells us. Where that happens
in every burst, or the shape of a header changes with it, a text can come out that looks right and
was never sent. Noise does not do that: its errors are many, but none of them is certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Precise

CERTAIN = 8.0  # log-odds of a bit that noise alone does not turn over
CLEAR = 0.97  # of a burst's other bits are certain: noise does not explain errors at its end
ERRORS = 3  # bits against a text at the end of a clear burst are no accident
BLURRED = 0.85  # nor is it that so few bits of the end are certain
BODY_BIT = 40  # after "ZCZC-"
TAIL = 9  # characters at the end: call sign and "-"
LAST = 7  # bits of the last "-" that say something
AFTER_BITS = 16  # behind the end, where nothing is sent
USUAL_CALLSIGN = 8  # 47 CFR 11.31(c)


@dataclass(frozen=True, slots=True)
class Votes:
    """How many bursts say the end of a text, and how many say otherwise although they are clear."""

    whole: int
    against: int


def votes(bits: Precise, care: NDArray[np.bool_], rows: Precise) -> Votes:
    """Count them.

    Args:
        bits: (bits,) ±1, the text's; care: which of them say something.
        rows: (bursts, more bits) log-odds of each burst, 0 where it was not heard.
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
    goes_on = (np.abs(rows[:, end : end + AFTER_BITS]) >= CERTAIN).sum(axis=1) > AFTER_BITS // 2
    no_end = (np.abs(tail[:, -LAST:]) >= CERTAIN).sum(axis=1) < LAST - 2
    against = clear & ((errors >= ERRORS) | blurred | goes_on | no_end)
    whole = ~against & (errors < ERRORS)
    return Votes(int(whole.sum()), int(against.sum()))


def is_doubtful(text: str, found: Votes) -> bool:
    """Is this likelier what a loss made of another text than what was sent?"""
    return found.against > 0 and found.whole < (1 if has_usual_end(text) else 2)


def has_usual_end(text: str) -> bool:
    """Has the call sign eight characters?"""
    return len(text.removesuffix("-").rpartition("-")[2]) == USUAL_CALLSIGN
