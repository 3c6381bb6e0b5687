"""Live updates by HTTP, as Server-Sent Events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bottle import HTTPError, HTTPResponse, request

from eas_station.webd.http.client_connection import ClientConnection
from eas_station.webd.http.fanout import Fanout
from eas_station.webd.http.parameters import Text
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live.event_replay import missed_events
from eas_station.webd.live.event_stream import DEFAULT_KINDS, EventStream
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.state.station_state import StationState


@dataclass(frozen=True, slots=True)
class EventsQuery:
    """Which live updates."""

    kinds: frozenset[Literal["alert", "reception", "record", "status", "levels", "receivers"]] = (
        frozenset()
    )
    after: Text | None = field(
        default=None, metadata={"description": "The last event's id, as in Last-Event-ID."}
    )


@dataclass(frozen=True, slots=True)
class EventRoutes:
    """Live updates."""

    state: StationState
    queries: RecordQueries
    fanout: Fanout
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route(
                "GET",
                "/api/v1/events",
                self.events,
                query=EventsQuery,
                content_type="text/event-stream",
            ),
        )

    def events(self, call: Call) -> HTTPResponse:
        """Live updates, as Server-Sent Events. After a Last-Event-ID missed events come first."""
        asked = call.query_as(EventsQuery)
        after = _change_id(request.get_header("Last-Event-ID") or asked.after)
        listener = self.fanout.join(asked.kinds or DEFAULT_KINDS)
        if listener is None:
            why = "All places for live updates are taken."
            raise HTTPError(503, why, **{"Retry-After": "15"})
        try:
            last, replay = missed_events(self.queries, self.state, after)
        except BaseException:
            self.fanout.leave(listener)
            raise
        client = ClientConnection(request.environ)
        stream = EventStream(self.fanout, listener, replay, last, client, self.now, self.monotonic)
        fields = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        # nginx would hold events back in its buffer.
        return HTTPResponse(body=stream, headers=fields | {"X-Accel-Buffering": "no"})


def _change_id(text: str | None) -> int | None:
    """The number of a change; anything else counts as none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
