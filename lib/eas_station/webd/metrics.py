"""Prometheus text: names with the prefix eas_, base units, _total for what only grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bottle import HTTPResponse

from eas_station.webd.armor import Counters
from eas_station.webd.picture import Picture
from eas_station.webd.routes import Call, Route
from eas_station.webd.site import Site
from eas_station.webd.wellbeing import judge, parts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples."""

    name: str
    kind: str  # gauge, counter
    help: str
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)


def metrics(site: Site, call: Call) -> HTTPResponse:
    """The station in figures."""
    text = exposition(
        [
            *_station(site.board.picture()),
            *_units(site.board.picture()),
            *_signals(site.board.picture()),
            *_web(site.fanout.count(), site.fanout.dropped(), site.counters, site.bus_losses()),
        ]
    )
    return HTTPResponse(
        body=text.encode(), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
    )


def exposition(families: Iterable[Family]) -> str:
    """The families as text; one without samples is left out."""
    lines = []
    for family in families:
        if not family.samples:
            continue
        lines.append(f"# HELP {family.name} {family.help}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines += [
            f"{family.name}{_labels(labels)} {value:.15g}" for labels, value in family.samples
        ]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _station(picture: Picture) -> Iterator[Family]:
    counts = {("here", "false"): 0, ("here", "true"): 0, ("elsewhere", "false"): 0}
    for entry in picture.active:
        where = "here" if entry.alert.relevance.relevant else "elsewhere"
        key = (where, str(entry.alert.is_test).lower())
        counts[key] = counts.get(key, 0) + 1
    active = Family("eas_alerts_active", "gauge", "Alerts in force.")
    for (where, test), count in counts.items():
        active.samples.append(({"where": where, "test": test}, count))
    yield active
    health = judge(picture).state
    state = Family("eas_station_state", "gauge", "1 for the state the station is in.")
    state.samples.extend(
        ({"state": one}, float(one == health)) for one in ("fine", "degraded", "failed")
    )
    yield state
    for name, text, value in (
        ("eas_database_up", "Whether the database answers.", picture.record.online),
        ("eas_clock_trusted", "Whether the clock is trusted.", picture.clock_trusted),
        ("eas_receptions_waiting", "Receptions not in the database yet.", picture.waiting),
        ("eas_last_change_id", "Number of the last change of an alert.", picture.last_change_id),
    ):
        yield Family(name, "gauge", text, [({}, float(value))])


def _units(picture: Picture) -> Iterator[Family]:
    up = Family("eas_unit_up", "gauge", "Whether a daemon has been heard lately.")
    cpu = Family("eas_unit_cpu_seconds_total", "counter", "CPU time used, children included.")
    memory = Family("eas_unit_memory_bytes", "gauge", "Proportional set size.")
    started = Family("eas_unit_start_time_seconds", "gauge", "When the daemon started.")
    heard_at = Family("eas_unit_last_heard_time_seconds", "gauge", "When it was last heard.")
    spool = Family("eas_unit_spool_rows", "gauge", "Rows waiting in the daemon's spool.")
    counters = Family("eas_unit_counts_total", "counter", "What the daemon counts, by name.")
    for unit in picture.units:
        label = {"unit": unit.name}
        up.samples.append((label, float(unit.heard is not None and not unit.heard.stale)))
        if unit.heard is None:
            continue
        status = unit.heard.value
        cpu.samples.append((label, status.cpu_s))
        memory.samples.append((label, status.memory_bytes))
        started.samples.append((label, status.started_at.timestamp()))
        heard_at.samples.append((label, unit.heard.heard_at.timestamp()))
        if status.spool_depth is not None:
            spool.samples.append((label, status.spool_depth))
        for name, count in sorted(status.counters.items()):
            counters.samples.append(({**label, "name": name}, count))
    yield from (up, cpu, memory, started, heard_at, spool, counters)


def _signals(picture: Picture) -> Iterator[Family]:
    for kind in ("feed", "source"):
        up = Family(f"eas_{kind}_up", "gauge", f"Whether the {kind} is running.")
        good = Family(
            f"eas_{kind}_last_good_time_seconds", "gauge", f"When the {kind} last delivered."
        )
        for part in parts(picture, kind):
            label = {kind: part.item.name}
            up.samples.append((label, float(part.works)))
            if part.item.last_good_at is not None:
                good.samples.append((label, part.item.last_good_at.timestamp()))
        yield from (up, good)
    snr = Family("eas_receiver_snr_db", "gauge", "Signal to noise of a channel.")
    lost = Family("eas_receiver_lost_samples_total", "counter", "IQ samples lost.")
    running = Family("eas_receiver_up", "gauge", "Whether the receiver is running.")
    for heard in picture.receivers:
        label = {"receiver": heard.value.receiver}
        running.samples.append((label, float(heard.value.state == "running" and not heard.stale)))
        lost.samples.append((label, heard.value.lost_samples))
        if not heard.stale:
            snr.samples.extend(
                ({**label, "channel": one.channel}, one.snr_db) for one in heard.value.channels
            )
    level = Family("eas_source_level_dbfs", "gauge", "RMS level of a channel.")
    level.samples.extend(
        ({"source": one.value.source, "channel": one.value.channel}, one.value.rms_dbfs)
        for one in picture.levels
        if not one.stale
    )
    yield from (running, lost, snr, level)


def _web(
    listeners: int, dropped: int, counters: Counters, losses: tuple[int, int]
) -> Iterator[Family]:
    requests = Family("eas_web_requests_total", "counter", "HTTP requests, by class of status.")
    requests.samples.extend(({"status": k}, v) for k, v in counters.by_class.items())
    yield requests
    yield Family("eas_web_listeners", "gauge", "Clients on live updates.", [({}, listeners)])
    for name, text, value in (
        ("eas_web_listeners_dropped_total", "Clients dropped for being slow.", dropped),
        ("eas_web_slow_requests_total", "Requests that took over a second.", counters.slow),
        ("eas_bus_missed_total", "Bus messages that did not arrive.", losses[0]),
        ("eas_bus_rejected_total", "Bus messages that did not parse.", losses[1]),
    ):
        yield Family(name, "counter", text, [({}, value)])


ROUTES = (Route("GET", "/metrics", metrics, "Figures for Prometheus.", content_type=CONTENT_TYPE),)
