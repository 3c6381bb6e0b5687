"""The JSON API, /api/v1/. Interfaces other programs rely on: fields are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bottle import HTTPError, HTTPResponse, request

from eas_station import wire
from eas_station.errors import InputError, StoreError
from eas_station.store.alerts.alert_queries import AlertFilter
from eas_station.webd.api import answer_values
from eas_station.webd.api.answers import (
    AlertsSaid,
    AlertWhole,
    CheckSaid,
    CountsSaid,
    DatabaseSaid,
    HealthSaid,
    JobsSaid,
    PlaceSaid,
    ReceiversSaid,
    SourcesSaid,
    StationSaid,
    StatusSaid,
)
from eas_station.webd.api.lists import CURSOR, LIMIT, LIMIT_USUAL
from eas_station.webd.http.fanout import LISTENERS
from eas_station.webd.http.responses import Body, json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live import event_stream
from eas_station.webd.records.cursors import page_of
from eas_station.webd.records.search import Narrowed, filter_of, matches
from eas_station.webd.render.verdict import verdict
from eas_station.webd.site import Site

ALIVE_S = 10.0  # a newsroom silent for longer is not alive


@dataclass(frozen=True, slots=True)
class AlertsAsked(Narrowed):
    """Which warnings."""

    state: Literal["active", "ended", "all"] = "active"
    limit: int = field(default=LIMIT_USUAL, metadata=LIMIT)
    cursor: str | None = field(default=None, metadata=CURSOR)


@dataclass(frozen=True, slots=True)
class EventsAsked:
    """Which live updates."""

    kinds: frozenset[Literal["alert", "reception", "record", "status", "levels", "receivers"]] = (
        frozenset()
    )
    after: str | None = None  # the last event's id, where there is no Last-Event-ID


def healthz(site: Site, call: Call) -> HTTPResponse:
    """This process answers, and its newsroom listens."""
    site.board.picture()
    alive = site.newsroom_silent_s() <= ALIVE_S
    workers = site.workers()
    said = HealthSaid(
        status=workers.state if alive else "fail",
        checks={
            "newsroom": (CheckSaid("pass" if alive else "fail"),),
            "workers": (CheckSaid(workers.state, workers.queued),),
        },
    )
    return HTTPResponse(
        body=wire.to_json(said).encode(),
        status=200 if alive else 503,
        headers={"Content-Type": "application/health+json", "Cache-Control": "no-store"},
    )


@dataclass(frozen=True, slots=True)
class WorkersSaid:
    """How this process serves."""

    state: Literal["pass", "warn"]  # warn: requests wait for a worker
    threads: int
    busy: int
    queued: int
    connections: int
    streams: int  # of live updates
    streams_most: int
    streams_dropped: int  # for being slow, since the start
    newsroom_silent_s: float  # beyond 10 it hangs
    requests: dict[str, int]  # answered since the start, by class of status
    slow_requests: int


def workers(site: Site, call: Call) -> HTTPResponse:
    """The threads that answer, and what they have done."""
    now = site.workers()
    said = WorkersSaid(
        state=now.state,
        threads=now.threads,
        busy=now.busy,
        queued=now.queued,
        connections=now.connections,
        streams=site.fanout.count(),
        streams_most=LISTENERS,
        streams_dropped=site.fanout.dropped(),
        newsroom_silent_s=round(site.newsroom_silent_s(), 3),
        requests=dict(site.counters.by_class),
        slow_requests=site.counters.slow,
    )
    return reply(json_body(said), call.headers, cache="no-store")


def status(site: Site, call: Call) -> HTTPResponse:
    """The station in one answer."""
    version = site.board.picture().version
    body = site.shelf.fetch("status", version, lambda: json_body(status_value(site)))
    return reply(body, call.headers)


def status_value(site: Site) -> StatusSaid:
    """What `/api/v1/status` says."""
    picture = site.board.picture()
    hand = site.presenter.hand(picture)
    station = site.config.station
    health = answer_values.wellbeing(picture)
    area = (PlaceSaid(code, site.names.location_name(code)) for code in station.same_codes)
    return StatusSaid(
        **health,
        verdict=verdict(hand, site.area(), picture, health["state"] == "failed").sentence,
        as_of=picture.as_of,
        station=StationSaid(station.name, station.callsign, tuple(area)),
        clock_trusted=picture.clock_trusted,
        database=DatabaseSaid(
            "online" if picture.record.online else "offline", picture.record.since_at
        ),
        alerts=CountsSaid(
            active=len(picture.active),
            here=len(hand.here),
            elsewhere=len(hand.elsewhere),
            tests=len(hand.tests),
            not_stored=picture.waiting,
        ),
        last_change_id=picture.last_change_id,
        units=tuple(answer_values.unit(unit) for unit in picture.units),
        feeds=answer_values.items(picture, "feed"),
    )


def alerts(site: Site, call: Call) -> HTTPResponse:
    """Warnings, newest first."""
    asked = call.asked(AlertsAsked)
    try:
        narrowed = filter_of(asked, site.places, site.clockface)
    except InputError as error:
        raise HTTPError(400, f"{error}") from error
    try:
        if asked.state == "active":
            return reply(_active(site, asked, narrowed), call.headers)
        return reply(json_body(_recorded(site, asked, narrowed)), call.headers)
    except InputError as error:
        raise HTTPError(400, f"cursor: {error}") from error


def _active(site: Site, asked: AlertsAsked, narrowed: AlertFilter) -> Body:
    """From the board, so that the database being away changes nothing."""
    picture = site.board.picture()

    def make() -> Body:
        found = tuple(entry for entry in picture.active if matches(entry, narrowed))
        shown, next_cursor = page_of(found, asked.limit, asked.cursor)
        return json_body(
            AlertsSaid(tuple(answer_values.alert(entry) for entry in shown), next_cursor)
        )

    if asked == AlertsAsked():
        return site.shelf.fetch("alerts", picture.version, make)
    return make()


def _recorded(site: Site, asked: AlertsAsked, narrowed: AlertFilter) -> AlertsSaid:
    """From the database, and what is not in it yet on top of the first page."""
    leaf = site.library.leaf(asked.limit, asked.cursor, asked.state, narrowed)
    spooled = [
        entry
        for entry in site.board.picture().active
        if not entry.stored and asked.state == "all" and matches(entry, narrowed)
    ]
    known = {entry.alert.alert_id for entry in spooled}
    first = spooled if asked.cursor is None else []
    rest = [entry for entry in leaf.entries if entry.alert.alert_id not in known]
    said = tuple(answer_values.alert(entry) for entry in (*first, *rest))
    return AlertsSaid(said, leaf.next_cursor)


def alert(site: Site, call: Call) -> HTTPResponse:
    """One warning with everything that is known of it."""
    entry = site.find(call.path["alert_id"])
    if entry is None:
        raise HTTPError(404, "There is no alert of this id.")
    alert_id = entry.alert.alert_id
    try:
        library = site.library
        more = (library.history(alert_id), library.clips(alert_id), library.flags(alert_id))
        said = answer_values.whole_alert(entry, *more)
    except StoreError:
        said = answer_values.whole_alert(entry, None, None, None)
    return reply(json_body(said), call.headers)


def sources(site: Site, call: Call) -> HTTPResponse:
    """What audiod listens to, with its levels."""
    picture = site.board.picture()
    listed = tuple(answer_values.source(picture, name, unit) for name, unit in site.source_units())
    return reply(json_body(SourcesSaid(listed)), call.headers)


def receivers(site: Site, call: Call) -> HTTPResponse:
    """The radios, with what they hear on each channel."""
    picture = site.board.picture()
    listed = tuple(
        answer_values.receiver(picture, name, unit) for name, unit in site.receiver_units()
    )
    return reply(json_body(ReceiversSaid(listed)), call.headers)


def jobs(site: Site, call: Call) -> HTTPResponse:
    """The last runs of each job."""
    listed = tuple(answer_values.job(job) for job in site.library.jobs())
    return reply(json_body(JobsSaid(listed)), call.headers)


def events(site: Site, call: Call) -> HTTPResponse:
    """Server-Sent Events; with a Last-Event-ID (or `after`) what was missed comes first."""
    asked = call.asked(EventsAsked)
    after = _change_id(request.get_header("Last-Event-ID") or asked.after)
    listener = site.fanout.join(asked.kinds or event_stream.DEFAULT_KINDS)
    if listener is None:
        raise HTTPError(503, "all places for live updates are taken", **{"Retry-After": "15"})
    try:
        last, replay = site.missed_since(after)
    except BaseException:
        site.fanout.leave(listener)
        raise
    stream = event_stream.EventStream(
        site.fanout,
        listener,
        replay,
        last,
        event_stream.client_gone(request.environ),
        site.now,
        site.monotonic,
    )
    fields = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    # nginx would hold events back in its buffer.
    return HTTPResponse(body=stream, headers=fields | {"X-Accel-Buffering": "no"})


def _change_id(text: str | None) -> int | None:
    """A number that we once sent; anything else is as good as none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


