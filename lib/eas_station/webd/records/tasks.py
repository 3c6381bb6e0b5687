"""Background tasks: one at a time, in a thread, kept for a day in a file.

A task that waited or ran when the process ended is kept as failed.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from eas_station.errors import FrameError, InputError, OutsideError
from eas_station.wire import from_json, to_json

TaskKind = Literal["verify", "export"]
TaskState = Literal["waiting", "running", "done", "failed", "cancelled"]

WAITING_MOST = 8
KEPT_MOST = 100
KEPT = timedelta(days=1)
FILE, RESULTS = "tasks.json", "results"
LOST = "lost in a restart of eas-webd; start it again"
POLL_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClipHeard:
    """The result of decoding one recording again."""

    clip_id: str
    headers: tuple[str, ...]
    ends: bool  # it contains the end of message
    fault: str | None = None  # why it could not be decoded


@dataclass(frozen=True, slots=True)
class Verification:
    """The recordings of an alert, compared with its receptions off the air and by CAP."""

    agrees: bool
    sentence: str
    agreements: tuple[str, ...]  # sentences
    differences: tuple[str, ...]
    clips: tuple[ClipHeard, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished export."""

    alerts: int
    bytes: int
    path: str  # its address
    content_type: str


@dataclass(frozen=True, slots=True)
class Task:
    """One background task."""

    task_id: str
    kind: TaskKind
    subject: str  # the id of an alert; the query of an export
    state: TaskState
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: float = 0.0  # 0 to 1
    verification: Verification | None = None  # the result of verify
    exported: Exported | None = None  # the result of an export
    error: str | None = None  # why it failed

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class TaskList:
    """The content of the file."""

    tasks: tuple[Task, ...] = ()


@dataclass(slots=True)
class TaskProgress:
    """How the work reports progress and learns that it was cancelled."""

    report: Callable[[float], None]
    cancelled: threading.Event = field(default_factory=threading.Event)


Work = Callable[[Task, TaskProgress], Task]  # returns the task with its result


class Tasks:
    """All tasks. Thread-safe."""

    def __init__(
        self, folder: Path, now: Callable[[], datetime], changed: Callable[[], None]
    ) -> None:
        """`changed` is called when a task has ended."""
        self.results = folder / RESULTS
        self._file, self._now, self._changed = folder / FILE, now, changed
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._tasks: dict[str, Task] = {}
        self._work: dict[str, Work] = {}
        self._running: tuple[str, TaskProgress] | None = None
        self._load()

    def add(self, kind: TaskKind, subject: str, work: Work) -> Task | None:
        """Add a task. The same task is not added while it waits or runs. None: too many wait."""
        with self._lock:
            self._forget()
            open_ones = [task for task in self._tasks.values() if not task.is_over]
            for task in open_ones:
                if (task.kind, task.subject) == (kind, subject):
                    return task
            if len(open_ones) >= WAITING_MOST:
                return None
            task = Task(str(uuid.uuid4()), kind, subject, "waiting", self._now())
            self._tasks[task.task_id] = task
            self._work[task.task_id] = work
            self._save()
        self._some.set()
        return task

    def all(self) -> tuple[Task, ...]:
        """Every task, newest first."""
        with self._lock:
            self._forget()
            return tuple(reversed(self._tasks.values()))

    def find(self, task_id: str) -> Task | None:
        """One task; None: there is none, or it ended a day ago."""
        return next((task for task in self.all() if task.task_id == task_id), None)

    def last_of(self, kind: TaskKind, subject: str) -> Task | None:
        """The newest task of this kind and subject."""
        same = (task for task in self.all() if (task.kind, task.subject) == (kind, subject))
        return next(same, None)

    def remove(self, task_id: str) -> Task | None:
        """Cancel a task, or remove one that has ended, with its result."""
        with self._lock:
            task = self._tasks.get(task_id)
            if task is None:
                return None
            if task.is_over:
                self._drop(task)
            elif task.state == "running" and self._running is not None:
                self._running[1].cancelled.set()
            else:
                self._tasks[task_id] = replace(task, state="cancelled", ended_at=self._now())
                self._work.pop(task_id, None)
            self._save()
            return self._tasks.get(task_id, task)

    def run(self, stopping: threading.Event, beat: Callable[[], None]) -> None:
        """Work until told to stop, then cancel the running task."""
        worker: threading.Thread | None = None
        while not stopping.is_set():
            beat()
            if worker is None or not worker.is_alive():
                worker = self._next()
            self._some.wait(POLL_S)
            self._some.clear()
        with self._lock:
            if self._running is not None:
                self._running[1].cancelled.set()
        if worker is not None:
            worker.join(POLL_S)

    def _next(self) -> threading.Thread | None:
        """Start the oldest waiting task."""
        with self._lock:
            waiting = (task for task in self._tasks.values() if task.state == "waiting")
            task = next(waiting, None)
            if task is None:
                return None
            task = replace(task, state="running", started_at=self._now())
            progress = TaskProgress(lambda done: self._report(task.task_id, done))
            work = self._work.pop(task.task_id)
            self._tasks[task.task_id], self._running = task, (task.task_id, progress)
            self._save()
        thread = threading.Thread(target=self._do, args=(task, work, progress), name="task")
        thread.daemon = True
        thread.start()
        return thread

    def _do(self, task: Task, work: Work, progress: TaskProgress) -> None:
        try:
            done = replace(work(task, progress), state="done", progress=1.0)
        except (OutsideError, InputError, OSError) as error:
            done = replace(task, state="failed", error=str(error))
        except Exception:  # the barrier around one task
            log.exception("internal error in a task", extra={"EAS_TASK": task.kind})
            done = replace(task, state="failed", error="internal error; it was logged")
        if progress.cancelled.is_set():
            done = replace(task, state="cancelled")
        with self._lock:
            self._tasks[task.task_id] = replace(done, ended_at=self._now())
            self._running = None
            self._save()
        log.info("%s %s: %s", task.kind, task.subject, done.error or done.state)
        self._some.set()
        self._changed()

    def _report(self, task_id: str, progress: float) -> None:
        with self._lock:
            self._tasks[task_id] = replace(self._tasks[task_id], progress=round(progress, 3))

    def _forget(self) -> None:
        """Remove tasks older than a day, and the oldest of too many."""
        over = [task for task in self._tasks.values() if task.is_over]
        old = self._now() - KEPT
        for number, task in enumerate(reversed(over)):
            if number >= KEPT_MOST or (task.ended_at or task.asked_at) < old:
                self._drop(task)

    def _drop(self, task: Task) -> None:
        self._tasks.pop(task.task_id, None)
        if task.exported is not None:
            (self.results / task.task_id).unlink(missing_ok=True)

    def _save(self) -> None:
        """Replace the file atomically; a full disk stops no task."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".new")
            fresh.write_text(to_json(TaskList(tuple(self._tasks.values()))))
            fresh.replace(self._file)
        except OSError as error:
            log.warning("the list of tasks cannot be written: %s", error)

    def _load(self) -> None:
        try:
            kept = from_json(TaskList, self._file.read_text()).tasks
        except FileNotFoundError:
            return
        except (OSError, FrameError, UnicodeDecodeError) as error:
            log.warning("the list of tasks cannot be read: %s", error)
            return
        for task in kept:
            if not task.is_over:
                task = replace(task, state="failed", error=LOST, ended_at=self._now())
            self._tasks[task.task_id] = task
        self._forget()
        self._save()
