"""The page System: the health of every part of the station."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bottle import HTTPResponse

from eas_station import __version__
from eas_station.config.model import Config
from eas_station.config.units import CAPD
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live.process_health import ProcessHealth
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.render import channel_rows, system_rows
from eas_station.webd.render.station_health import station_health
from eas_station.webd.render.system_rows import Fact
from eas_station.webd.render.times import duration
from eas_station.webd.state.machine import MachineReader
from eas_station.webd.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class SystemPage:
    """The page System."""

    frame: PageFrame
    config: Config
    machine: MachineReader
    process: ProcessHealth
    clock_reason: Callable[[], str]  # why the clock is trusted, or not

    def routes(self) -> tuple[Route, ...]:
        """The page."""
        return (page_route("/system", self.page, "Daemons, feeds, database, jobs and machine."),)

    def page(self, call: Call) -> HTTPResponse:
        """Daemons, feeds, database, clock, jobs, machine."""
        return self.frame.send_shared(call, "system", self.content)

    def content(self, snapshot: Snapshot) -> dict[str, Any]:
        """The page's own values."""
        times, record, now = self.frame.times, snapshot.record, snapshot.as_of
        return {
            "desired": snapshot.desired,
            "parts": (
                *channel_rows.source_rows(snapshot, self.config, times),
                *channel_rows.receiver_rows(snapshot, self.config, times),
            ),
            "health": station_health(snapshot),
            "daemons": tuple(
                system_rows.daemon_line(unit, self.machine.cgroup(unit.name), snapshot, times)
                for unit in snapshot.units
            ),
            "feeds": tuple(
                system_rows.feed_line(feed.name, CAPD, snapshot, times)
                for feed in self.config.feeds
            ),
            "record": record,
            "record_since": times.moment(record.since_at, now),
            "record_read": snapshot.record_read,
            "clock": system_rows.clock_fact(snapshot.clock_trusted, self.clock_reason()),
            "jobs": tuple(system_rows.job_line(job, now, times) for job in snapshot.jobs),
            "other_items": system_rows.other_items(snapshot, times),
            "machine": system_rows.machine_facts(self.machine.read()),
            "spools": system_rows.spools(snapshot),
            "facts": _process_facts(self.process, snapshot),
            "styles": ("system.css",),
        }


def _process_facts(process: ProcessHealth, snapshot: Snapshot) -> tuple[Fact, ...]:
    """The web server itself."""
    missed, rejected = process.bus_losses()
    workers = process.workers()
    busy = f"{workers.busy} of {workers.threads} busy, {workers.queued} requests queued"
    return (
        Fact("Workers", busy),
        Fact("Connections", str(workers.connections)),
        Fact("Clients of live updates", str(process.fanout.count())),
        Fact("Bus messages missed", str(missed)),
        Fact("Bus messages rejected", str(rejected)),
        Fact("Receptions not stored yet", str(snapshot.waiting)),
        Fact("Last change number", str(snapshot.last_change_id)),
        Fact("Uptime of eas-webd", duration(snapshot.waited_s)),
        Fact("Version", __version__),
    )
