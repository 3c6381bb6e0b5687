"""Everything the record has in long lists, in pages of at most 500, by a cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bottle import HTTPError, HTTPResponse
from sqlalchemy import Connection

from eas_station.alerts.model import Change, Reception
from eas_station.errors import InputError
from eas_station.store.alerts import receptions
from eas_station.store.records import audit, deaf, jobs
from eas_station.store.records import clips as recordings
from eas_station.store.records.audit import AuditEntry
from eas_station.store.records.clips import Clip
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.jobs import JobRun
from eas_station.webd.http.responses import PRIVATE, json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.site import Site

LIMIT_MOST = 500
LIMIT_USUAL = 100
LIMIT = {"least": 1, "most": LIMIT_MOST, "says": "At most so many."}
CURSOR = {
    "most": 300,
    "format": "cursor",
    "says": "The `next_cursor` of the page before; missing: the first page.",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReceptionsSaid:
    """A page of receptions, in the order of recording, newest first."""

    receptions: tuple[Reception, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ChangesSaid:
    """Changes of alerts, oldest first."""

    changes: tuple[Change, ...]
    next_after: int | None  # `after` of the next page; null: these were the last


@dataclass(frozen=True, slots=True)
class RunsSaid:
    """Runs of a job, newest first."""

    runs: tuple[JobRun, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AuditSaid:
    """Who did what, newest first."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeafSaid:
    """Stretches that a channel did not hear, newest first."""

    intervals: tuple[DeafInterval, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ClipsSaid:
    """Recordings, newest first. The sound is at /clips/ID."""

    clips: tuple[Clip, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Paged:
    """Which page."""

    limit: int = field(default=LIMIT_USUAL, metadata=LIMIT)
    cursor: str | None = field(default=None, metadata=CURSOR)


@dataclass(frozen=True, slots=True)
class DeafAsked(Paged):
    """Whose deaf intervals."""

    source: str | None = field(default=None, metadata={"most": 64})
    channel: str | None = field(default=None, metadata={"most": 16, "says": "162.550"})


@dataclass(frozen=True, slots=True)
class ChangesAsked:
    """Which changes."""

    after: int = field(default=0, metadata={"says": "The number of the last change known."})
    limit: int = field(default=LIMIT_USUAL, metadata=LIMIT)


def page(site: Site, question: Callable[[Connection], T]) -> T:
    """Ask the record. What it calls no cursor of its own is the asker's fault: 400."""
    try:
        return site.library.ask(question)
    except InputError as error:
        raise HTTPError(400, f"cursor: {error}") from error


def all_receptions(site: Site, call: Call) -> HTTPResponse:
    """Everything that was heard, alerts or not, newest first."""
    asked = call.asked(Paged)
    heard, after = page(site, lambda c: receptions.page(c, asked.limit, asked.cursor))
    return reply(json_body(ReceptionsSaid(heard, after)), call.headers)


def all_changes(site: Site, call: Call) -> HTTPResponse:
    """What became of alerts, in the order in which it happened."""
    asked = call.asked(ChangesAsked)
    found = site.library.changes_after(asked.after, asked.limit + 1)
    shown = found[: asked.limit]
    after = shown[-1].change_id if len(found) > asked.limit else None
    return reply(json_body(ChangesSaid(shown, after)), call.headers)


def runs(site: Site, call: Call) -> HTTPResponse:
    """The runs of one job, newest first."""
    asked, job = call.asked(Paged), call.path["job"]
    found, after = page(site, lambda c: jobs.runs_page(c, job, asked.limit, asked.cursor))
    if not found and asked.cursor is None:
        raise HTTPError(404, "There is no job of this name, or it has never run.")
    return reply(json_body(RunsSaid(found, after)), call.headers)


def all_audit(site: Site, call: Call) -> HTTPResponse:
    """Who changed what, and who was refused; for operators, for it has names and addresses."""
    asked = call.asked(Paged)
    found = page(site, lambda c: audit.page(c, asked.limit, asked.cursor))
    body = json_body(AuditSaid(found.entries, found.next_cursor))
    return reply(body, call.headers, cache=PRIVATE)


def deaf_intervals(site: Site, call: Call) -> HTTPResponse:
    """When a channel did not hear, and why, newest first."""
    asked = call.asked(DeafAsked)

    def question(connection: Connection) -> tuple[tuple[deaf.DeafInterval, ...], str | None]:
        return deaf.page(connection, asked.limit, asked.cursor, asked.source, asked.channel)

    found, after = page(site, question)
    return reply(json_body(DeafSaid(found, after)), call.headers)


def all_clips(site: Site, call: Call) -> HTTPResponse:
    """Every recording, newest first."""
    asked = call.asked(Paged)
    found, after = page(site, lambda c: recordings.page(c, asked.limit, asked.cursor))
    return reply(json_body(ClipsSaid(found, after)), call.headers)


ROUTES = (
    Route(
        *("GET", "/api/v1/receptions", all_receptions, "Everything that was heard, newest first."),
        query=Paged,
        answer=ReceptionsSaid,
    ),
    Route(
        *("GET", "/api/v1/changes", all_changes, "What became of alerts, oldest first."),
        query=ChangesAsked,
        answer=ChangesSaid,
    ),
    Route(
        *("GET", "/api/v1/jobs/<job>/runs", runs, "The runs of one job, newest first."),
        query=Paged,
        answer=RunsSaid,
    ),
    Route(
        *("GET", "/api/v1/audit", all_audit, "Who changed what, newest first.", "operator"),
        query=Paged,
        answer=AuditSaid,
    ),
    Route(
        *("GET", "/api/v1/deaf-intervals", deaf_intervals, "When a channel did not hear."),
        query=DeafAsked,
        answer=DeafSaid,
    ),
    Route(
        *("GET", "/api/v1/clips", all_clips, "Every recording, newest first."),
        query=Paged,
        answer=ClipsSaid,
    ),
)
