"""Receives the messages of other units, and notices lost ones."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

import zmq

from eas_station.bus import topics as topic_names
from eas_station.bus.frames import LONGEST_MESSAGE, decode
from eas_station.bus.messages import BusMessage, Status
from eas_station.bus.remote_subscription import RemoteSubscription, RemoteUnit
from eas_station.bus.unit_lock import socket_path
from eas_station.errors import FrameError

log = logging.getLogger(__name__)

HIGH_WATER = 1000
WATCH_MS = 500  # how often the events of connections to other machines are processed
RECONNECT_FIRST_MS = 100
RECONNECT_LONGEST_MS = 1000  # a unit that comes back is heard within a second


class _Sender:
    """What has been received from one process of a unit."""

    def __init__(self, run: str, seen_before: bool) -> None:
        self.run = run
        self.last_seq: dict[str, int] = {}
        self.first_seq: dict[str, int] = {}  # the first one received
        self.repeated_seq: dict[str, int] = {}  # the last repeated one from before the first
        # A topic not received yet starts at 0 only if we were subscribed when the process started.
        self.complete = seen_before


class Subscriber:
    """Receives chosen topics of chosen units. Used by one thread.

    Messages can be lost: a receiver that needs the truth reads the database at the start, whenever
    `missed` reports a gap, and every 60 s.
    """

    def __init__(
        self,
        runtime_dir: Path,
        units: Iterable[str],
        topics: Iterable[str],
        context: zmq.Context[zmq.Socket[bytes]] | None = None,
        remote: Callable[[str], RemoteUnit | None] = lambda unit: None,
    ) -> None:
        """Connect; a unit that does not run yet is received as soon as it does.

        Args:
            topics: whole topics, or prefixes that end in a dot.
            remote: the address of a unit on another machine; None for one on this machine.
        """
        self.rejected = 0  # messages that did not parse
        self._runtime_dir = runtime_dir
        self._remote = remote
        self._wanted = tuple(topics)
        self._prefixes = tuple(topic for topic in self._wanted if topic.endswith("."))
        self._whole = frozenset(topic for topic in self._wanted if not topic.endswith("."))
        self._units: set[str] = set()
        self._remotes: dict[str, RemoteSubscription] = {}  # by unit, of other machines
        self._ready: list[RemoteSubscription | None] = []  # can be read; None: this machine
        self._senders: dict[str, _Sender] = {}
        self._missed: Counter[tuple[str, str]] = Counter()
        self._own_context = context is None
        self._context = context or zmq.Context()
        self.socket = self._context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        self.socket.setsockopt(zmq.MAXMSGSIZE, LONGEST_MESSAGE)
        self.socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_FIRST_MS)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_LONGEST_MS)
        for topic in self._wanted:
            self.socket.subscribe(topic)
        for unit in units:
            self.add_unit(unit)

    def add_unit(self, unit: str) -> None:
        """Receive from `unit` too, unless it is known. Raises BusError."""
        if unit in self._units:
            return
        names = (*self._wanted, topic_names.status(unit))  # a status shows which messages were lost
        remote = self._remote(unit)
        if remote is not None:
            self._remotes[unit] = RemoteSubscription(
                self._context, unit, remote, names, LONGEST_MESSAGE
            )
        else:
            path = socket_path(self._runtime_dir, unit)
            self.socket.subscribe(topic_names.status(unit))
            self.socket.connect(f"ipc://{path}")
        self._units.add(unit)

    def connection_faults(self) -> dict[str, str]:
        """The units of other machines that are not connected, each with the reason."""
        faults = {unit: remote.fault for unit, remote in self._remotes.items()}
        return {unit: fault for unit, fault in faults.items() if fault is not None}

    def receive(self, timeout_s: float) -> BusMessage | None:
        """The next message of a subscribed topic, or None after `timeout_s`; 0 does not wait."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, deadline_s - time.monotonic())
            if not self._ready and not self._wait(left_s):
                return None
            message = self._next()
            if message is not None:
                return message
            if timeout_s > 0 and time.monotonic() >= deadline_s:
                return None  # only messages of other topics came

    def missed(self) -> tuple[tuple[str, str, int], ...]:
        """(sender, topic, count) of the messages lost since the last call."""
        lost = tuple((sender, topic, count) for (sender, topic), count in self._missed.items())
        self._missed.clear()
        return lost

    def close(self) -> None:
        """Disconnect; a second call does nothing."""
        while self._remotes:
            self._remotes.popitem()[1].close()
        self.socket.close(linger=0)
        if self._own_context:
            self._context.term()

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wait(self, timeout_s: float) -> bool:
        """Wait until a socket can be read; False if none can within that time."""
        if not self._remotes:
            if self.socket.poll(round(timeout_s * 1000)):
                self._ready.append(None)
            return bool(self._ready)
        until_s = time.monotonic() + timeout_s
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        for remote in self._remotes.values():
            poller.register(remote.socket, zmq.POLLIN)
        while True:
            for remote in self._remotes.values():
                remote.watch()
            left_s = until_s - time.monotonic()
            ready = {ready for ready, _ in poller.poll(max(0, min(round(left_s * 1000), WATCH_MS)))}
            if self.socket in ready:
                self._ready.append(None)
            self._ready += [remote for remote in self._remotes.values() if remote.socket in ready]
            if self._ready or left_s <= 0:
                return bool(self._ready)

    def _next(self) -> BusMessage | None:
        remote = self._ready.pop()
        parts = (self.socket if remote is None else remote.socket).recv_multipart(zmq.NOBLOCK)
        try:
            message, run = decode(parts)
            if remote is not None and not remote.accepts(message):
                raise FrameError(f"not a topic of {remote.unit}", message.topic)
        except FrameError as error:
            self.rejected += 1
            if self.rejected.bit_count() == 1:  # the 1st, 2nd, 4th, 8th … : no flood in the log
                log.warning("bus message %s dropped: %s: %s", self.rejected, error, error.text)
            return None
        if not self._note(message, run):
            return None
        return message if self._is_wanted(message.topic) else None

    def _is_wanted(self, topic: str) -> bool:
        return topic in self._whole or topic.startswith(self._prefixes)

    def _note(self, message: BusMessage, run: str) -> bool:
        """Follow the numbers; False for a value that is known already."""
        sender = self._senders.get(message.sender)
        if sender is None or sender.run != run:
            sender = _Sender(run, seen_before=sender is not None)
            self._senders[message.sender] = sender
        last = sender.last_seq.get(message.topic)
        if last is None:
            last = 0 if sender.complete else message.seq - 1
        if message.seq <= last:
            return message.repeated and self._is_from_before(message, sender)
        sender.first_seq.setdefault(message.topic, message.seq)
        if self._is_wanted(message.topic):
            self._count_lost(message.sender, message.topic, message.seq - last - 1)
        sender.last_seq[message.topic] = message.seq
        # A repeated status may be older than the last values repeated beside it.
        if isinstance(message.body, Status) and (sender.complete or not message.repeated):
            self._compare(message.sender, sender, message.body)
            sender.complete = True
        return True

    def _is_from_before(self, message: BusMessage, sender: _Sender) -> bool:
        """Whether it is an earlier value, overtaken by one that was just sent."""
        first = sender.first_seq.get(message.topic, 0)
        known = sender.repeated_seq.get(message.topic, 0)
        if not known < message.seq < first:
            return False
        sender.repeated_seq[message.topic] = message.seq
        return True

    def _compare(self, name: str, sender: _Sender, status: Status) -> None:
        """All that the status counts was sent before it: what has not arrived by now is lost."""
        for topic, seq in status.last_seq.items():
            if not self._is_wanted(topic):
                continue
            last = sender.last_seq.get(topic, 0 if sender.complete else seq)
            self._count_lost(name, topic, max(0, seq - last))
            sender.last_seq[topic] = max(seq, last)

    def _count_lost(self, sender: str, topic: str, lost: int) -> None:
        if lost > 0:
            self._missed[(sender, topic)] += lost