ROUTES = (
    Route(
        *("GET", "/healthz", healthz, "Whether this process answers and hears the daemons."),
        answer=HealthSaid,
        content_type="application/health+json",
        statuses=(200, 503),
    ),
    Route("GET", "/api/v1/workers", workers, "How this process serves.", answer=WorkersSaid),
    Route("GET", "/api/v1/status", status, "The station in one answer.", answer=StatusSaid),
    Route(
        *("GET", "/api/v1/alerts", alerts, "Alerts, newest first."),
        query=AlertsAsked,
        answer=AlertsSaid,
    ),
    Route(
        *("GET", "/api/v1/alerts/<alert_id>", alert, "Everything known of one alert."),
        answer=AlertWhole,
    ),
    Route(
        *("GET", "/api/v1/sources", sources, "What is listened to, with its levels."),
        answer=SourcesSaid,
    ),
    Route(
        *("GET", "/api/v1/receivers", receivers, "The radios, and what they hear."),
        answer=ReceiversSaid,
    ),
    Route("GET", "/api/v1/jobs", jobs, "Every job with its last runs.", answer=JobsSaid),
    Route(
        *("GET", "/api/v1/events", events, "Live updates, as Server-Sent Events."),
        query=EventsAsked,
        content_type="text/event-stream",
    ),
)
