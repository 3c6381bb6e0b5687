"""Server-Sent Events: one stream per client, through a worker of the server.

The id of an event is the number of the change in the database, so a client that comes back is
given what it missed, and nothing else.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from eas_station.alerts.model import Alert, Change
from eas_station.webd.http.fanout import Event, EventQueue, Fanout
from eas_station.wire import time_to_text

HEARTBEAT_S = 10.0
LOOK_S = 1.0  # how often a quiet stream looks whether its client is still there
RETRY_MS = 3000
REPLAYED_MOST = 500  # a client further behind than this is told to load the page anew
UNSENT_MOST_BYTES = 262_144  # a client that lets this much pile up is slow
KINDS = frozenset({"alert", "reception", "record", "status", "levels", "receivers"})
DEFAULT_KINDS = frozenset({"alert", "reception", "record", "status"})


def alert_event(change: Change, alert: Alert | None) -> Event:
    """A change of an alert; with what one must know to announce it."""
    said: dict[str, object] = {
        "change_id": change.change_id,
        "alert_id": change.alert_id,
        "kind": change.kind,
        "at": time_to_text(change.at),
        "why": change.why,
        "event_code": change.event_code,
    }
    if alert is not None:
        said |= {
            "event_name": alert.event_name,
            "headline": alert.headline,
            "area_text": alert.area_text,
            "is_test": alert.is_test,
            "concerns_us": alert.relevance.relevant,
            "ends_at": None if alert.ends_at is None else time_to_text(alert.ends_at),
        }
    return Event("alert", json.dumps(said), change.change_id)


def frame(event: Event) -> bytes:
    """One event on the wire. JSON has no raw line break, so one data line is enough."""
    number = "" if event.change_id is None else f"id: {event.change_id}\n"
    return f"{number}event: {event.kind}\ndata: {event.data}\n\n".encode()


class EventStream:
    """The body of one event stream.

    An iterator with `close` rather than a generator: a generator that was never begun does not
    run its `finally`, and its place would be lost.
    """

    def __init__(
        self,
        fanout: Fanout,
        listener: EventQueue,
        replay: list[Event],
        last_change_id: int,
        client_gone: Callable[[], bool],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._fanout, self._listener = fanout, listener
        self._client_gone, self._now, self._monotonic = client_gone, now, monotonic
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
        while not self._listener.gone and not self._client_gone():
            due_s = HEARTBEAT_S - (self._monotonic() - self._sent_mono)
            event = self._listener.wait(max(0.01, min(LOOK_S, due_s)))
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

    def _is_replayed(self, event: Event) -> bool:
        return event.change_id is not None and event.change_id <= self._last_change_id


def client_gone(environ: dict[str, Any]) -> Callable[[], bool]:
    """A question to the server: has this client left, or does it not read what it is sent?

    waitress buffers for a client that does not read; how much is known to the channel whose
    method it puts into the environment.
    """
    disconnected = environ.get("waitress.client_disconnected")
    channel = getattr(disconnected, "__self__", None)

    def gone() -> bool:
        if disconnected is not None and disconnected():
            return True
        unsent = getattr(channel, "total_outbufs_len", 0)
        return isinstance(unsent, int) and unsent > UNSENT_MOST_BYTES

    return gone
