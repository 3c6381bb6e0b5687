"""The routes, called as the server calls them: what a failing part spoils, and what it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from eas_station.errors import StoreError
from eas_station.webd.http.middleware import Counters, secured
from eas_station.webd.http.proxies import Proxies
from eas_station.webd.live.event_replay import missed_events


class Failing:
    """A queries whose every question fails in the same way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*_args: Any) -> Any:
            raise self._error

        return fail


def test_a_bug_spoils_one_answer_and_is_logged(
    station_with: Any, caplog: pytest.LogCaptureFixture
) -> None:
    station = station_with(Failing(ValueError("index out of range 7")))
    status, fields, body = station.get("/api/v1/jobs")
    assert (status, fields["content-type"]) == (500, "application/problem+json")
    assert "index out of range 7" not in body.decode()
    assert "ValueError: index out of range 7" in caplog.text
    status, _, body = station.get("/log")
    assert status == 500
    assert b"Internal error. It was logged." in body
    assert station.get("/")[0] == 200


def test_an_absent_database_is_told_as_503_where_there_is_no_answer_without_it(
    station_with: Any,
) -> None:
    station = station_with(Failing(StoreError("no route")))
    for path in ("/api/v1/jobs", "/api/v1/alerts?state=all", "/api/v1/alerts/other", "/clips/1"):
        status, fields, _ = station.get(path)
        assert (status, fields["retry-after"]) == (503, "5"), path
    for path in ("/", "/log", "/system", "/listening", "/api/v1/status", "/api/v1/alerts"):
        assert station.get(path)[0] == 200, path
    assert station.get("/api/v1/alerts/alert-1")[0] == 200
    assert b"Tornado Warning" in station.get("/alerts/alert-1")[2]


def test_a_replay_that_is_not_possible_is_told(station_with: Any) -> None:
    station = station_with(Failing(StoreError("no route")))
    missed = partial(missed_events, station.services.queries, station.state)
    last, told = missed(3)
    assert last == 7
    assert [event.kind for event in told] == ["reset"]
    assert missed(7) == (7, [])
    assert missed(None) == (7, [])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "POST"])
def test_what_is_read_cannot_be_written(station_with: Any, method: str) -> None:
    station = station_with(Failing(ValueError()))
    for path in ("/", "/api/v1/alerts", "/clips/1", "/api/v1/events"):
        status, fields, _ = station.get(path, method)
        assert status == 405, path
        assert fields["content-security-policy"].startswith("default-src 'self'")


def test_head_takes_no_place_among_the_listeners(station_with: Any) -> None:
    station = station_with(Failing(ValueError()))
    assert station.get("/api/v1/events", "HEAD")[0] == 200
    assert station.services.process.fanout.count() == 0


@pytest.mark.parametrize("query", ["kinds=all", "kinds=alert,passwords"])
def test_an_unknown_kind_of_event_takes_no_place_either(station_with: Any, query: str) -> None:
    station = station_with(Failing(ValueError()))
    status, _, body = station.get(f"/api/v1/events?{query}")
    assert status == 400
    assert 'must be one of "alert", "reception", "record"' in json.loads(body)["detail"]
    assert station.services.process.fanout.count() == 0


def test_requests_are_counted_by_class_and_slow_ones_logged(
    clocks: Any, visitor_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    counters = Counters()

    def slow(environ: Any, start: Any) -> list[bytes]:
        clocks.move(1.5)
        start("404 Not Found", [])
        return [b""]

    get = visitor_of(secured(slow, counters, lambda: clocks.mono, Proxies())).ask
    _, fields, _ = get("/\nforged line")
    assert fields["x-content-type-options"] == "nosniff"
    assert (counters.by_class["4xx"], counters.slow) == (1, 1)
    assert "slow request: GET '/\\nforged line' took 1.5 s" in caplog.text


def test_the_static_files_are_only_those_of_the_package(station_with: Any) -> None:
    station = station_with(Failing(ValueError()))
    for name, kind in (("page.css", "text/css"), ("page.js", "javascript"), ("icon.svg", "svg")):
        status, fields, body = station.get(f"/static/{name}")
        assert status == 200
        assert kind in fields["content-type"]
        assert body
    for name in ("../app.py", "..", "page.css/..", "%2e%2e", "\0"):
        assert station.get(f"/static/{name}")[0] == 404, name


def test_a_bus_listener_that_hangs_is_no_health(station_with: Any, clocks: Any) -> None:
    station = station_with(None)
    assert station.get("/healthz")[0] == 200
    clocks.move(30)
    status, _, body = station.get("/healthz")
    assert (status, json.loads(body)["status"]) == (503, "fail")
