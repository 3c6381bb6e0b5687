"""Tasks by HTTP: begun, watched, cancelled; and the log as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from bottle import HTTPError, HTTPResponse

from eas_station.errors import InputError
from eas_station.store.alerts.alert_queries import AlertFilter, PageState
from eas_station.webd.api import exports
from eas_station.webd.api.answers import AlertSummary
from eas_station.webd.api.exports import AT_ONCE_MOST, CONTENT_TYPES, PAGE, Format
from eas_station.webd.api.operator_routes import FormRequest
from eas_station.webd.auth.audit_log import AuditLog
from eas_station.webd.http.responses import (
    Redirect,
    json_body,
    local_address,
    reply,
    see_other,
)
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.records import clips
from eas_station.webd.records.child_decoder import ChildDecoder
from eas_station.webd.records.queries import EntryPage, RecordQueries
from eas_station.webd.records.search import LogSearch, SearchQuery
from eas_station.webd.records.tasks import Task, TaskKind, Tasks, Work
from eas_station.webd.records.verify import Verify
from eas_station.webd.render.cards import Names, Presenter
from eas_station.webd.state.snapshot import AlertEntry

RETRY_S = "60"
BEGUN = (202, 303)


@dataclass(frozen=True, slots=True)
class TasksAnswer:
    """The tasks of the last day, newest first."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class LogExport:
    """Alerts, newest first."""

    alerts: tuple[AlertSummary, ...]


@dataclass(frozen=True, slots=True)
class ExportQuery(SearchQuery):
    """Which alerts to export."""

    state: Literal["all", "active", "ended"] = "all"


@dataclass(frozen=True, slots=True)
class ExportRequest(SearchQuery):
    """Which alerts to export, and the format."""

    state: Literal["all", "active", "ended"] = "all"
    form: Format = "csv"
    back: Redirect | None = None


