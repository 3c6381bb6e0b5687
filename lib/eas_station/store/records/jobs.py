"""Runs of periodic jobs, feed polls among them: times and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from eas_station.store.database import cursors
from eas_station.store.database.record_tables import job_runs, job_totals
from eas_station.store.database.statements import upsert

Outcome = Literal["changed", "unchanged", "failed", "missed"]


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job, or all runs of one hour that changed nothing."""

    run_id: str  # UUID
    job: str  # "poll nws", "maintenance"
    due_at: datetime
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    error: str | None = None  # of failed and missed runs: the reason, for the operator
    runs: int = 1  # the number of runs in this row


@dataclass(frozen=True, slots=True)
class JobTotals:
    """The totals of all runs of a job."""

    job: str
    runs: int
    errors: int
    missed: int
    last_run_at: datetime
    last_good_at: datetime | None


def record_run(connection: Connection, run: JobRun) -> None:
    """Store a run; a stored one changes nothing."""
    known = select(job_runs.c.run_id).where(job_runs.c.run_id == run.run_id)
    if connection.execute(known).first() is not None:
        return
    upsert(connection, job_runs, [_row(run)], key=("run_id",))
    _add_to_totals(connection, run)


def record_unchanged(connection: Connection, job: str, at: datetime, runs: int = 1) -> None:
    """Add unchanged runs to the one row of their hour."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    run_id = f"{job} unchanged {hour:%Y-%m-%dT%HZ}"
    known = select(job_runs).where(job_runs.c.run_id == run_id)
    row = connection.execute(known).mappings().first()
    fresh = JobRun(run_id, job, at, at, at, "unchanged", runs=runs)
    upsert(connection, job_runs, [_row(_joined(row, fresh))], key=("run_id",))
    _add_to_totals(connection, fresh)


def last_runs(
    connection: Connection, limit: int = 10, job: str | None = None
) -> dict[str, tuple[JobRun, ...]]:
    """The last runs of each job, or of one, newest first."""
    names = [job] if job is not None else [row.job for row in totals(connection)]
    return {name: _last_of(connection, name, limit) for name in names}


def runs_page(
    connection: Connection, job: str, limit: int, cursor: str | None = None
) -> tuple[tuple[JobRun, ...], str | None]:
    """Runs of one job, newest first, and the cursor after them. Raises FrameError."""
    wanted = select(job_runs).where(job_runs.c.job == job)
    page = cursors.newest_first(wanted, job_runs.c.started_at, job_runs.c.run_id, limit, cursor)
    runs = tuple(JobRun(**row) for row in connection.execute(page).mappings())
    more = len(runs) > limit
    runs = runs[:limit]
    return runs, cursors.to_text(runs[-1].started_at, runs[-1].run_id) if more else None


def totals(connection: Connection) -> tuple[JobTotals, ...]:
    """The totals of every job, by name."""
    rows = connection.execute(select(job_totals).order_by(job_totals.c.job)).mappings()
    return tuple(JobTotals(**row) for row in rows)


def _last_of(connection: Connection, job: str, limit: int) -> tuple[JobRun, ...]:
    wanted = select(job_runs).where(job_runs.c.job == job)
    newest_first = wanted.order_by(job_runs.c.started_at.desc(), job_runs.c.run_id).limit(limit)
    return tuple(JobRun(**row) for row in connection.execute(newest_first).mappings())


def _joined(row: Mapping[Any, Any] | None, run: JobRun) -> JobRun:
    if row is None:
        return run
    before = JobRun(**row)
    return JobRun(
        run.run_id,
        run.job,
        min(before.due_at, run.due_at),
        min(before.started_at, run.started_at),
        max(before.ended_at, run.ended_at),
        "unchanged",
        runs=before.runs + run.runs,
    )


def _add_to_totals(connection: Connection, run: JobRun) -> None:
    wanted = select(job_totals).where(job_totals.c.job == run.job)
    row = connection.execute(wanted).mappings().first()
    before = JobTotals(**row) if row else JobTotals(run.job, 0, 0, 0, run.ended_at, None)
    good = run.outcome in ("changed", "unchanged")
    after = {
        "job": run.job,
        "runs": before.runs + (run.runs if run.outcome != "missed" else 0),
        "errors": before.errors + (run.runs if run.outcome == "failed" else 0),
        "missed": before.missed + (run.runs if run.outcome == "missed" else 0),
        "last_run_at": max(before.last_run_at, run.ended_at),
        "last_good_at": _later(before.last_good_at, run.ended_at if good else None),
    }
    upsert(connection, job_totals, [after], key=("job",))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _row(run: JobRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in JobRun.__slots__}
