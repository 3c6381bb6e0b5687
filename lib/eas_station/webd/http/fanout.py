"""One event to many clients: bounded queues, a bounded number of them, slow clients dropped."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

LISTENERS = 64
QUEUE_LENGTH = 256  # events; a client this far behind is dropped and returns with its last id


@dataclass(frozen=True, slots=True)
class Event:
    """One Server-Sent Event."""

    kind: str  # "alert", "reception", "status", "levels"
    data: str  # JSON, one line
    change_id: int | None = None  # the SSE id; None: the client keeps its last one


class EventQueue:
    """One client's queue."""

    def __init__(self, kinds: frozenset[str], length: int) -> None:
        self.kinds = kinds
        self._events: queue.Queue[Event] = queue.Queue(length)
        self._closed = threading.Event()

    def wait(self, timeout_s: float) -> Event | None:
        """The next event; None: timeout."""
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def offer(self, event: Event) -> bool:
        """Queue an event without waiting. False: the queue is full."""
        try:
            self._events.put_nowait(event)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Make the client's thread end."""
        self._closed.set()

    @property
    def closed(self) -> bool:
        """Whether the client was dropped for being slow, or the server is stopping."""
        return self._closed.is_set()


class Fanout:
    """The queues of all clients. Thread-safe; sending never blocks."""

    def __init__(self, listeners: int = LISTENERS, queue_length: int = QUEUE_LENGTH) -> None:
        self._most, self._queue_length = listeners, queue_length
        self._lock = threading.Lock()
        self._listeners: set[EventQueue] = set()
        self._closed = False
        self._dropped = 0

    def join(self, kinds: frozenset[str]) -> EventQueue | None:
        """A new queue for these kinds of events; None: no place is free."""
        with self._lock:
            if self._closed or len(self._listeners) >= self._most:
                return None
            listener = EventQueue(kinds, self._queue_length)
            self._listeners.add(listener)
            return listener

    def leave(self, listener: EventQueue) -> None:
        """Free a place. May be called again."""
        with self._lock:
            self._listeners.discard(listener)

    def send(self, event: Event) -> None:
        """Queue an event for every client that wants its kind; drop those whose queue is full."""
        with self._lock:
            for listener in [one for one in self._listeners if event.kind in one.kinds]:
                if not listener.offer(event):
                    listener.close()
                    self._listeners.discard(listener)
                    self._dropped += 1

    def wanted(self, kind: str) -> bool:
        """Whether a client listens to events of this kind."""
        with self._lock:
            return any(kind in listener.kinds for listener in self._listeners)

    def close(self) -> None:
        """Take no more clients, and make all threads end."""
        with self._lock:
            self._closed = True
            for listener in self._listeners:
                listener.close()
            self._listeners.clear()

    def count(self) -> int:
        """Clients now."""
        with self._lock:
            return len(self._listeners)

    def dropped(self) -> int:
        """Clients dropped for being slow, since the start."""
        with self._lock:
            return self._dropped
