"""The JSON API, /api/v1/. Interfaces other programs rely on: fields are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bottle import HTTPError, HTTPResponse, request

from eas_station import wire
from eas_station.errors import InputError
from eas_station.webd import events, plain
from eas_station.webd.cards import verdict
from eas_station.webd.cursors import page_of
from eas_station.webd.fanout import LISTENERS
from eas_station.webd.respond import Body, json_body, reply
from eas_station.webd.routes import Call, Route
from eas_station.webd.site import Site

LIMIT_MOST = 500
LIMIT_USUAL = 100
ALIVE_S = 10.0  # a newsroom silent for longer is not alive


@dataclass(frozen=True, slots=True)
class AlertsAsked:
    """Which warnings."""

    state: Literal["active", "all"] = "active"
    limit: int = field(default=LIMIT_USUAL, metadata={"least": 1, "most": LIMIT_MOST})
    cursor: str | None = None  # `next_cursor` of the page before


@dataclass(frozen=True, slots=True)
class EventsAsked:
    """Which live updates."""

    kinds: frozenset[Literal["alert", "reception", "record", "status", "levels"]] = frozenset()
    after: str | None = None  # the last event's id, where there is no Last-Event-ID


def healthz(site: Site, call: Call) -> HTTPResponse:
    """This process answers, and its newsroom listens."""
    site.board.picture()
    alive = site.newsroom_silent_s() <= ALIVE_S
    workers = site.workers()
    said = {
        "status": workers.state if alive else "fail",
        "checks": {
            "newsroom": [{"status": "pass" if alive else "fail"}],
            "workers": [{"status": workers.state, "observedValue": workers.queued}],
        },
    }
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


def status_value(site: Site) -> dict[str, Any]:
    """What `/api/v1/status` says."""
    picture = site.board.picture()
    hand = site.presenter.hand(picture)
    station = site.config.station
    health = plain.wellbeing(picture)
    return {
        **health,
        "verdict": verdict(hand, site.area(), picture, health["state"] == "failed").sentence,
        "as_of": picture.as_of,
        "station": {
            "name": station.name,
            "callsign": station.callsign,
            "area": [
                {"code": code, "name": site.names.location_name(code)}
                for code in station.same_codes
            ],
        },
        "clock_trusted": picture.clock_trusted,
        "database": {
            "state": "online" if picture.record.online else "offline",
            "since_at": picture.record.since_at,
        },
        "alerts": {
            "active": len(picture.active),
            "here": len(hand.here),
            "elsewhere": len(hand.elsewhere),
            "tests": len(hand.tests),
            "not_stored": picture.waiting,
        },
        "last_change_id": picture.last_change_id,
        "units": [plain.unit(unit) for unit in picture.units],
        "feeds": plain.items(picture, "feed"),
    }


def alerts(site: Site, call: Call) -> HTTPResponse:
    """Warnings, newest first."""
    asked = call.asked(AlertsAsked)
    if asked.state == "active":
        return reply(_active(site, asked.limit, asked.cursor), call.headers)
    return reply(json_body(_all(site, asked.limit, asked.cursor)), call.headers)


def _active(site: Site, limit: int, cursor: str | None) -> Body:
    """From the board, so that the database being away changes nothing."""
    picture = site.board.picture()

    def make() -> Body:
        try:
            shown, next_cursor = page_of(picture.active, limit, cursor)
        except InputError as error:
            raise HTTPError(400, f"cursor: {error}") from error
        return json_body(
            {"alerts": [plain.alert(entry) for entry in shown], "next_cursor": next_cursor}
        )

    if cursor is None and limit == LIMIT_USUAL:
        return site.shelf.fetch("alerts", picture.version, make)
    return make()


def _all(site: Site, limit: int, cursor: str | None) -> dict[str, Any]:
    """From the database, and what is not in it yet on top of the first page."""
    try:
        leaf = site.library.leaf(limit, cursor)
    except InputError as error:
        raise HTTPError(400, f"cursor: {error}") from error
    spooled = [entry for entry in site.board.picture().active if not entry.stored]
    known = {entry.alert.alert_id for entry in spooled}
    first = spooled if cursor is None else []
    rest = [entry for entry in leaf.entries if entry.alert.alert_id not in known]
    return {
        "alerts": [plain.alert(entry) for entry in (*first, *rest)],
        "next_cursor": leaf.next_cursor,
    }


def alert(site: Site, call: Call) -> HTTPResponse:
    """One warning with everything that is known of it."""
    entry = site.find(call.path["alert_id"])
    if entry is None:
        raise HTTPError(404, "there is no alert of this id")
    return reply(json_body(plain.alert(entry, full=True)), call.headers)


def sources(site: Site, call: Call) -> HTTPResponse:
    """What audiod listens to, with its levels."""
    picture = site.board.picture()
    listed = [
        plain.item(picture, "source", name, unit)
        | {
            "desired": picture.desired.get(f"source {name}"),
            "channels": [plain.heard(h) for h in picture.levels if h.value.source == name],
            "bursts": [b for b in picture.bursts if b.source == name][:10],
        }
        for name, unit in site.source_units()
    ]
    return reply(json_body({"sources": listed}), call.headers)


def receivers(site: Site, call: Call) -> HTTPResponse:
    """The radios, with what they hear on each channel."""
    picture = site.board.picture()
    listed = []
    for name, unit in site.receiver_units():
        said = plain.item(picture, "receiver", name, unit)
        heard = next((h for h in picture.receivers if h.value.receiver == name), None)
        said |= {"channels": []} if heard is None else plain.heard(heard)
        if heard is not None and heard.stale:
            said["state"] = "not heard"
        listed.append(said | {"desired": picture.desired.get(f"receiver {name}")})
    return reply(json_body({"receivers": listed}), call.headers)


def jobs(site: Site, call: Call) -> HTTPResponse:
    """The last run of each job."""
    listed = [plain.job(job) for job in site.library.jobs()]
    return reply(json_body({"jobs": listed}), call.headers)


def event_stream(site: Site, call: Call) -> HTTPResponse:
    """Server-Sent Events; with a Last-Event-ID (or `after`) what was missed comes first."""
    asked = call.asked(EventsAsked)
    after = _change_id(request.get_header("Last-Event-ID") or asked.after)
    listener = site.fanout.join(asked.kinds or events.DEFAULT_KINDS)
    if listener is None:
        raise HTTPError(503, "all places for live updates are taken", **{"Retry-After": "15"})
    try:
        last, replay = site.missed_since(after)
    except BaseException:
        site.fanout.leave(listener)
        raise
    stream = events.Stream(
        site.fanout,
        listener,
        replay,
        last,
        events.client_gone(request.environ),
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
        content_type="application/health+json",
        statuses=(200, 503),
    ),
    Route("GET", "/api/v1/workers", workers, "How this process serves.", answer=WorkersSaid),
    Route("GET", "/api/v1/status", status, "The station in one answer."),
    Route("GET", "/api/v1/alerts", alerts, "Alerts, newest first.", query=AlertsAsked),
    Route("GET", "/api/v1/alerts/<alert_id>", alert, "Everything known of one alert."),
    Route("GET", "/api/v1/sources", sources, "What is listened to, with its levels."),
    Route("GET", "/api/v1/receivers", receivers, "The radios, and what they hear."),
    Route("GET", "/api/v1/jobs", jobs, "Every job with its last runs."),
    Route(
        *("GET", "/api/v1/events", event_stream, "Live updates, as Server-Sent Events."),
        query=EventsAsked,
        content_type="text/event-stream",
    ),
)
