"""`eas-ctl maintenance`: the daily maintenance. Its run is recorded like that of every job.

If a step fails, the others are still done; the run then counts as failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from eas_station.bus.unit_lock import lock_unit
from eas_station.clock import ClockTrust, utc_now
from eas_station.config.model import Config
from eas_station.ctl.console import arguments
from eas_station.ctl.console.open_record import open_for_long_work
from eas_station.ctl.record.backup import CLIPS, FOLDER, back_up
from eas_station.errors import EXIT_FAILED, EXIT_FINE, InputError, OutsideError, StoreError
from eas_station.service import logs
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.records import clip_eviction, jobs
from eas_station.store.records.clips import Clip
from eas_station.store.records.jobs import JobRun
from eas_station.store.spool.spool import Spool
from eas_station.store.upkeep import retention, vacuum
from eas_station.wire import to_json

log = logging.getLogger(__name__)

UNIT = "eas-station-maintenance"
JOB = "maintenance"
DUE_HOUR = 2  # UTC, as in the timer
BACKUPS_KEPT = 7
DAY = timedelta(days=1)

Step = Callable[[], str]


def add_parser(commands: arguments.Commands) -> None:
    """Add `maintenance` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "maintenance",
        description="Run the daily maintenance: roll-up, retention, vacuum and backup. A timer"
        " runs it at 02:00 UTC. Exit status: 0 done, 2 a step failed.",
    )
    arguments.finish(parser, run, json=False)


def run(args: argparse.Namespace) -> int:
    """Do all steps and record the run; only one process at a time."""
    logs.set_up(UNIT, os.environ)
    config = arguments.load_config(args.config)
    with ExitStack() as stack:
        stack.enter_context(lock_unit(config.paths.runtime_dir, UNIT))
        database = stack.enter_context(open_for_long_work(config.database.url, UNIT))
        spool = Spool(config.paths.state_dir / f"{UNIT}.spool")
        stack.callback(spool.close)
        return maintain(config, database, spool, utc_now)


def maintain(config: Config, database: Database, spool: Spool, now: Callable[[], datetime]) -> int:
    """Do all steps and record the run; gives the exit status."""
    started_at = now()
    trusted = ClockTrust(always=config.station.clock == "trusted").trusted()
    faults = [fault for name, step in _steps(config, database, now, trusted) if
              (fault := _do(name, step))]  # fmt: skip
    spool.append("job_run", to_json(_this_run(started_at, now(), faults)))
    try:
        _record_missed(database, spool, started_at)
        Flusher(spool, database, None, now, lambda _: None).run_once()
    except StoreError as error:
        log.warning("the run is not recorded yet: %s", error)
    return EXIT_FAILED if faults else EXIT_FINE


def due_at(started_at: datetime) -> datetime:
    """When a run that started then was due: the last 02:00 UTC."""
    day = started_at.astimezone(UTC)
    due = day.replace(hour=DUE_HOUR, minute=0, second=0, microsecond=0)
    return due if due <= day else due - DAY


def missed_between(last_due_at: datetime, this_due_at: datetime) -> int:
    """The number of runs missing between two: the machine was off."""
    return max(0, round((due_at(this_due_at) - due_at(last_due_at)) / DAY) - 1)


def remove_old_backups(folder: Path, kept: int = BACKUPS_KEPT) -> int:
    """Remove all but the newest daily backups; gives how many were removed."""
    old = sorted(folder.glob("eas-station-*.tar"))[:-kept]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _steps(
    config: Config, database: Database, now: Callable[[], datetime], trusted: bool
) -> list[tuple[str, Step]]:
    steps: list[tuple[str, Step]] = []
    if trusted:
        steps = [
            ("roll-up", partial(_roll_up, database, now)),
            ("retention", partial(_remove_old, database, now)),
            ("clips", partial(_remove_clips, config, database, now)),
        ]
    else:
        log.warning("the clock is not trusted: nothing is removed because of its age")
    return [
        *steps,
        ("vacuum", partial(vacuum.tidy, database)),
        ("backup", partial(_back_up, config, now)),
    ]


def _do(name: str, step: Step) -> str | None:
    """Do one step; gives the reason if it failed."""
    try:
        log.info("%s: %s", name, step())
    except (OutsideError, InputError, OSError) as error:
        log.error("%s failed: %s", name, error)
        return f"{name}: {error}"
    except Exception as error:  # the barrier around one step
        log.exception("internal error in %s", name)
        return f"{name}: {error!r}"
    return None


def _roll_up(database: Database, now: Callable[[], datetime]) -> str:
    with database.write() as connection:
        return f"removed {retention.roll_up(connection, now())} rows"


def _remove_old(database: Database, now: Callable[[], datetime]) -> str:
    with database.write() as connection:
        return f"removed {retention.remove_old(connection, now())}"


def _remove_clips(config: Config, database: Database, now: Callable[[], datetime]) -> str:
    """Delete recordings by age and disk space, except those that an operator keeps."""
    root = config.paths.state_dir / CLIPS
    limits = config.clips
    oldest = now() - timedelta(days=limits.keep_days)

    def is_due(clip: Clip) -> bool:
        free_bytes = clip_eviction.free_bytes(root)
        return clip.started_at < oldest or free_bytes < limits.least_free_mb * 1_000_000

    removed = clip_eviction.make_room(root, database, now, is_due)
    return f"{removed.clips} recordings removed, {removed.bytes / 1e6:.1f} MB"


def _back_up(config: Config, now: Callable[[], datetime]) -> str:
    folder = config.paths.state_dir / FOLDER
    path, manifest = back_up(config, folder, now())
    removed = remove_old_backups(folder)
    rows = sum(manifest.rows.values())
    return f"{path.name}, {rows} rows, {path.stat().st_size / 1e6:.1f} MB; {removed} older removed"


def _this_run(started_at: datetime, ended_at: datetime, faults: list[str]) -> JobRun:
    return JobRun(
        run_id=str(uuid.uuid4()),
        job=JOB,
        due_at=due_at(started_at),
        started_at=started_at,
        ended_at=ended_at,
        outcome="failed" if faults else "changed",
        error="; ".join(faults) or None,
    )


def _record_missed(database: Database, spool: Spool, started_at: datetime) -> None:
    """Record the runs that were missed while the machine was off as one counted row."""
    with database.read() as connection:
        before = jobs.last_runs(connection, 1, JOB).get(JOB, ())
    missed = missed_between(before[0].due_at, started_at) if before else 0
    if missed:
        first = due_at(before[0].due_at) + DAY
        error = f"{missed} runs missed from {first:%Y-%m-%d}: the station was off"
        row = JobRun(str(uuid.uuid4()), JOB, first, started_at, started_at, "missed", error, missed)
        spool.append("job_run", to_json(row))
