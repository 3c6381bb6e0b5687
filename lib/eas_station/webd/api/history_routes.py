"""The measures of receivers and sources over time, by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bottle import HTTPError, HTTPResponse

from eas_station.config.model import Config
from eas_station.config.units import receiver_units, source_units
from eas_station.webd.http.responses import json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.records import history
from eas_station.webd.records.history import (
    ChannelHistories,
    ReceiverMeasure,
    SourceMeasure,
    Span,
)
from eas_station.webd.records.queries import RecordQueries

MEASURE, SPAN = {"description": "What is measured."}, {"description": "How far back."}


@dataclass(frozen=True, slots=True)
class ReceiverHistoryQuery:
    """Which chart of a receiver."""

    measure: ReceiverMeasure = field(default="snr_db", metadata=MEASURE)
    span: Span = field(default="24h", metadata=SPAN)


@dataclass(frozen=True, slots=True)
class SourceHistoryQuery:
    """Which chart of a source."""

    measure: SourceMeasure = field(default="margin_db", metadata=MEASURE)
    span: Span = field(default="24h", metadata=SPAN)


@dataclass(frozen=True, slots=True)
class HistoryRoutes:
    """Measures of receivers and sources over time."""

    config: Config
    queries: RecordQueries
    now: Callable[[], datetime]

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route(
                "GET",
                "/api/v1/receivers/<name>/history",
                self.of_receiver,
                query=ReceiverHistoryQuery,
                answer=ChannelHistories,
            ),
            Route(
                "GET",
                "/api/v1/sources/<name>/history",
                self.of_source,
                query=SourceHistoryQuery,
                answer=ChannelHistories,
            ),
        )

    def of_receiver(self, call: Call) -> HTTPResponse:
        """One measure of a receiver's channels over time."""
        if call.path["name"] not in receiver_units(self.config):
            raise HTTPError(404, "There is no receiver of this name.")
        asked = call.query_as(ReceiverHistoryQuery)
        return self._read(call, asked.measure, asked.span)

    def of_source(self, call: Call) -> HTTPResponse:
        """One measure of a source's channels over time."""
        if call.path["name"] not in source_units(self.config):
            raise HTTPError(404, "There is no source of this name.")
        asked = call.query_as(SourceHistoryQuery)
        return self._read(call, asked.measure, asked.span)

    def _read(self, call: Call, measure: str, span: Span) -> HTTPResponse:
        found = history.read(self.queries, self.now(), call.path["name"], measure, span)
        return reply(json_body(found), call.headers)
