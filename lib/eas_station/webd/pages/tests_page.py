"""The page Tests: the weekly and monthly tests expected and received, and deaf intervals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bottle import HTTPResponse

from eas_station.errors import StoreError
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.records import test_record
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.test_record import TestRecord
from eas_station.webd.render.times import TimeFormat
from eas_station.webd.state.snapshot import Snapshot

KEPT_S = 15.0  # sums over weeks are not made for every request


class CachedTestRecord:
    """The last reading of the database, shared by all requests. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: tuple[int, float, TestRecord] | None = None  # version, time read, record

    def read(self, queries: RecordQueries, times: TimeFormat, snapshot: Snapshot) -> TestRecord:
        """At most 15 s old, and never older than the last alert. Raises StoreError."""
        with self._lock:
            if self._kept is not None:
                version, read_mono, record = self._kept
                if version == snapshot.version and self._monotonic() - read_mono < KEPT_S:
                    return record
            record = test_record.read(queries, times, snapshot)
            self._kept = (snapshot.version, self._monotonic(), record)
            return record


@dataclass(frozen=True, slots=True)
class TestsPage:
    """The page Tests."""

    frame: PageFrame
    queries: RecordQueries
    cached: CachedTestRecord

    def routes(self) -> tuple[Route, ...]:
        """The page."""
        return (page_route("/tests", self.page, "Tests, and deaf intervals."),)

    def page(self, call: Call) -> HTTPResponse:
        """Expected tests, deaf intervals, the last tests received."""
        return self.frame.send_shared(call, "tests", self.content)

    def content(self, snapshot: Snapshot) -> dict[str, Any]:
        """The page's own values; `record` is None while the database is not responding."""
        record = None
        if snapshot.record.online or not snapshot.record_read:  # else it is known to be offline
            with suppress(StoreError):
                record = self.cached.read(self.queries, self.frame.times, snapshot)
        return {
            "record": record,
            "overdue": test_record.overdue(snapshot),
            "days_back": test_record.DAYS_SUMMED,
            "most": test_record.INTERVALS_SHOWN,
            "styles": ("channels.css",),
        }
