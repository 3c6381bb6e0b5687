"""The web application: all routes, and what happens when one fails."""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bottle import Bottle, HTTPError, HTTPResponse, request, response

from eas_station import wire
from eas_station.errors import StoreError
from eas_station.webd import api, clips, metrics, pages
from eas_station.webd.armor import Wsgi, armored
from eas_station.webd.respond import Body, reply
from eas_station.webd.site import Site

STATIC = Path(__file__).with_name("static")
STATIC_LASTS = "public, max-age=86400"
PROBLEM = "application/problem+json"
RETRY_S = "5"

log = logging.getLogger(__name__)


def build(site: Site) -> Wsgi:
    """The WSGI application of this site."""
    app = Bottle()
    views = pages.Views()
    app.install(_barrier)
    api.mount(app, site)
    pages.mount(app, site, views)
    metrics.mount(app, site)
    app.route("/clips/<clip_id>", "GET", lambda clip_id: clip(site, clip_id))
    static = {path.name: _static_body(path) for path in sorted(STATIC.iterdir())}
    app.route("/static/<name>", "GET", lambda name: static_file(static, name))
    app.default_error_handler = lambda error: _told(error, site, views)
    return armored(app, site.counters, site.monotonic)


def _barrier(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Around every route: a bug or an absent database spoils one answer, nothing else."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except HTTPResponse:
            raise
        except StoreError as error:
            log.debug("a request could not be answered from the database: %s", error)
            why = "The database does not answer. What is in force now is still shown."
            raise HTTPError(503, why, **{"Retry-After": RETRY_S}) from error
        except Exception as error:  # the barrier round one request
            log.exception("a request met a bug", extra={"EAS_PATH": request.path[:200]})
            raise HTTPError(500, "This page met a bug of ours. It has been logged.") from error

    return guarded


def _told(error: HTTPError, site: Site, views: pages.Views) -> bytes:
    """An error: problem+json (RFC 9457) for programs, a page for people."""
    status = HTTPStatus(error.status_code)
    sentence = _sentence(error, status)
    if request.path.startswith("/api/"):
        response.content_type = PROBLEM
        problem = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": sentence,
        }
        return wire.to_json(problem).encode()
    values = pages.frame_values(site, site.board.picture(), "error") | {
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


def static_file(static: dict[str, Body], name: str) -> HTTPResponse:
    """One of the few files that were read at the start: no path from outside reaches the disk."""
    body = static.get(name)
    if body is None:
        raise HTTPError(404, "There is no such file.")
    return reply(body, api.headers(), cache=STATIC_LASTS)


def clip(site: Site, clip_id: str) -> HTTPResponse:
    """A recording, whole or in part."""
    row = site.library.clip(clip_id)
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
    body = clips.Piece(file, begin, end)
    return HTTPResponse(body=body, status=206 if wanted else 200, headers=fields)
