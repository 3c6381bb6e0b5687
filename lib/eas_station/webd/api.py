"""The JSON API, /api/v1/. Interfaces other programs rely on: fields are added, never changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bottle import Bottle, HTTPError, HTTPResponse, request

from eas_station.errors import InputError
from eas_station.webd import events, plain
from eas_station.webd.cards import verdict
from eas_station.webd.cursors import page_of
from eas_station.webd.respond import Body, json_body, reply
from eas_station.webd.site import Site

LIMIT_MOST = 500
LIMIT_USUAL = 100
ALIVE_S = 10.0  # a newsroom silent for longer is not alive


def mount(app: Bottle, site: Site) -> None:
    """Add the API's routes."""
    routes: dict[str, Callable[..., HTTPResponse]] = {
        "/healthz": lambda: healthz(site),
        "/api/v1/status": lambda: status(site),
        "/api/v1/alerts": lambda: alerts(site),
        "/api/v1/alerts/<alert_id>": lambda alert_id: alert(site, alert_id),
        "/api/v1/sources": lambda: sources(site),
        "/api/v1/receivers": lambda: receivers(site),
        "/api/v1/jobs": lambda: jobs(site),
        "/api/v1/events": lambda: event_stream(site),
    }
    for path, route in routes.items():
        app.route(path, "GET", route)


def headers() -> dict[str, str]:
    """The request's headers that decide how a body is sent."""
    return {
        "if-none-match": request.get_header("If-None-Match", ""),
        "accept-encoding": request.get_header("Accept-Encoding", ""),
    }


def healthz(site: Site) -> HTTPResponse:
    """This process answers, and its newsroom listens."""
    site.board.picture()
    alive = site.newsroom_silent_s() <= ALIVE_S
    return HTTPResponse(
        body='{"status":"pass"}' if alive else '{"status":"fail"}',
        status=200 if alive else 503,
        headers={"Content-Type": "application/health+json", "Cache-Control": "no-store"},
    )


def status(site: Site) -> HTTPResponse:
    """The station in one answer."""
    version = site.board.picture().version
    body = site.shelf.fetch("status", version, lambda: json_body(status_value(site)))
    return reply(body, headers())


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


def alerts(site: Site) -> HTTPResponse:
    """Warnings, newest first."""
    state = request.query.get("state", "active")
    limit, cursor = _limit(request.query.get("limit")), request.query.get("cursor") or None
    if state == "active":
        return reply(_active(site, limit, cursor), headers())
    if state == "all":
        return reply(json_body(_all(site, limit, cursor)), headers())
    raise HTTPError(400, "state must be active or all")


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


def alert(site: Site, alert_id: str) -> HTTPResponse:
    """One warning with everything that is known of it."""
    entry = site.find(alert_id)
    if entry is None:
        raise HTTPError(404, "there is no alert of this id")
    return reply(json_body(plain.alert(entry, full=True)), headers())


def sources(site: Site) -> HTTPResponse:
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
    return reply(json_body({"sources": listed}), headers())


def receivers(site: Site) -> HTTPResponse:
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
    return reply(json_body({"receivers": listed}), headers())


def jobs(site: Site) -> HTTPResponse:
    """The last run of each job."""
    listed = [plain.job(job) for job in site.library.jobs()]
    return reply(json_body({"jobs": listed}), headers())


def event_stream(site: Site) -> HTTPResponse:
    """Server-Sent Events; with a Last-Event-ID (or `after`) what was missed comes first."""
    wanted = frozenset(filter(None, request.query.get("kinds", "").split(",")))
    if wanted - events.KINDS:
        raise HTTPError(400, f"kinds must be among {', '.join(sorted(events.KINDS))}")
    after = _change_id(request.get_header("Last-Event-ID") or request.query.get("after"))
    listener = site.fanout.join(wanted or events.DEFAULT_KINDS)
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


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_USUAL
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= LIMIT_MOST):
        raise HTTPError(400, f"limit must be a number from 1 to {LIMIT_MOST}")
    return int(text)


def _change_id(text: str | None) -> int | None:
    """A number that we once sent; anything else is as good as none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
