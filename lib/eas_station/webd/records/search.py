"""Search in the log: the query of a URL as a filter for the database.

The same filter is applied to alerts in memory: those not stored yet, and all of them while the
database is not responding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from eas_station.alerts.model import Alert, Via
from eas_station.errors import FrameError, InputError
from eas_station.field_types import Pattern
from eas_station.store.alerts.alert_queries import AlertFilter
from eas_station.store.alerts.search_words import MOST_ASKED, Wanted, split, words_of
from eas_station.tables import Location, State
from eas_station.webd.http.parameters import Length
from eas_station.webd.render.times import TimeFormat
from eas_station.webd.state.snapshot import AlertEntry
from eas_station.wire import time_from_text

Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]

SHORTEST_PLACE = 3  # letters; a shorter word can only name a state
MOST_PLACES = 300  # for one word; "san" alone has a hundred
STATES_PORTIONS = tuple(str(portion) for portion in range(10))  # P of PSSCCC

DAY_FORMAT = "A day of the station's time zone, 2026-11-22, or a time, 2026-11-22T08:12:00Z"
SINCE = {"format": "day", "description": f"First received at this time or later. {DAY_FORMAT}."}
UNTIL = {"format": "day", "description": f"First received before this time. {DAY_FORMAT}."}
TEXT = {
    "description": "Beginnings of words. All must be in the event's name, the headline, the header,"
    " the sender or a place's name.",
}
EVENT = {"description": "A SAME event code: TOR."}
EventCode = Annotated[str, Length(3), Pattern("[0-9A-Za-z]{3}", "three letters or digits")]
DayOrTime = Annotated[str, Length(40)]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search in the log."""

    q: Annotated[str, Length(200)] | None = field(default=None, metadata=TEXT)
    kind: Literal["all", "real", "test"] = "all"
    via: Via | None = field(default=None, metadata={"description": "Off the air, or CAP."})
    event: EventCode | None = field(default=None, metadata=EVENT)
    severity: Severity | None = None
    here: bool | None = field(
        default=None, metadata={"description": "Only what concerns this station, or only the rest."}
    )
    since: DayOrTime | None = field(default=None, metadata=SINCE)
    until: DayOrTime | None = field(default=None, metadata=UNTIL)

    @property
    def is_everything(self) -> bool:
        """Whether it leaves nothing out."""
        usual = SearchQuery()
        return all(getattr(self, f.name) == getattr(usual, f.name) for f in fields(SearchQuery))

    def as_query(self, **more: str | None) -> str:
        """The query of the URL: "?q=tornado"; "" for everything."""
        usual = SearchQuery()
        given = {
            one.name: _shown(getattr(self, one.name))
            for one in fields(SearchQuery)
            if getattr(self, one.name) != getattr(usual, one.name)
        }
        given |= {name: value for name, value in more.items() if value}
        return f"?{urlencode(given)}" if given else ""


class PlaceSearch:
    """Codes of places by the words of their names."""

    def __init__(
        self,
        locations: Mapping[str, Location] | None = None,
        states: Mapping[str, State] | None = None,
    ) -> None:
        self._codes: defaultdict[str, list[str]] = defaultdict(list)
        self._states: defaultdict[str, list[str]] = defaultdict(list)  # SS
        for code, location in (locations or {}).items():
            for word in set(split(location.name)):
                self._codes[word].append(code)
        for ss, state in (states or {}).items():
            for word in {*split(state.name), *split(state.abbr)}:
                self._states[word].append(ss)

    def wanted(self, word: str) -> Wanted:
        """A word with the places that it may name."""
        codes: list[str] = []
        if len(word) >= SHORTEST_PLACE:
            codes = [
                code
                for name, found in self._codes.items()
                if name.startswith(word)
                for code in found
            ]
        if len(codes) > MOST_PLACES:
            codes = self._codes.get(word, [])
        states = tuple(f"{p}{ss}" for ss in self._states.get(word, ()) for p in STATES_PORTIONS)
        return Wanted(word, tuple(dict.fromkeys(codes))[:MOST_PLACES], states)


@dataclass(frozen=True, slots=True)
class LogSearch:
    """Reads searches: names of places, days of the station's time zone."""

    places: PlaceSearch
    times: TimeFormat

    def filter_of(self, asked: SearchQuery) -> AlertFilter:
        """The filter of the log. Raises InputError."""
        return _filter_of(asked, self.places, self.times)


def _filter_of(asked: SearchQuery, places: PlaceSearch, times: TimeFormat) -> AlertFilter:
    words = dict.fromkeys(split(asked.q or ""))
    if len(words) > MOST_ASKED:
        raise InputError(f"q must have at most {MOST_ASKED} words")
    return AlertFilter(
        event_code=None if asked.event is None else asked.event.upper(),
        relevant=asked.here,
        is_test={"all": None, "real": False, "test": True}[asked.kind],
        since_at=None if asked.since is None else moment_of("since", asked.since, times),
        until_at=None if asked.until is None else moment_of("until", asked.until, times),
        via=asked.via,
        severity=asked.severity,
        words=tuple(places.wanted(word) for word in words),
    )


def moment_of(name: str, text: str, times: TimeFormat) -> datetime:
    """A time, or the beginning of a day, or for `until` its end. Raises InputError."""
    try:
        day = date.fromisoformat(text)
        last = timedelta(days=1) if name == "until" else timedelta()
        midnight = datetime.combine(day + last, time())
        local = midnight.replace(tzinfo=times.zone) if times.zone else midnight
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # not a day: a time
    try:
        return time_from_text(text)
    except FrameError as error:
        right = "a day like 2026-11-22, or a time like 2026-11-22T08:12:00Z"
        raise InputError(f"{name} must be {right}", text) from error


def matches(entry: AlertEntry, where: AlertFilter) -> bool:
    """Whether the database would find this alert."""
    alert = entry.alert
    return (
        where.event_code in (None, alert.event_code)
        and where.relevant in (None, alert.relevance.ever)
        and where.is_test in (None, alert.is_test)
        and where.severity in (None, alert.severity)
        and (where.since_at is None or alert.first_received_at >= where.since_at)
        and (where.until_at is None or alert.first_received_at < where.until_at)
        and (where.via is None or any(one.via == where.via for one in entry.receptions))
        and _has(alert, where.words)
    )


def _has(alert: Alert, wanted: Iterable[Wanted]) -> bool:
    words = words_of(alert).split(" ")
    return all(
        any(
            word.startswith((one.beginning, *one.code_beginnings)) or word in one.codes
            for word in words
        )
        for one in wanted
    )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
