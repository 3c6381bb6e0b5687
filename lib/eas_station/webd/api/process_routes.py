"""Health and workers of this process by HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bottle import HTTPResponse

from eas_station import wire
from eas_station.webd.api.answers import HealthAnswer, HealthCheck
from eas_station.webd.http.fanout import LISTENERS
from eas_station.webd.http.responses import json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live.process_health import ProcessHealth
from eas_station.webd.state.station_state import StationState

ALIVE_S = 10.0  # a bus listener without a turn for longer than this hangs


@dataclass(frozen=True, slots=True)
class WorkersAnswer:
    """How this process serves requests."""

    state: Literal["pass", "warn"]  # warn: requests wait for a worker
    threads: int
    busy: int
    queued: int
    connections: int
    streams: int  # of live updates
    streams_most: int
    streams_dropped: int  # too slow, since the start
    newsroom_silent_s: float  # since the bus listener's last turn; beyond 10 it hangs
    requests: dict[str, int]  # answered since the start, by class of status
    slow_requests: int


@dataclass(frozen=True, slots=True)
class ProcessRoutes:
    """Health and workers of this process."""

    state: StationState
    process: ProcessHealth

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route(
                "GET",
                "/healthz",
                self.health,
                answer=HealthAnswer,
                content_type="application/health+json",
                statuses=(200, 503),
            ),
            Route("GET", "/api/v1/workers", self.workers, answer=WorkersAnswer),
        )

    def health(self, _call: Call) -> HTTPResponse:
        """Whether this process answers and its bus listener works."""
        self.state.snapshot()
        alive = self.process.bus_silent_s() <= ALIVE_S
        workers = self.process.workers()
        answer = HealthAnswer(
            status=workers.state if alive else "fail",
            checks={
                "newsroom": (HealthCheck("pass" if alive else "fail"),),
                "workers": (HealthCheck(workers.state, workers.queued),),
            },
        )
        return HTTPResponse(
            body=wire.to_json(answer).encode(),
            status=200 if alive else 503,
            headers={"Content-Type": "application/health+json", "Cache-Control": "no-store"},
        )

    def workers(self, call: Call) -> HTTPResponse:
        """How this process serves requests."""
        process = self.process
        now = process.workers()
        answer = WorkersAnswer(
            state=now.state,
            threads=now.threads,
            busy=now.busy,
            queued=now.queued,
            connections=now.connections,
            streams=process.fanout.count(),
            streams_most=LISTENERS,
            streams_dropped=process.fanout.dropped(),
            newsroom_silent_s=round(process.bus_silent_s(), 3),
            requests=dict(process.counters.by_class),
            slow_requests=process.counters.slow,
        )
        return reply(json_body(answer), call.headers, cache="no-store")