@dataclass(frozen=True, slots=True)
class TaskRoutes:
    """Tasks: verification and export."""

    tasks: Tasks
    queries: RecordQueries
    search: LogSearch
    audit_log: AuditLog
    decoder: ChildDecoder
    presenter: Presenter
    names: Names
    clips_dir: Path

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route("GET", "/api/v1/tasks", self.all_tasks, answer=TasksAnswer),
            Route("GET", "/api/v1/tasks/<task_id>", self.one_task, answer=Task),
            Route(
                "GET",
                "/api/v1/tasks/<task_id>/result",
                self.result,
                content_type=CONTENT_TYPES["csv"],
                other_types=(CONTENT_TYPES["json"],),
            ),
            Route("DELETE", "/api/v1/tasks/<task_id>", self.remove, role="write", answer=Task),
            Route(
                "POST",
                "/api/v1/alerts/<alert_id>/verify",
                self.verify,
                role="write",
                body=FormRequest,
                answer=Task,
                statuses=BEGUN,
                refusals=(409,),
            ),
            Route(
                "POST",
                "/api/v1/exports",
                self.begin_export,
                role="write",
                body=ExportRequest,
                answer=Task,
                statuses=BEGUN,
            ),
            Route(
                "GET",
                "/api/v1/export.csv",
                partial(self.export, "csv"),
                "The log as CSV.",
                query=ExportQuery,
                content_type=CONTENT_TYPES["csv"],
                refusals=(413,),
            ),
            Route(
                "GET",
                "/api/v1/export.json",
                partial(self.export, "json"),
                "The log as JSON.",
                query=ExportQuery,
                answer=LogExport,
                refusals=(413,),
            ),
        )

    def all_tasks(self, call: Call) -> HTTPResponse:
        """The tasks of the last day."""
        return reply(json_body(TasksAnswer(self.tasks.all())), call.headers)

    def one_task(self, call: Call) -> HTTPResponse:
        """One task: its progress and its result."""
        return reply(json_body(self._found(call)), call.headers)

    def result(self, call: Call) -> HTTPResponse:
        """The file of an export."""
        task = self._found(call)
        file = None
        if task.exported is not None:
            file = clips.open_below(self.tasks.results, task.task_id)
        if task.exported is None or file is None:
            raise HTTPError(404, "This task has no file.")
        size = file.seek(0, 2)
        form: Format = "csv" if task.exported.content_type.startswith("text/csv") else "json"
        fields = _file_fields(form) | {"Content-Length": str(size)}
        return HTTPResponse(body=clips.FileRange(file, 0, size), headers=fields)

    def remove(self, call: Call) -> HTTPResponse:
        """Cancel a task, or remove one that has ended."""
        task = self.tasks.remove(call.path["task_id"])
        if task is None:
            raise HTTPError(404, "There is no task of this id.")
        action = "forget task" if task.is_over else "cancel task"
        self._audit(call, action, task.task_id)
        return reply(json_body(task), {}, cache="no-store")

    def verify(self, call: Call) -> HTTPResponse:
        """Decode the recordings of an alert again, and compare."""
        alert_id = call.path["alert_id"]
        entry = self.queries.entry(alert_id) or self.queries.entry_of(alert_id)
        if entry is None:
            raise HTTPError(404, "There is no alert of this id in the database.")
        alert_id = entry.alert.alert_id
        recordings = tuple(
            (clip, path)
            for clip in self.queries.clips(alert_id)
            if clip.path and not clip.removed_at and (path := self._path_of(clip.path)) is not None
        )
        if not recordings:
            raise HTTPError(409, "There is no recording of this alert to decode again.")
        receptions, named = entry.full_receptions(), self.presenter.listed
        work = Verify(self.decoder, entry.alert, receptions, recordings, named)
        back = local_address(call.body_as(FormRequest).back, local_address(f"/alerts/{alert_id}"))
        return self._begin(call, "verify", alert_id, work, back)

    def export(self, form: Format, call: Call) -> HTTPResponse:
        """The log as a file, at once. A longer log needs a task."""
        asked = call.query_as(ExportQuery)
        pages = self._pages(asked, asked.state)
        first = pages(None)
        if self.queries.count(asked.state, self._filter(asked), AT_ONCE_MOST + 1) > AT_ONCE_MOST:
            why = f"More than {AT_ONCE_MOST} alerts: use a filter, or POST to /api/v1/exports."
            raise HTTPError(413, why)

        def rest(cursor: str | None) -> EntryPage:
            return first if cursor is None else pages(cursor)

        pieces = exports.chunks(exports.entries(rest), form, self._places)
        return HTTPResponse(body=_encoded(pieces), headers=_file_fields(form))

    def begin_export(self, call: Call) -> HTTPResponse:
        """Export a part of the log into a file, as a task."""
        sent = call.body_as(ExportRequest)
        pages = self._pages(sent, sent.state)
        count = self.queries.count(sent.state, self._filter(sent), exports.EXPORT_MOST + 1)
        work = exports.Export(pages, sent.form, self._places, self.tasks.results, count)
        state = None if sent.state == "all" else sent.state
        subject = f"{sent.form} {sent.as_query(state=state)}".strip()
        return self._begin(call, "export", subject, work, local_address(sent.back, "/log"))

    def _begin(
        self, call: Call, kind: TaskKind, subject: str, work: Work, back: str
    ) -> HTTPResponse:
        task = self.tasks.add(kind, subject, work)
        if task is None:
            why = "Too many tasks are waiting. Try again in a minute."
            raise HTTPError(503, why, **{"Retry-After": RETRY_S})
        self._audit(call, kind, subject, task.task_id)
        if call.by_form:
            return see_other(back)
        answer = reply(json_body(task), {}, status=202, cache="no-store")
        answer.set_header("Location", f"/api/v1/tasks/{task.task_id}")
        return answer

    def _audit(self, call: Call, action: str, subject: str, detail: str | None = None) -> None:
        who = call.logged_in().audit_name
        self.audit_log.note(who, action, "done", call.address, detail, subject)

    def _found(self, call: Call) -> Task:
        task = self.tasks.find(call.path["task_id"])
        if task is None:
            raise HTTPError(404, "There is no task of this id. Tasks are kept for a day.")
        return task

    def _pages(self, asked: SearchQuery, state: PageState) -> Callable[[str | None], EntryPage]:
        """The pages of the log that fit the question, by cursor."""
        where = self._filter(asked)
        return lambda cursor: self.queries.log_page(PAGE, cursor, state, where)

    def _filter(self, asked: SearchQuery) -> AlertFilter:
        try:
            return self.search.filter_of(asked)
        except InputError as error:
            raise HTTPError(400, f"{error}") from error

    def _path_of(self, relative: str) -> Path | None:
        """Where a recording is; None: it is no regular file below the folder of recordings."""
        file = clips.open_below(self.clips_dir, relative)
        if file is None:
            return None
        file.close()
        return self.clips_dir / relative

    def _places(self, entry: AlertEntry) -> str:
        return "; ".join(self.names.location_name(code) for code in entry.alert.same_codes)


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    """In blocks: a chunk for each line would be slow."""
    block: list[str] = []
    for piece in pieces:
        block.append(piece)
        if len(block) >= PAGE:
            yield "".join(block).encode("utf-8", "replace")
            block = []
    yield "".join(block).encode("utf-8", "replace")


def _file_fields(form: Format) -> dict[str, str]:
    return {
        "Content-Type": CONTENT_TYPES[form],
        "Content-Disposition": f'attachment; filename="eas-station-log.{form}"',
        "Cache-Control": "no-store",
    }
