"""The page Log: every alert received, searched and filtered, in pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from bottle import HTTPError, HTTPResponse

from eas_station.errors import InputError, StoreError
from eas_station.store.alerts.alert_queries import AlertFilter
from eas_station.webd.api.list_routes import CURSOR, Cursor
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.search import LogSearch, SearchQuery, Severity, matches
from eas_station.webd.render.cards import Presenter
from eas_station.webd.state.snapshot import AlertEntry, Snapshot

LENGTH = 50  # alerts on one page

# The choices of the form: name, label, and values with their words.
CHOICES = (
    ("state", "State", (("all", "Any"), ("active", "In force"), ("ended", "Ended"))),
    ("kind", "Kind", (("all", "Alerts and tests"), ("real", "Alerts"), ("test", "Tests"))),
    ("via", "Received", (("", "Either way"), ("same", "Off the air"), ("cap", "By CAP"))),
    ("here", "Area", (("", "Everywhere"), ("true", "This station"), ("false", "Elsewhere"))),
    ("severity", "Severity", (("", "Any"), *((one, one) for one in get_args(Severity)))),
)


@dataclass(frozen=True, slots=True)
class LogQuery(SearchQuery):
    """Which page of the log."""

    state: Literal["all", "active", "ended"] = "all"
    cursor: Cursor | None = field(default=None, metadata=CURSOR)


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One select box of the form."""

    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]  # value, words, chosen


@dataclass(frozen=True, slots=True)
class LogEntries:
    """What one page of the log shows."""

    entries: tuple[AlertEntry, ...]
    next_cursor: str | None
    whole: bool  # False: the database is not responding


@dataclass(frozen=True, slots=True)
class AlertLogPage:
    """The page Log."""

    frame: PageFrame
    queries: RecordQueries
    search: LogSearch
    presenter: Presenter

    def routes(self) -> tuple[Route, ...]:
        """The page."""
        summary = "All alerts ever received, searched and filtered."
        return (page_route("/log", self.page, summary, LogQuery),)

    def page(self, call: Call) -> HTTPResponse:
        """One page of the log."""
        snapshot, asked = self.frame.state.snapshot(), call.query_as(LogQuery)
        try:
            narrowed = self.search.filter_of(asked)
        except InputError as error:
            raise HTTPError(400, f"{error}") from error
        found = self._entries(snapshot, asked, narrowed)
        state = None if asked.state == "all" else asked.state
        content = {
            "cards": [self.presenter.card(entry, snapshot.as_of) for entry in found.entries],
            "asked": asked,
            "choices": _choices(asked),
            "narrowed": not asked.is_everything or state is not None,
            "dates": (("since", "From", asked.since), ("until", "To", asked.until)),
            "newest": f"/log{asked.as_query(state=state)}",
            "older": found.next_cursor
            and f"/log{asked.as_query(state=state, cursor=found.next_cursor)}",
            "exports": tuple(
                (name.upper(), f"/api/v1/export.{name}{asked.as_query(state=state)}")
                for name in ("csv", "json")
            ),
            "first": asked.cursor is None,
            "fresh": asked.cursor is None,
            "whole": found.whole,
        }
        return self.frame.send(call, "log", snapshot, content)

    def _entries(self, snapshot: Snapshot, asked: LogQuery, narrowed: AlertFilter) -> LogEntries:
        """From the database; from memory while it is not responding."""
        try:
            page = self.queries.log_page(LENGTH, asked.cursor, asked.state, narrowed)
        except InputError as error:
            raise HTTPError(400, "This address is not a page of the log.") from error
        except StoreError:
            over = () if asked.state == "active" else snapshot.recent
            known = (*(snapshot.active if asked.state != "ended" else ()), *over)
            return LogEntries(
                tuple(one for one in known if matches(one, narrowed)), None, whole=False
            )
        first = asked.cursor is None and asked.state != "ended"
        spooled = tuple(
            entry
            for entry in (snapshot.active if first else ())
            if not entry.stored and matches(entry, narrowed)
        )
        known_ids = {entry.alert.alert_id for entry in spooled}
        rest = tuple(entry for entry in page.entries if entry.alert.alert_id not in known_ids)
        return LogEntries((*spooled, *rest), page.next_cursor, whole=True)


def _choices(asked: LogQuery) -> tuple[FilterChoice, ...]:
    found = []
    for name, label, options in CHOICES:
        value = getattr(asked, name)
        chosen = "" if value is None else str(value).lower() if value in (True, False) else value
        found.append(
            FilterChoice(name, label, tuple((v, word, v == chosen) for v, word in options))
        )
    return tuple(found)
