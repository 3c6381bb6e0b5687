"""The web application: which routes exist, what each is given, and how an error is answered."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

from bottle import Bottle, HTTPError, HTTPResponse, request, response

from eas_station import wire
from eas_station.config.model import Config
from eas_station.tables import Tables
from eas_station.webd.api.alert_routes import AlertRoutes
from eas_station.webd.api.clip_routes import ClipRoutes
from eas_station.webd.api.event_routes import EventRoutes
from eas_station.webd.api.history_routes import HistoryRoutes
from eas_station.webd.api.list_routes import ListRoutes
from eas_station.webd.api.openapi import Description
from eas_station.webd.api.operator_routes import OperatorRoutes
from eas_station.webd.api.process_routes import ProcessRoutes
from eas_station.webd.api.station_routes import StationRoutes
from eas_station.webd.api.task_routes import TaskRoutes
from eas_station.webd.auth.access import Access, too_many_requests
from eas_station.webd.auth.login_throttle import LoginThrottle
from eas_station.webd.drawing.station_maps import Maps
from eas_station.webd.http.body_cache import BodyCache
from eas_station.webd.http.deadline import RequestDeadlines
from eas_station.webd.http.middleware import Wsgi, secured
from eas_station.webd.http.proxies import Proxies
from eas_station.webd.http.request import client_address, sent_by_form
from eas_station.webd.http.responses import Body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live.live_audio import LiveAudio
from eas_station.webd.live.process_health import ProcessHealth
from eas_station.webd.metrics.station_metrics import MetricsRoutes
from eas_station.webd.pages.alert_page import AlertPage
from eas_station.webd.pages.frame import PageFrame, Views
from eas_station.webd.pages.listening_page import ListeningPage
from eas_station.webd.pages.log_page import AlertLogPage
from eas_station.webd.pages.login_page import LoginPage
from eas_station.webd.pages.now_page import NowPage
from eas_station.webd.pages.radio_page import RadioPage
from eas_station.webd.pages.system_page import SystemPage
from eas_station.webd.pages.tests_page import CachedTestRecord, TestsPage
from eas_station.webd.records.child_decoder import ChildDecoder
from eas_station.webd.records.operator_actions import OperatorActions
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.search import LogSearch, PlaceSearch
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.render.cards import Presenter
from eas_station.webd.render.times import TimeFormat, zone_of
from eas_station.webd.route_binding import mount
from eas_station.webd.state.machine import MachineReader
from eas_station.webd.state.station_state import StationState

STATIC = Path(__file__).with_name("static")
STATIC_LASTS = "public, max-age=86400"
PROBLEM = "application/problem+json"
CLIPS_FOLDER = "clips"  # below the state folder


@dataclass(frozen=True, slots=True)
class WebServices:
    """What the routes are made of and a reload of the configuration keeps."""

    names: Tables
    places: PlaceSearch
    state: StationState
    queries: RecordQueries
    actions: OperatorActions
    access: Access
    login_throttle: LoginThrottle
    live_audio: LiveAudio
    tasks: Tasks
    decoder: ChildDecoder
    machine: MachineReader
    process: ProcessHealth
    deadlines: RequestDeadlines
    clock_reason: Callable[[], str]  # why the clock is trusted, or not
    now: Callable[[], datetime]
    monotonic: Callable[[], float]


def build(config: Config, services: WebServices) -> Wsgi:
    """The WSGI application of this configuration."""
    proxies = Proxies(config.web.trusted_proxies)
    counters, monotonic = services.process.counters, services.monotonic
    return secured(assemble(config, services), counters, monotonic, proxies)


def assemble(config: Config, services: WebServices) -> Bottle:
    """Bottle's application of this configuration."""
    times = TimeFormat(zone_of(config.station.timezone))
    cache = BodyCache(monotonic=services.monotonic)
    frame = PageFrame(Views(), services.state, cache, times, config.station)
    app = Bottle()
    app.add_hook("before_request", lambda: _limit_rate(services.access))
    routes = _routes(config, services, frame)
    mount(
        *(app, routes, services.access, services.deadlines),
        *(config.web.deadline_s, services.monotonic),
    )
    app.default_error_handler = lambda error: _error_body(error, frame)
    return app


def _routes(config: Config, services: WebServices, frame: PageFrame) -> tuple[Route, ...]:
    """All routes, each module of them with what it needs."""
    state, queries, names = services.state, services.queries, services.names
    now, process, tasks = services.now, services.process, services.tasks
    station, cache = config.station, frame.cache
    presenter = Presenter(names, frame.times, station.same_codes)
    maps = Maps(presenter, station.same_codes, station.point)
    search = LogSearch(services.places, frame.times)
    clips_dir = config.paths.state_dir / CLIPS_FOLDER
    audit_log, tests = services.access.audit_log, CachedTestRecord(services.monotonic)
    modules = (
        ProcessRoutes(state, process),
        StationRoutes(config, state, queries, cache, presenter, names),
        AlertRoutes(state, queries, search, cache),
        EventRoutes(state, queries, process.fanout, now, services.monotonic),
        ListRoutes(queries),
        TaskRoutes(
            *(tasks, queries, search, audit_log, services.decoder, presenter, names, clips_dir)
        ),
        HistoryRoutes(config, queries, now),
        NowPage(frame, config, presenter, maps),
        AlertPage(frame, queries, tasks, presenter, maps),
        AlertLogPage(frame, queries, search, presenter),
        ListeningPage(frame, config, services.live_audio),
        RadioPage(frame, config, queries, now),
        TestsPage(frame, queries, tests),
        SystemPage(frame, config, services.machine, process, services.clock_reason),
        MetricsRoutes(state, services.machine, process, tasks),
        OperatorRoutes(config, state, queries, services.actions),
        LoginPage(frame, services.access, services.login_throttle),
        ClipRoutes(queries, clips_dir),
    )
    listed = (*(route for module in modules for route in module.routes()), _static_route())
    return (*listed, Description(listed).route())


def _limit_rate(access: Access) -> None:
    """Count every request, known address or not, except the self-check. Raises HTTPError 429."""
    if request.path == "/healthz":
        return
    wait_s = access.limits.take("read", client_address(request.environ))
    if wait_s is not None:
        raise too_many_requests(wait_s)


def _error_body(error: HTTPError, frame: PageFrame) -> bytes:
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
    values = frame.values(frame.state.snapshot(), "error", None) | {
        "title": status.phrase,
        "status": status.value,
        "sentence": sentence,
    }
    response.content_type = "text/html; charset=utf-8"
    return frame.views.render("error", values).plain


def _sentence(error: HTTPError, status: HTTPStatus) -> str:
    """Our own text; Bottle's for 404 and 405 would repeat what the client sent."""
    if status is HTTPStatus.NOT_FOUND and str(error.body).startswith("Not found:"):
        return "There is nothing at this address."
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return "This address does not take this method."
    return str(error.body or status.description)


def _static_route() -> Route:
    files = {path.name: _static_body(path) for path in sorted(STATIC.iterdir())}
    return Route(
        *("GET", "/static/<name>", partial(_static_file, files), "A static file of the pages."),
        content_type="application/octet-stream",
    )


def _static_body(path: Path) -> Body:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Body(f"{kind}; charset=utf-8", path.read_bytes())


def _static_file(files: Mapping[str, Body], call: Call) -> HTTPResponse:
    """One of the files that were read at the start: no path from outside reaches the disk."""
    body = files.get(call.path["name"])
    if body is None:
        raise HTTPError(404, "There is no such file.")
    return reply(body, call.headers, cache=STATIC_LASTS)
