"""Metrics of the station for Prometheus: prefix eas_, base units, _total for counters.

Labels are names from the configuration (unit, feed, source, receiver, channel, name) and words of
fixed lists (state, status, where), never texts that a client can choose. Prometheus itself uses
`job` and `instance`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from bottle import HTTPResponse

from eas_station import __version__
from eas_station.webd.http.fanout import LISTENERS
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live.process_health import ProcessHealth
from eas_station.webd.metrics import signal_metrics
from eas_station.webd.metrics.exposition import CONTENT_TYPE, Family, exposition
from eas_station.webd.records.tasks import Tasks, TaskState
from eas_station.webd.render.station_health import station_health
from eas_station.webd.state.machine import MachineReader
from eas_station.webd.state.snapshot import Snapshot
from eas_station.webd.state.station_state import StationState

STATES = ("fine", "degraded", "failed")
TASK_STATES: tuple[TaskState, ...] = get_args(TaskState)


@dataclass(frozen=True, slots=True)
class MetricsRoutes:
    """Metrics for Prometheus."""

    state: StationState
    machine: MachineReader
    process: ProcessHealth
    tasks: Tasks

    def routes(self) -> tuple[Route, ...]:
        """The route of this module."""
        return (
            Route(
                *("GET", "/metrics", self.metrics, "Metrics for Prometheus."),
                content_type=CONTENT_TYPE,
            ),
        )

    def metrics(self, _call: Call) -> HTTPResponse:
        """Everything that is known now."""
        snapshot = self.state.snapshot()
        families = (
            *_station(snapshot),
            *_alerts(snapshot),
            *_units(self.machine, snapshot),
            *signal_metrics.feeds(snapshot),
            *signal_metrics.sources(snapshot),
            *signal_metrics.receivers(snapshot),
            *_jobs(snapshot),
            *_host(self.machine),
            *_web(self.process, self.tasks),
        )
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return HTTPResponse(body=exposition(families), headers=headers)


def _station(snapshot: Snapshot) -> Iterator[Family]:
    build = Family("eas_build_info", "The version; always 1.")
    build.add(1.0, version=__version__, python=platform.python_version())
    yield build
    health = station_health(snapshot)
    state = Family("eas_station_state", "1 for the state of the station.")
    for one in STATES:
        state.add(float(one == health.state), state=one)
    yield state
    faults = sum(1 for remark in health.remarks if remark.fault)
    yield Family("eas_station_faults", "Faults that need an operator.", faults)
    yield Family("eas_database_up", "Whether the database responds.", snapshot.record.online)
    yield Family("eas_clock_trusted", "Whether the clock is trusted.", snapshot.clock_trusted)
    yield Family("eas_receptions_waiting", "Receptions not in the database yet.", snapshot.waiting)
    volatile = sum(1 for entry in snapshot.active if not entry.durable)
    yield Family("eas_alerts_not_durable", "Alerts in no spool and no database.", volatile)
    if snapshot.record_read:
        last = snapshot.last_change_id
        yield Family("eas_last_change_id", "Number of the last change of an alert.", last)


def _alerts(snapshot: Snapshot) -> Iterator[Family]:
    active = Family("eas_alerts_active", "Alerts in force.")
    counts = dict.fromkeys(((w, t) for w in ("here", "elsewhere") for t in ("false", "true")), 0)
    for entry in snapshot.active:
        where = "here" if entry.alert.relevance.relevant else "elsewhere"
        counts[where, str(entry.alert.is_test).lower()] += 1
    for (where, test), count in counts.items():
        active.add(count, where=where, test=test)
    yield active


def _units(machine: MachineReader, snapshot: Snapshot) -> Iterator[Family]:
    up = Family("eas_unit_up", "Whether the last status of the daemon is fresh.")
    heard_at = Family("eas_unit_last_heard_time_seconds", "When the daemon last sent its status.")
    started = Family("eas_unit_start_time_seconds", "When the daemon started.")
    restarts = Family("eas_unit_restarts_total", "Restarts of the daemon since eas-webd started.")
    degraded = Family("eas_unit_degraded", "Whether the daemon reports a fault.")
    cpu = Family("eas_unit_cpu_seconds_total", "CPU time used, children included.")
    memory = Family("eas_unit_memory_bytes", "Proportional set size of the daemon.")
    most = Family("eas_unit_memory_limit_bytes", "Memory limit of the cgroup.")
    spool = Family("eas_unit_spool_rows", "Rows waiting in the daemon's spool.")
    counts = Family("eas_unit_counts_total", "Counters of the daemon, by name.")
    for unit in snapshot.units:
        name, group = unit.name, machine.cgroup(unit.name)
        up.add(unit.heard is not None and not unit.heard.stale, unit=name)
        most.add(None if group is None else group.memory_most_bytes, unit=name)
        if unit.heard is None:
            continue
        status = unit.heard.value
        heard_at.add(unit.heard.heard_at.timestamp(), unit=name)
        started.add(status.started_at.timestamp(), unit=name)
        restarts.add(unit.restarts, unit=name)
        degraded.add(status.state == "degraded", unit=name)
        cpu.add(status.cpu_s, unit=name)
        memory.add(status.memory_bytes, unit=name)
        spool.add(status.spool_depth, unit=name)
        for what, count in sorted(status.counters.items()):
            counts.add(count, unit=name, name=what)
    yield from (up, heard_at, started, restarts, degraded, cpu, memory, most, spool, counts)


def _jobs(snapshot: Snapshot) -> Iterator[Family]:
    runs = Family("eas_job_runs_total", "Runs of a job; a poll of a feed is one.")
    failed = Family("eas_job_failures_total", "Runs that failed.")
    missed = Family("eas_job_missed_total", "Runs that were due and did not take place.")
    last = Family("eas_job_last_run_time_seconds", "When the job last ran.")
    good = Family("eas_job_last_good_time_seconds", "When the job last succeeded.")
    for job in snapshot.jobs:
        totals, name = job.totals, job.totals.job
        runs.add(totals.runs, name=name)
        failed.add(totals.errors, name=name)
        missed.add(totals.missed, name=name)
        last.add(totals.last_run_at.timestamp(), name=name)
        if totals.last_good_at is not None:
            good.add(totals.last_good_at.timestamp(), name=name)
    yield from (runs, failed, missed, last, good)


def _host(machine: MachineReader) -> Iterator[Family]:
    now = machine.read()
    yield Family("eas_host_state_free_bytes", "Free space for the state.", now.disk_free_bytes)
    yield Family("eas_host_state_size_bytes", "Size of that file system.", now.disk_bytes)
    yield Family("eas_host_temperature_celsius", "The hottest thermal zone.", now.temperature_c)
    yield Family("eas_host_under_voltage", "Whether the voltage is too low.", now.under_voltage)
    yield Family("eas_host_memory_available_bytes", "Available memory.", now.memory_free_bytes)


def _web(process: ProcessHealth, tasks: Tasks) -> Iterator[Family]:
    requests = Family("eas_web_requests_total", "HTTP requests, by class of status.")
    for name, count in process.counters.by_class.items():
        requests.add(count, status=name)
    yield requests
    slow = process.counters.slow
    yield Family("eas_web_slow_requests_total", "Requests that took over a second.", slow)
    workers = process.workers()
    yield Family("eas_web_workers", "Threads that answer requests.", workers.threads)
    yield Family("eas_web_workers_busy", "Threads that answer a request now.", workers.busy)
    yield Family("eas_web_requests_waiting", "Requests waiting for a worker.", workers.queued)
    yield Family("eas_web_connections", "Connections to the page.", workers.connections)
    yield Family("eas_web_listeners", "Clients of live updates.", process.fanout.count())
    yield Family("eas_web_listeners_limit", "The most clients of live updates.", LISTENERS)
    dropped = process.fanout.dropped()
    yield Family("eas_web_listeners_dropped_total", "Clients dropped for being slow.", dropped)
    by_state = Family("eas_web_tasks", "Background tasks of the last day, by state.")
    states = [task.state for task in tasks.all()]
    for state in TASK_STATES:
        by_state.add(states.count(state), state=state)
    yield by_state
    missed, rejected = process.bus_losses()
    yield Family("eas_bus_missed_total", "Bus messages that were lost.", missed)
    yield Family("eas_bus_rejected_total", "Bus messages that could not be parsed.", rejected)
