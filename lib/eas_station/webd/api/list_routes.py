"""Long lists by HTTP, in pages of at most 500, by a cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from bottle import HTTPError, HTTPResponse
from sqlalchemy import Connection

from eas_station.alerts.model import Change, Reception
from eas_station.errors import InputError
from eas_station.field_types import Range
from eas_station.store.alerts import receptions
from eas_station.store.records import audit, deaf, jobs
from eas_station.store.records import clips as recordings
from eas_station.store.records.audit import AuditEntry
from eas_station.store.records.clips import Clip
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.jobs import JobRun
from eas_station.webd.http.parameters import NUMBER_MOST, Length
from eas_station.webd.http.responses import PRIVATE, json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.records.cursors import LONGEST_CURSOR
from eas_station.webd.records.queries import RecordQueries

LIMIT_MOST = 500
LIMIT_USUAL = 100
LIMIT = {"description": "The longest list to return."}
CURSOR = {
    "format": "cursor",
    "description": "The `next_cursor` of the previous page; missing: the first page.",
}

Limit = Annotated[int, Range(1, LIMIT_MOST)]
Cursor = Annotated[str, Length(LONGEST_CURSOR)]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReceptionsAnswer:
    """A page of receptions, in the order of recording, newest first."""

    receptions: tuple[Reception, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ChangesAnswer:
    """Changes of alerts, oldest first."""

    changes: tuple[Change, ...]
    next_after: int | None  # `after` of the next page; null: there is none


@dataclass(frozen=True, slots=True)
class RunsAnswer:
    """Runs of a job, newest first."""

    runs: tuple[JobRun, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """Entries of the audit log, newest first."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeafIntervalsAnswer:
    """Intervals in which a channel was deaf, newest first."""

    intervals: tuple[DeafInterval, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ClipsAnswer:
    """Recordings, newest first. The sound is at /clips/ID."""

    clips: tuple[Clip, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page of the list."""

    limit: Limit = field(default=LIMIT_USUAL, metadata=LIMIT)
    cursor: Cursor | None = field(default=None, metadata=CURSOR)


@dataclass(frozen=True, slots=True)
class DeafIntervalsQuery(PageQuery):
    """Which deaf intervals."""

    source: Annotated[str, Length(64)] | None = None
    channel: Annotated[str, Length(16)] | None = field(
        default=None, metadata={"description": "A channel of the source, 162.550."}
    )


@dataclass(frozen=True, slots=True)
class ChangesQuery:
    """Which changes."""

    after: Annotated[int, Range(0, NUMBER_MOST)] = field(
        default=0, metadata={"description": "The number of the last known change."}
    )
    limit: Limit = field(default=LIMIT_USUAL, metadata=LIMIT)


@dataclass(frozen=True, slots=True)
class ListRoutes:
    """Everything the database keeps in long lists."""

    queries: RecordQueries

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route(
                "GET",
                "/api/v1/receptions",
                self.receptions,
                query=PageQuery,
                answer=ReceptionsAnswer,
            ),
            Route("GET", "/api/v1/changes", self.changes, query=ChangesQuery, answer=ChangesAnswer),
            Route("GET", "/api/v1/jobs/<job>/runs", self.runs, query=PageQuery, answer=RunsAnswer),
            Route(
                "GET",
                "/api/v1/audit",
                self.audit,
                role="operator",
                query=PageQuery,
                answer=AuditAnswer,
            ),
            Route(
                "GET",
                "/api/v1/deaf-intervals",
                self.deaf_intervals,
                query=DeafIntervalsQuery,
                answer=DeafIntervalsAnswer,
            ),
            Route("GET", "/api/v1/clips", self.clips, query=PageQuery, answer=ClipsAnswer),
        )

    def receptions(self, call: Call) -> HTTPResponse:
        """Every reception, part of an alert or not, newest first."""
        asked = call.query_as(PageQuery)
        found, after = self._page(lambda c: receptions.page(c, asked.limit, asked.cursor))
        return reply(json_body(ReceptionsAnswer(found, after)), call.headers)

    def changes(self, call: Call) -> HTTPResponse:
        """Changes of alerts, oldest first."""
        asked = call.query_as(ChangesQuery)
        found = self.queries.changes_after(asked.after, asked.limit + 1)
        shown = found[: asked.limit]
        after = shown[-1].change_id if len(found) > asked.limit else None
        return reply(json_body(ChangesAnswer(shown, after)), call.headers)

    def runs(self, call: Call) -> HTTPResponse:
        """Runs of one job, newest first."""
        asked, job = call.query_as(PageQuery), call.path["job"]
        found, after = self._page(lambda c: jobs.runs_page(c, job, asked.limit, asked.cursor))
        if not found and asked.cursor is None:
            raise HTTPError(404, "There is no job of this name, or it has never run.")
        return reply(json_body(RunsAnswer(found, after)), call.headers)

    def audit(self, call: Call) -> HTTPResponse:
        """The audit log, newest first; for operators, because it has names and addresses."""
        asked = call.query_as(PageQuery)
        found = self._page(lambda c: audit.page(c, asked.limit, asked.cursor))
        body = json_body(AuditAnswer(found.entries, found.next_cursor))
        return reply(body, call.headers, cache=PRIVATE)

    def deaf_intervals(self, call: Call) -> HTTPResponse:
        """Deaf intervals of channels, newest first."""
        asked = call.query_as(DeafIntervalsQuery)
        found, after = self._page(
            lambda c: deaf.page(c, asked.limit, asked.cursor, asked.source, asked.channel)
        )
        return reply(json_body(DeafIntervalsAnswer(found, after)), call.headers)

    def clips(self, call: Call) -> HTTPResponse:
        """Every recording, newest first."""
        asked = call.query_as(PageQuery)
        found, after = self._page(lambda c: recordings.page(c, asked.limit, asked.cursor))
        return reply(json_body(ClipsAnswer(found, after)), call.headers)

    def _page(self, question: Callable[[Connection], T]) -> T:
        """Query the database. A cursor that it did not return is an error of the client: 400."""
        try:
            return self.queries.ask(question)
        except InputError as error:
            raise HTTPError(400, f"cursor: {error}") from error
