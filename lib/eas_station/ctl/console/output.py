"""How commands print values, times and their exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime

from eas_station.errors import EXIT_DEGRADED, EXIT_FAILED, EXIT_FINE
from eas_station.wire import to_plain


def print_json(value: object) -> None:
    """Print one JSON document."""
    json.dump(to_plain(value), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def local_time(moment: datetime | None) -> str:
    """A time in the time zone of this machine; "-" if there is none."""
    return "-" if moment is None else moment.astimezone().strftime("%a %d %b %H:%M:%S")


def age(moment: datetime, now: datetime) -> str:
    """The time since `moment`: "12 s", "4 min", "3 h", "2 days"."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"


def exit_status(working: Sequence[bool]) -> int:
    """0 if all of them work, 1 if some do, 2 if none does."""
    if all(working):
        return EXIT_FINE
    return EXIT_DEGRADED if any(working) else EXIT_FAILED
