"""Long work by HTTP: asked for, watched, cancelled; and the log as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from bottle import HTTPError, HTTPResponse

from eas_station.errors import InputError
from eas_station.store.alerts.alert_queries import AlertFilter
from eas_station.webd.api import exports
from eas_station.webd.api.answers import AlertSaid
from eas_station.webd.api.exports import CONTENT_TYPES, PAGE, SHORT, Format
from eas_station.webd.api.operator_routes import Plain
from eas_station.webd.http.responses import json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.login_page import LONGEST_BACK, back_to
from eas_station.webd.records import clips
from eas_station.webd.records.queries import LogRow
from eas_station.webd.records.search import Narrowed, filter_of
from eas_station.webd.records.tasks import Task, TaskKind, Work
from eas_station.webd.records.verify import Verify
from eas_station.webd.site import Site
from eas_station.webd.state.snapshot import AlertEntry

BUSY_S = "60"


@dataclass(frozen=True, slots=True)
class TasksSaid:
    """The tasks of the last day, newest first."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class ExportedLog:
    """Alerts, newest first."""

    alerts: tuple[AlertSaid, ...]


@dataclass(frozen=True, slots=True)
class ExportAsked(Narrowed):
    """Which alerts, as a file."""

    state: Literal["all", "active", "ended"] = "all"


@dataclass(frozen=True, slots=True)
class ExportSent(Narrowed):
    """Which alerts, as a file of which kind."""

    state: Literal["all", "active", "ended"] = "all"
    form: Format = "csv"
    back: str | None = field(default=None, metadata={"most": LONGEST_BACK})


def all_tasks(site: Site, call: Call) -> HTTPResponse:
    """The tasks of the last day."""
    return reply(json_body(TasksSaid(site.tasks.all())), call.headers)


def one_task(site: Site, call: Call) -> HTTPResponse:
    """One task: how far it is, and its result."""
    return reply(json_body(_found(site, call)), call.headers)


def result(site: Site, call: Call) -> HTTPResponse:
    """The file that an export has made."""
    task = _found(site, call)
    file = None
    if task.exported is not None:
        file = clips.open_below(site.tasks.results, task.task_id)
    if task.exported is None or file is None:
        raise HTTPError(404, "This task has no file.")
    size = file.seek(0, 2)
    form: Format = "csv" if task.exported.content_type.startswith("text/csv") else "json"
    fields = _file_fields(form) | {"Content-Length": str(size)}
    return HTTPResponse(body=clips.FileRange(file, 0, size), headers=fields)


def remove(site: Site, call: Call) -> HTTPResponse:
    """Cancel a task, or forget one that is over."""
    task = site.tasks.remove(call.path["task_id"])
    if task is None:
        raise HTTPError(404, "There is no task of this id.")
    who, word = call.who().who, "forget task" if task.is_over else "cancel task"
    site.access.clerk.note(who, word, "done", call.address, subject=task.task_id)
    return reply(json_body(task), {}, cache="no-store")


def verify(site: Site, call: Call) -> HTTPResponse:
    """Decode the recordings of an alert again, and compare."""
    alert_id = call.path["alert_id"]
    entry = site.library.entry(alert_id) or site.library.entry_of(alert_id)
    if entry is None:
        raise HTTPError(404, "There is no alert of this id in the database.")
    alert_id = entry.alert.alert_id
    there = tuple(
        (clip, path)
        for clip in site.library.clips(alert_id)
        if clip.path and not clip.removed_at and (path := _path_of(site, clip.path)) is not None
    )
    if not there:
        raise HTTPError(409, "There is no recording of this alert to decode again.")
    work = Verify(site.decoder, entry.alert, entry.full_receptions(), there, site.presenter.listed)
    return _begin(
        site, call, "verify", alert_id, work, call.sent(Plain).back, f"/alerts/{alert_id}"
    )


def _path_of(site: Site, relative: str) -> Path | None:
    """Where a recording is; None: it is no regular file below our folder."""
    file = clips.open_below(site.clips_dir, relative)
    if file is None:
        return None
    file.close()
    return site.clips_dir / relative


