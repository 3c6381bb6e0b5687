"""Alerts by HTTP: a list, and one with everything known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bottle import HTTPError, HTTPResponse

from eas_station.errors import InputError, StoreError
from eas_station.store.alerts.alert_queries import AlertFilter
from eas_station.webd.api import answer_values
from eas_station.webd.api.answers import AlertAnswer, AlertsAnswer
from eas_station.webd.api.list_routes import CURSOR, LIMIT, LIMIT_USUAL, Cursor, Limit
from eas_station.webd.http.body_cache import BodyCache
from eas_station.webd.http.responses import Body, json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.records.alert_lookup import find_alert
from eas_station.webd.records.cursors import page_of
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.search import LogSearch, SearchQuery, matches
from eas_station.webd.state.station_state import StationState


@dataclass(frozen=True, slots=True)
class AlertsQuery(SearchQuery):
    """Which alerts."""

    state: Literal["active", "ended", "all"] = "active"
    limit: Limit = field(default=LIMIT_USUAL, metadata=LIMIT)
    cursor: Cursor | None = field(default=None, metadata=CURSOR)


@dataclass(frozen=True, slots=True)
class AlertRoutes:
    """A list of alerts, and one alert."""

    state: StationState
    queries: RecordQueries
    search: LogSearch
    cache: BodyCache

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route("GET", "/api/v1/alerts", self.alerts, query=AlertsQuery, answer=AlertsAnswer),
            Route("GET", "/api/v1/alerts/<alert_id>", self.alert, answer=AlertAnswer),
        )

    def alerts(self, call: Call) -> HTTPResponse:
        """Alerts, newest first."""
        asked = call.query_as(AlertsQuery)
        try:
            where = self.search.filter_of(asked)
        except InputError as error:
            raise HTTPError(400, f"{error}") from error
        try:
            if asked.state == "active":
                return reply(self._active(asked, where), call.headers)
            return reply(json_body(self._recorded(asked, where)), call.headers)
        except InputError as error:
            raise HTTPError(400, f"cursor: {error}") from error

    def alert(self, call: Call) -> HTTPResponse:
        """Everything known of one alert."""
        entry = find_alert(self.queries, self.state, call.path["alert_id"])
        if entry is None:
            raise HTTPError(404, "There is no alert of this id.")
        alert_id, queries = entry.alert.alert_id, self.queries
        try:
            more = (queries.history(alert_id), queries.clips(alert_id), queries.flags(alert_id))
            answer = answer_values.whole_alert(entry, *more)
        except StoreError:
            answer = answer_values.whole_alert(entry)
        return reply(json_body(answer), call.headers)

    def _active(self, asked: AlertsQuery, where: AlertFilter) -> Body:
        """From memory, so a database outage changes nothing."""
        snapshot = self.state.snapshot()

        def make() -> Body:
            found = tuple(entry for entry in snapshot.active if matches(entry, where))
            shown, next_cursor = page_of(found, asked.limit, asked.cursor)
            return json_body(
                AlertsAnswer(tuple(answer_values.alert(entry) for entry in shown), next_cursor)
            )

        if asked == AlertsQuery():
            return self.cache.fetch("alerts", snapshot.version, make)
        return make()

    def _recorded(self, asked: AlertsQuery, where: AlertFilter) -> AlertsAnswer:
        """From the database; alerts that are not stored yet come first on the first page."""
        page = self.queries.log_page(asked.limit, asked.cursor, asked.state, where)
        spooled = [
            entry
            for entry in self.state.snapshot().active
            if not entry.stored and asked.state == "all" and matches(entry, where)
        ]
        known = {entry.alert.alert_id for entry in spooled}
        first = spooled if asked.cursor is None else []
        rest = [entry for entry in page.entries if entry.alert.alert_id not in known]
        listed = tuple(answer_values.alert(entry) for entry in (*first, *rest))
        return AlertsAnswer(listed, page.next_cursor)
