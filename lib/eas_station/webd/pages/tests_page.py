"""The page Tests: did the weekly and monthly tests come, and when was a channel deaf."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from typing import Any

from bottle import HTTPResponse

from eas_station.errors import StoreError
from eas_station.webd.http.responses import Body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import Views, cache_of, frame_values, page_route
from eas_station.webd.records import test_record
from eas_station.webd.records.test_record import TestRecord
from eas_station.webd.site import Site
from eas_station.webd.state.snapshot import Snapshot

KEPT_S = 15.0  # sums over weeks need not be made anew for every reader


class LastReading:
    """What the record said last; one request asks it, those that come meanwhile wait for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[int, float, TestRecord] | None = None  # version, read at, what it said

    def of(self, site: Site, picture: Snapshot) -> TestRecord:
        """At most 15 s old, and never older than the last alert. Raises StoreError."""
        with self._lock:
            if self._kept is not None:
                version, read_mono, record = self._kept
                if version == picture.version and site.monotonic() - read_mono < KEPT_S:
                    return record
            record = test_record.read(site, picture)
            self._kept = (picture.version, site.monotonic(), record)
            return record


def routes(views: Views) -> tuple[Route, ...]:
    """The page."""
    handler = partial(tests_page, views, LastReading())
    return (page_route("/tests", handler, "Tests, and deaf intervals."),)


def tests_page(views: Views, reading: LastReading, site: Site, call: Call) -> HTTPResponse:
    """Expected tests, deaf intervals, the last tests received."""
    picture = site.board.picture()

    def make() -> Body:
        framed = frame_values(site, picture, "tests", call.operator)
        return views.render("tests", framed | values(reading, site, picture))

    if call.operator is not None:
        return reply(make(), call.headers, cache=cache_of(call))
    return reply(site.shelf.fetch("page tests", picture.version, make), call.headers)


def values(reading: LastReading, site: Site, picture: Snapshot) -> dict[str, Any]:
    """The page's own values; `record` is None while the database is away."""
    record = None
    if picture.record.online or not picture.record_read:  # else it is known not to answer
        with suppress(StoreError):
            record = reading.of(site, picture)
    return {
        "record": record,
        "overdue_said": test_record.overdue_said(picture),
        "days_back": test_record.DAYS_SUMMED,
        "most": test_record.INTERVALS_SHOWN,
        "styles": ("channels.css",),
    }
