"""The prior of a header's fields: probabilities of codes, digits and lengths.

The prior is soft. What is received well is read as received. Only where the signal is doubtful do
known codes, digits and the odd county numbers of FIPS decide.
"""

from __future__ import annotations

from dataclasses import dataclass

ORIGINATORS = ("EAS", "CIV", "WXR", "PEP")  # 47 CFR 11.31(d)
PURGE_TIMES = (
    *("0015", "0030", "0045"),
    *(f"{hour:02d}{minute:02d}" for hour in range(1, 13) for minute in (0, 30)),
)  # 47 CFR 11.31(c), those in use


@dataclass(frozen=True, slots=True)
class Prior:
    """Known codes, and the probability of others. Without codes all letters or digits are equal."""

    originators: tuple[str, ...] = ORIGINATORS
    events: tuple[str, ...] = ()  # EEE
    states: tuple[str, ...] = ()  # SS of PSSCCC
    purge_times: tuple[str, ...] = PURGE_TIMES  # TTTT

    unlisted_code: float = 0.01  # the originator, event or purge time is not listed
    unlisted_state: float = 0.03
    whole_area: float = 0.6  # P is 0
    whole_state: float = 0.05  # CCC is 000
    odd_county: float = 0.85  # CCC is odd and below 512, as FIPS numbers nearly all counties
    impossible_time: float = 0.003  # day 400, hour 25, minute 61
    short_time: float = 0.01  # six digits instead of seven, as Mexico sends
    other_callsign: float = 0.02  # not eight characters
    eighth_bit_set: float = 0.001  # 47 CFR 11.31(a)(1): null, "either 0 or 1"
    stray: float = 1e-5  # a character that the grammar does not allow in its place
