"""The page System: is the station well, part by part."""

from __future__ import annotations

from typing import Any

from eas_station import __version__
from eas_station.config.units import CAPD
from eas_station.webd.http.routes import Route
from eas_station.webd.pages.frame import Views, page_route, shelved, station_values
from eas_station.webd.render import system_rows
from eas_station.webd.render.system_rows import Fact
from eas_station.webd.render.times import lasted
from eas_station.webd.render.wellbeing import judge
from eas_station.webd.site import Site
from eas_station.webd.state.snapshot import Snapshot


def routes(views: Views) -> tuple[Route, ...]:
    """The page."""
    return (page_route("/system", shelved(views, "system", values), "How the station is."),)


def values(site: Site, picture: Snapshot) -> dict[str, Any]:
    """What the page has to say."""
    face, record = site.clockface, picture.record
    groups = {unit.name: site.host.cgroup(unit.name) for unit in picture.units}
    return {
        **station_values(site, picture),
        "health": judge(picture),
        "daemons": tuple(
            system_rows.daemon_line(unit, groups[unit.name], picture, face)
            for unit in picture.units
        ),
        "feeds": tuple(
            system_rows.feed_line(feed.name, CAPD, picture, face) for feed in site.config.feeds
        ),
        "record": record,
        "record_since": face.moment(record.since_at, picture.as_of),
        "record_read": picture.record_read,
        "clock": system_rows.clock_fact(picture.clock_trusted, site.clock_reason()),
        "jobs": tuple(system_rows.job_line(job, picture.as_of, face) for job in picture.jobs),
        "other_items": system_rows.other_items(picture, face),
        "machine": system_rows.machine_facts(site.host.machine()),
        "spools": system_rows.spools(picture),
        "facts": page_facts(site, picture),
        "styles": ("system.css",),
    }


def page_facts(site: Site, picture: Snapshot) -> tuple[Fact, ...]:
    """This process about itself."""
    missed, rejected = site.bus_losses()
    workers = site.workers()
    busy = f"{workers.busy} of {workers.threads} busy, {workers.queued} requests wait"
    return (
        Fact("Workers", busy),
        Fact("Connections", str(workers.connections)),
        Fact("Listeners to live updates", str(site.fanout.count())),
        Fact("Bus messages missed", str(missed)),
        Fact("Bus messages refused", str(rejected)),
        Fact("Receptions not in the database yet", str(picture.waiting)),
        Fact("Last change", str(picture.last_change_id)),
        Fact("This page has been up for", lasted(picture.waited_s)),
        Fact("Version", __version__),
    )
