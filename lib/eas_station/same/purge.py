"""Purge times: TTTT, how long a SAME message is valid.

Source: 47 CFR 11.31(c): quarter hours up to 45 minutes, then half hours up to 99 h 30 min.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta

from eas_station.errors import HeaderError

LONGEST_S = (99 * 60 + 30) * 60  # 9930

_MINUTE_S = 60
_QUARTER_S = 15 * _MINUTE_S
_HALF_HOUR_S = 30 * _MINUTE_S
_TTTT = re.compile("[0-9]{4}")


def duration(tttt: str) -> timedelta:
    """How long TTTT is, read as hours and minutes even where the minutes exceed 59.

    Home-made encoders send 0060 and 0075. Raises HeaderError unless four digits.
    """
    if _TTTT.fullmatch(tttt) is None:
        raise HeaderError("a purge time has four digits", tttt)
    return timedelta(hours=int(tttt[:2]), minutes=int(tttt[2:]))


def is_legal(tttt: str) -> bool:
    """Is TTTT one of the steps that 47 CFR 11.31(c) allows."""
    if _TTTT.fullmatch(tttt) is None or int(tttt[2:]) > 59:
        return False
    length_s = int(duration(tttt).total_seconds())
    return length_s > 0 and tttt_from_seconds(length_s) == tttt


def tttt_from_seconds(length_s: float) -> str | None:
    """The legal TTTT that covers a time, rounded up; the longest if it is longer than that.

    ECIG 3.4.1.4. None: there is no time left, the message is not for EAS.
    """
    if not length_s > 0:
        return None
    step_s = _QUARTER_S if length_s <= 3 * _QUARTER_S else _HALF_HOUR_S
    covered_s = LONGEST_S if length_s >= LONGEST_S else math.ceil(length_s / step_s) * step_s
    return tttt_from_duration(timedelta(seconds=covered_s))


def tttt_from_duration(valid_for: timedelta) -> str:
    """TTTT of exactly this time. Raises HeaderError unless whole minutes below 100 hours."""
    minutes, rest = divmod(valid_for, timedelta(minutes=1))
    if rest or not 0 <= minutes < 100 * 60:
        raise HeaderError("not a purge time", str(valid_for))
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}{minutes:02}"
