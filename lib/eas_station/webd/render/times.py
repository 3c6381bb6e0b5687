"""Times and durations in words: the station's time zone first, then UTC."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

log = logging.getLogger(__name__)


def zone_of(name: str | None) -> tzinfo | None:
    """The zone of an IANA name; None: the host's. An unknown name gives UTC and a warning."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("unknown time zone %s; showing UTC", name)
        return UTC


@dataclass(frozen=True, slots=True)
class Moment:
    """One time in the two forms that the page shows."""

    iso: str  # for <time datetime>
    local: str  # "3:45 PM EST", with the day if it is not today
    utc: str  # "20:45 UTC"; empty where local time is UTC


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """Puts times into words, in the station's zone."""

    zone: tzinfo | None  # None: the host's

    def local(self, moment: datetime) -> datetime:
        """The same time in the station's zone."""
        return moment.astimezone(self.zone)

    def moment(self, moment: datetime, now: datetime, seconds: bool = False) -> Moment:
        """The time in words; the day is named unless it is the day of `now`."""
        here, today = self.local(moment), self.local(now).date()
        day = _day(here, (here.date() - today).days)
        utc = moment.astimezone(UTC)
        utc_day = "" if utc.date() == here.date() else f"{utc:%d %b} ".lstrip("0")
        utc_text = f"{utc_day}{utc:%H:%M:%S} UTC" if seconds else f"{utc_day}{utc:%H:%M} UTC"
        iso = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
        if here.utcoffset() == timedelta() and here.tzname() in ("UTC", "GMT"):
            return Moment(
                iso, f"{day}{utc:%H:%M:%S} UTC" if seconds else f"{day}{utc:%H:%M} UTC", ""
            )
        return Moment(iso, f"{day}{_clock(here, seconds)} {_zone_name(here)}", utc_text)


def duration(seconds: float) -> str:
    """A duration in at most two units: "40 s", "3 min", "2 h 5 min", "3 d 4 h"."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def _day(here: datetime, days_away: int) -> str:
    names = {0: "", 1: "tomorrow ", -1: "yesterday "}
    if days_away in names:
        return names[days_away]
    return f"{here:%a} {here.day} {here:%b} " if abs(days_away) < 300 else f"{here:%Y-%m-%d} "


def _clock(here: datetime, seconds: bool) -> str:
    hour = here.hour % 12 or 12
    return f"{hour}:{here:%M:%S %p}" if seconds else f"{hour}:{here:%M %p}"


def _zone_name(here: datetime) -> str:
    return here.tzname() or f"{here:%z}"
