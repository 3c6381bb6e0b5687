"""The web application: all routes, and what happens when one fails."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path

from bottle import Bottle, HTTPError, HTTPResponse, request, response

from eas_station import wire
from eas_station.webd.api import lists, openapi, operator_routes, resources, task_routes
from eas_station.webd.auth.access import too_often
from eas_station.webd.http.middleware import Wsgi, armored
from eas_station.webd.http.proxies import Proxies
from eas_station.webd.http.request import client_address, sent_by_form
from eas_station.webd.http.responses import Body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.metrics import station_metrics
from eas_station.webd.pages import (
    frame,
    listening_page,
    log_page,
    login_page,
    radio_page,
    system_page,
    tests_page,
)
from eas_station.webd.records import clips, history
from eas_station.webd.route_binding import mount
from eas_station.webd.site import Site

STATIC = Path(__file__).with_name("static")
STATIC_LASTS = "public, max-age=86400"
PROBLEM = "application/problem+json"


def routes(views: frame.Views) -> tuple[Route, ...]:
    """Everything there is."""
    static = {path.name: _static_body(path) for path in sorted(STATIC.iterdir())}
    listed = (
        *resources.ROUTES,
        *lists.ROUTES,
        *task_routes.ROUTES,
        *history.ROUTES,
        *frame.routes(views),
        *log_page.routes(views),
        *listening_page.routes(views),
        *radio_page.routes(views),
        *tests_page.routes(views),
        *system_page.routes(views),
        *station_metrics.ROUTES,
        *operator_routes.ROUTES,
        *login_page.routes(views),
        Route(
            *("GET", "/clips/<clip_id>", clip, "A recording, whole or in part."),
            content_type="audio/wav",
            statuses=(200, 206),
        ),
        Route(
            *("GET", "/static/<name>", partial(static_file, static), "A part of the page."),
            content_type="application/octet-stream",
        ),
    )
    return (*listed, openapi.Description(listed).route())


def assemble(site: Site) -> Bottle:
    """Bottle's application of this site."""
    views = frame.Views()
    app = Bottle()
    app.add_hook("before_request", lambda: _not_too_often(site))
    mount(app, site, routes(views))
    app.default_error_handler = lambda error: _told(error, site, views)
    return app


def build(site: Site) -> Wsgi:
    """The WSGI application of this site."""
    proxies = Proxies(site.config.web.trusted_proxies)
    return armored(assemble(site), site.counters, site.monotonic, proxies)


def _not_too_often(site: Site) -> None:
    """Everything counts, whether there is such an address or not; but for the watchdog's pulse."""
    if request.path == "/healthz":
        return
    wait_s = site.access.limits.take("read", client_address(request.environ))
    if wait_s is not None:
        raise too_often(wait_s)


def _told(error: HTTPError, site: Site, views: frame.Views) -> bytes:
    """An error: problem+json (RFC 9457) for programs, a page for people."""
    status = HTTPStatus(error.status_code)
    sentence = _sentence(error, status)
    if request.path.startswith("/api/") and not sent_by_form(request.environ):
        response.content_type = PROBLEM
        problem = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": sentence,
        }
        return wire.to_json(problem).encode()
    values = frame.frame_values(site, site.board.picture(), "error", None) | {
        "title": status.phrase,
        "status": status.value,
        "sentence": sentence,
    }
    response.content_type = "text/html; charset=utf-8"
    return views.render("error", values).plain


def _sentence(error: HTTPError, status: HTTPStatus) -> str:
    """Our own words; the framework's for 404 and 405 would repeat what the client sent."""
    if status is HTTPStatus.NOT_FOUND and str(error.body).startswith("Not found:"):
        return "There is nothing at this address."
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return "This address does not take this method."
    return str(error.body or status.description)


def _static_body(path: Path) -> Body:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Body(f"{kind}; charset=utf-8", path.read_bytes())


def static_file(static: Mapping[str, Body], _site: Site, call: Call) -> HTTPResponse:
    """One of the few files that were read at the start: no path from outside reaches the disk."""
    body = static.get(call.path["name"])
    if body is None:
        raise HTTPError(404, "There is no such file.")
    return reply(body, call.headers, cache=STATIC_LASTS)


def clip(site: Site, call: Call) -> HTTPResponse:
    """A recording, whole or in part."""
    row = site.library.clip(call.path["clip_id"])
    file = None if row is None or row.path is None else clips.open_below(site.clips_dir, row.path)
    if row is None or file is None:
        raise HTTPError(404, "There is no such recording.")
    size = file.seek(0, 2)
    kind = clips.TYPES.get(Path(row.path or "").suffix, "application/octet-stream")
    fields = {
        "Content-Type": kind,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
    }
    try:
        wanted = clips.byte_range(request.get_header("Range", ""), size)
    except ValueError as error:
        file.close()
        extent = {"Content-Range": f"bytes */{size}"}
        raise HTTPError(416, "The recording is shorter.", **extent) from error
    begin, end = wanted or (0, size)
    fields["Content-Length"] = str(end - begin)
    if wanted is not None:
        fields["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    body = clips.FileRange(file, begin, end)
    return HTTPResponse(body=body, status=206 if wanted else 200, headers=fields)
