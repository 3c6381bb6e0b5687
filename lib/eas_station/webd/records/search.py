"""What somebody looks for in the log: read from the address, as a question for the record.

The same question is put to what the board alone knows, so that it is answered while the database is
away, and for what waits in a spool.
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

SHORTEST_PLACE = 3  # letters: with fewer a word means a state or no place at all
MOST_PLACES = 300  # one word means at most; "san" alone means a hundred
STATES_PORTIONS = tuple(str(portion) for portion in range(10))  # P of PSSCCC

DAY_FORMAT = "A day of the station's time zone, 2026-11-22, or a moment, 2026-11-22T08:12:00Z"
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
    """What the log is narrowed to."""

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
        """Is nothing left out?"""
        usual = SearchQuery()
        return all(getattr(self, f.name) == getattr(usual, f.name) for f in fields(SearchQuery))

    def as_query(self, **more: str | None) -> str:
        """The same as an address's query: "?q=tornado"; "" for everything."""
        usual = SearchQuery()
        said = {
            one.name: _shown(getattr(self, one.name))
            for one in fields(SearchQuery)
            if getattr(self, one.name) != getattr(usual, one.name)
        }
        said |= {name: value for name, value in more.items() if value}
        return f"?{urlencode(said)}" if said else ""


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
        """A typed word with the places that it may mean."""
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
    """Reads what a client searches for: names of places, days of the station's time zone."""

    places: PlaceSearch
    times: TimeFormat

    def filter_of(self, asked: SearchQuery) -> AlertFilter:
        """The filter of the log. Raises InputError."""
        return _filter_of(asked, self.places, self.times)


def _filter_of(asked: SearchQuery, places: PlaceSearch, times: TimeFormat) -> AlertFilter:
    words = dict.fromkeys(split(asked.q or ""))
    if len(words) > MOST_ASKED:
        raise InputError(f"q: at most {MOST_ASKED} words are searched for at once")
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
    """A moment, or the beginning of a day; of `until` its end. Raises InputError."""
    try:
        day = date.fromisoformat(text)
        last = timedelta(days=1) if name == "until" else timedelta()
        midnight = datetime.combine(day + last, time())
        local = midnight.replace(tzinfo=times.zone) if times.zone else midnight
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # no day: a moment
    try:
        return time_from_text(text)
    except FrameError as error:
        right = "a day like 2026-11-22, or a time like 2026-11-22T08:12:00Z"
        raise InputError(f"{name} must be {right}", text) from error


def matches(entry: AlertEntry, narrowed: AlertFilter) -> bool:
    """Would the record find this warning?"""
    alert = entry.alert
    return (
        narrowed.event_code in (None, alert.event_code)
        and narrowed.relevant in (None, alert.relevance.ever)
        and narrowed.is_test in (None, alert.is_test)
        and narrowed.severity in (None, alert.severity)
        and (narrowed.since_at is None or alert.first_received_at >= narrowed.since_at)
        and (narrowed.until_at is None or alert.first_received_at < narrowed.until_at)
        and (narrowed.via is None or any(one.via == narrowed.via for one in entry.receptions))
        and _has(alert, narrowed.words)
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
