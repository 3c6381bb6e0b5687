"""The log as a CSV or JSON file, read page by page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from eas_station.errors import OutsideError
from eas_station.webd.api import answer_values
from eas_station.webd.records.queries import EntryPage
from eas_station.webd.records.tasks import Exported, Task, TaskProgress
from eas_station.webd.state.snapshot import AlertEntry
from eas_station.wire import time_to_text, to_json

Format = Literal["csv", "json"]

PAGE = 200  # alerts that are in memory at a time
AT_ONCE_MOST = 5_000  # alerts of one response; more need a task
EXPORT_MOST = 500_000  # alerts of one export
CONTENT_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
COLUMNS = (
    *("alert_id", "state", "status", "is_test", "event_code", "event_name", "originator"),
    *("severity", "urgency", "certainty", "issued_at", "first_received_at", "ends_at"),
    *("ended_at", "end_reason", "concerns_us", "heard", "receptions", "same_codes", "places"),
    *("sender_name", "headline", "same_header"),
)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would evaluate them

Pages = Callable[[str | None], EntryPage]  # the page of the log at a cursor


def entries(pages: Pages) -> Iterator[AlertEntry]:
    """Every alert of all pages. Raises StoreError."""
    cursor: str | None = None
    while True:
        page = pages(cursor)
        yield from page.entries
        cursor = page.next_cursor
        if cursor is None:
            return


def chunks(
    found: Iterator[AlertEntry], form: Format, places: Callable[[AlertEntry], str]
) -> Iterator[str]:
    """The file in chunks. JSON that was cut short lacks its end."""
    if form == "csv":
        yield _line(COLUMNS)
        for entry in found:
            yield _line(_row(entry, places))
        return
    yield '{"alerts":['
    for number, entry in enumerate(found):
        yield ("," if number else "") + to_json(answer_values.alert(entry))
    yield "]}\n"


@dataclass(frozen=True, slots=True)
class Export:
    """The work of one export."""

    pages: Pages
    form: Format
    places: Callable[[AlertEntry], str]
    folder: Path
    expected: int  # alerts, for the progress

    def __call__(self, task: Task, progress: TaskProgress) -> Task:
        """Write the file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path, count = self.folder / task.task_id, 0

        def counted() -> Iterator[AlertEntry]:
            nonlocal count
            for entry in entries(self.pages):
                if progress.cancelled.is_set():
                    raise OutsideError("cancelled")
                if count >= EXPORT_MOST:
                    raise OutsideError(f"there are more than {EXPORT_MOST} alerts: use a filter")
                count += 1
                if count % PAGE == 0:
                    progress.report(min(0.99, count / max(1, self.expected)))
                yield entry

        try:
            with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
                for chunk in chunks(counted(), self.form, self.places):
                    file.write(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        address = f"/api/v1/tasks/{task.task_id}/result"
        size, kind = path.stat().st_size, CONTENT_TYPES[self.form]
        return replace(task, exported=Exported(count, size, address, kind))


def _row(entry: AlertEntry, places: Callable[[AlertEntry], str]) -> tuple[object, ...]:
    alert = entry.alert
    via = sorted({one.via for one in entry.receptions})
    times = (alert.issued_at, alert.first_received_at, alert.ends_at, alert.ended_at)
    issued, first, ends, ended = (None if one is None else time_to_text(one) for one in times)
    return (
        *(alert.alert_id, "active" if entry.active else "ended", alert.status, alert.is_test),
        *(alert.event_code, alert.event_name, alert.originator),
        *(alert.severity, alert.urgency, alert.certainty, issued, first, ends),
        *(ended, alert.end_reason, alert.relevance.relevant, " ".join(via)),
        *(alert.reception_count, " ".join(alert.same_codes), places(entry)),
        *(alert.sender_name, alert.headline, alert.same_header),
    )


def _line(values: tuple[object, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_cell(value) for value in values])
    return line.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text