def export(form: Format, site: Site, call: Call) -> HTTPResponse:
    """The log as a file, at once; what is too long for that is a task."""
    asked = call.asked(ExportAsked)
    narrowed = _narrowed(site, asked)
    first = _page(site, asked.state, narrowed, None)
    if _count(site, asked.state, narrowed) > SHORT:
        why = f"There are more than {SHORT} alerts: narrow it, or POST to /api/v1/exports."
        raise HTTPError(413, why)

    def pages(cursor: str | None) -> LogRow:
        return first if cursor is None else _page(site, asked.state, narrowed, cursor)

    pieces = exports.chunks(exports.entries(pages), form, partial(_places, site))
    return HTTPResponse(body=_encoded(pieces), headers=_file_fields(form))


def begin_export(site: Site, call: Call) -> HTTPResponse:
    """Any part of the log into a file, as a task."""
    sent = call.sent(ExportSent)
    narrowed = _narrowed(site, sent)
    work = exports.Export(
        lambda cursor: _page(site, sent.state, narrowed, cursor),
        sent.form,
        partial(_places, site),
        site.tasks.results,
        _count(site, sent.state, narrowed, exports.MOST),
    )
    state = None if sent.state == "all" else sent.state
    subject = f"{sent.form} {sent.as_query(state=state)}".strip()
    return _begin(site, call, "export", subject, work, sent.back, "/log")


def _begin(
    site: Site, call: Call, kind: TaskKind, subject: str, work: Work, back: str | None, page: str
) -> HTTPResponse:
    task = site.tasks.add(kind, subject, work)
    if task is None:
        why = "Too many tasks wait. Try again in a minute."
        raise HTTPError(503, why, **{"Retry-After": BUSY_S})
    site.access.clerk.note(call.who().who, kind, "done", call.address, task.task_id, subject)
    if call.by_form:
        where = {"Location": back_to(back, back_to(page)), "Cache-Control": "no-store"}
        return HTTPResponse(status=303, headers=where)
    answer = reply(json_body(task), {}, status=202, cache="no-store")
    answer.set_header("Location", f"/api/v1/tasks/{task.task_id}")
    return answer


def _found(site: Site, call: Call) -> Task:
    task = site.tasks.find(call.path["task_id"])
    if task is None:
        raise HTTPError(404, "There is no task of this id; they are kept for a day.")
    return task


def _narrowed(site: Site, asked: Narrowed) -> AlertFilter:
    try:
        return filter_of(asked, site.places, site.clockface)
    except InputError as error:
        raise HTTPError(400, f"{error}") from error


def _page(
    site: Site, state: Literal["all", "active", "ended"], narrowed: AlertFilter, cursor: str | None
) -> LogRow:
    return site.library.leaf(PAGE, cursor, state, narrowed)


def _count(
    site: Site,
    state: Literal["all", "active", "ended"],
    narrowed: AlertFilter,
    most: int = SHORT,
) -> int:
    """How many alerts that is; it stops counting after `most`."""
    return site.library.count(state, narrowed, most + 1)


def _places(site: Site, entry: AlertEntry) -> str:
    return "; ".join(site.names.location_name(code) for code in entry.alert.same_codes)


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


BEGUN = (202, 303)
ROUTES = (
    Route("GET", "/api/v1/tasks", all_tasks, "The tasks of the last day.", answer=TasksSaid),
    Route(*("GET", "/api/v1/tasks/<task_id>", one_task, "One task, and its result."), answer=Task),
    Route(
        *("GET", "/api/v1/tasks/<task_id>/result", result, "The file of an export."),
        content_type=CONTENT_TYPES["csv"],
        other_types=(CONTENT_TYPES["json"],),
    ),
    Route(
        *("DELETE", "/api/v1/tasks/<task_id>", remove, "Cancel or forget a task.", "write"),
        answer=Task,
    ),
    Route(
        *("POST", "/api/v1/alerts/<alert_id>/verify", verify),
        *("Decode the recordings of an alert again, and compare.", "write"),
        body=Plain,
        answer=Task,
        statuses=BEGUN,
        refusals=(409,),
    ),
    Route(
        *("POST", "/api/v1/exports", begin_export, "A part of the log into a file.", "write"),
        body=ExportSent,
        answer=Task,
        statuses=BEGUN,
    ),
    Route(
        *("GET", "/api/v1/export.csv", partial(export, "csv"), "The log for a spreadsheet."),
        query=ExportAsked,
        content_type=CONTENT_TYPES["csv"],
        refusals=(413,),
    ),
    Route(
        *("GET", "/api/v1/export.json", partial(export, "json"), "The log for a program."),
        query=ExportAsked,
        answer=ExportedLog,
        refusals=(413,),
    ),
)
