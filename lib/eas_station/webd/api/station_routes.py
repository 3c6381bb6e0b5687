"""The station, its sources, receivers and jobs by HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from bottle import HTTPResponse

from eas_station.config.model import Config
from eas_station.config.units import receiver_units, source_units
from eas_station.webd.api import answer_values
from eas_station.webd.api.answers import (
    AlertCounts,
    DatabaseAnswer,
    JobsAnswer,
    Place,
    ReceiversAnswer,
    SourcesAnswer,
    StationAnswer,
    StatusAnswer,
)
from eas_station.webd.http.body_cache import BodyCache
from eas_station.webd.http.responses import json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.render.cards import Names, Presenter
from eas_station.webd.render.station_health import station_health
from eas_station.webd.render.verdict import verdict
from eas_station.webd.state.snapshot import Snapshot
from eas_station.webd.state.station_state import StationState


@dataclass(frozen=True, slots=True)
class StationRoutes:
    """The station, its sources, receivers and jobs."""

    config: Config
    state: StationState
    queries: RecordQueries
    cache: BodyCache
    presenter: Presenter
    names: Names

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route("GET", "/api/v1/status", self.status, answer=StatusAnswer),
            Route("GET", "/api/v1/sources", self.sources, answer=SourcesAnswer),
            Route("GET", "/api/v1/receivers", self.receivers, answer=ReceiversAnswer),
            Route("GET", "/api/v1/jobs", self.jobs, answer=JobsAnswer),
        )

    def status(self, call: Call) -> HTTPResponse:
        """The station in one answer."""
        snapshot = self.state.snapshot()

        body = self.cache.fetch(
            "status", snapshot.version, lambda: json_body(self._status(self.state.snapshot()))
        )
        return reply(body, call.headers)

    def sources(self, call: Call) -> HTTPResponse:
        """Every source with its levels."""
        snapshot, units = self.state.snapshot(), source_units(self.config)
        listed = tuple(answer_values.source(snapshot, name, unit) for name, unit in units.items())
        return reply(json_body(SourcesAnswer(listed)), call.headers)

    def receivers(self, call: Call) -> HTTPResponse:
        """Every receiver with the signal of its channels."""
        snapshot, units = self.state.snapshot(), receiver_units(self.config)
        listed = tuple(answer_values.receiver(snapshot, name, unit) for name, unit in units.items())
        return reply(json_body(ReceiversAnswer(listed)), call.headers)

    def jobs(self, call: Call) -> HTTPResponse:
        """Every job with its last runs."""
        listed = tuple(answer_values.job(job) for job in self.queries.jobs())
        return reply(json_body(JobsAnswer(listed)), call.headers)

    def _status(self, snapshot: Snapshot) -> StatusAnswer:
        groups, station = self.presenter.groups(snapshot), self.config.station
        health = station_health(snapshot)
        area = self.presenter.own_area(station.point)
        record = snapshot.record
        return StatusAnswer(
            *(health.state, health.sentence, health.remarks),
            verdict=verdict(groups, area, snapshot, health.state == "failed").sentence,
            as_of=snapshot.as_of,
            station=StationAnswer(
                *(station.name, station.callsign),
                tuple(Place(one, self.names.location_name(one)) for one in station.same_codes),
            ),
            clock_trusted=snapshot.clock_trusted,
            database=DatabaseAnswer("online" if record.online else "offline", record.since_at),
            alerts=AlertCounts(
                active=len(snapshot.active),
                here=len(groups.here),
                elsewhere=len(groups.elsewhere),
                tests=len(groups.tests),
                not_stored=snapshot.waiting,
                left_out=snapshot.left_out,
            ),
            last_change_id=snapshot.last_change_id,
            units=tuple(answer_values.unit(unit) for unit in snapshot.units),
            feeds=answer_values.items(snapshot, "feed"),
        )
