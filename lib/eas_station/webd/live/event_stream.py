"""Server-Sent Events: one stream per client, each in a worker of the server.

The id of an event is the number of the change in the database: a client that returns gets exactly
what it missed.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime

from eas_station.alerts.model import Alert, Change
from eas_station.webd.http.client_connection import ClientConnection
from eas_station.webd.http.fanout import Event, EventQueue, Fanout
from eas_station.wire import time_to_text

HEARTBEAT_S = 10.0
POLL_S = 1.0  # how often a quiet stream checks that its client is still there
RETRY_MS = 3000
REPLAYED_MOST = 500  # a client further behind than this loads the page again
UNSENT_MOST_BYTES = 262_144  # a client that leaves this much unread is dropped
DEFAULT_KINDS = frozenset({"alert", "reception", "record", "status"})


def alert_event(change: Change, alert: Alert | None) -> Event:
    """A change of an alert, with what a page needs to announce it."""
    values: dict[str, object] = {
        "change_id": change.change_id,
        "alert_id": change.alert_id,
        "kind": change.kind,
        "at": time_to_text(change.at),
        "why": change.why,
        "event_code": change.event_code,
        "other_id": change.other_id,
    }
    if alert is not None:
        values |= {
            "event_name": alert.event_name,
            "headline": alert.headline,
            "area_text": alert.area_text,
            "is_test": alert.is_test,
            "concerns_us": alert.relevance.relevant,
            "ends_at": None if alert.ends_at is None else time_to_text(alert.ends_at),
        }
    return Event("alert", json.dumps(values), change.change_id)


def frame(event: Event) -> bytes:
    """One event on the wire. JSON has no raw line break, so one data line is enough."""
    number = "" if event.change_id is None else f"id: {event.change_id}\n"
    return f"{number}event: {event.kind}\ndata: {event.data}\n\n".encode()


class EventStream:
    """The body of one event stream.

    An iterator with `close`, not a generator: a generator that was never started does not run its
    `finally`, and its place would be lost.
    """

    def __init__(
        self,
        fanout: Fanout,
        listener: EventQueue,
        replay: list[Event],
        last_change_id: int,
        client: ClientConnection,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._fanout, self._listener = fanout, listener
        self._client, self._now, self._monotonic = client, now, monotonic
        self._last_change_id = last_change_id
        self._sent_mono = monotonic()
        first = f"retry: {RETRY_MS}\nid: {last_change_id}\nevent: hello\ndata: {{}}\n\n"
        self._frames: deque[bytes] = deque([*map(frame, replay), first.encode()])

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next frame; waits for it, at most until the heartbeat is due."""
        if self._frames:
            return self._frames.popleft()
        while not self._listener.closed and not self._has_left():
            due_s = HEARTBEAT_S - (self._monotonic() - self._sent_mono)
            event = self._listener.wait(max(0.01, min(POLL_S, due_s)))
            if event is not None and not self._is_replayed(event):
                self._sent_mono = self._monotonic()
                return frame(event)
            if self._monotonic() - self._sent_mono >= HEARTBEAT_S:
                self._sent_mono = self._monotonic()
                data = json.dumps({"at": time_to_text(self._now())})
                return frame(Event("heartbeat", data))
        raise StopIteration

    def close(self) -> None:
        """The server is done with this client."""
        self._fanout.leave(self._listener)

    def _has_left(self) -> bool:
        return self._client.gone() or self._client.unsent_bytes() > UNSENT_MOST_BYTES

    def _is_replayed(self, event: Event) -> bool:
        return event.change_id is not None and event.change_id <= self._last_change_id
