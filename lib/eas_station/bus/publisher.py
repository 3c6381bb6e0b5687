"""The one socket on which a process publishes."""

from __future__ import annotations

import logging
import os
import select
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import setproctitle
import zmq

from eas_station.bus import topics
from eas_station.bus.frames import FrameHeader, encode
from eas_station.bus.messages import Body
from eas_station.bus.subscriptions import Subscriptions
from eas_station.bus.tcp_endpoint import ReportState, TcpEndpoint, TcpSettings
from eas_station.bus.unit_lock import make_directory, socket_path
from eas_station.clock import utc_now
from eas_station.errors import BusError

log = logging.getLogger(__name__)

HIGH_WATER = 1000  # messages waiting for one subscriber; later ones are dropped for it alone
MOST_KEPT = 200  # receptions that a late subscriber is sent: each may be a separate warning
LONGEST_SUBSCRIPTION = 1024  # bytes a subscriber may send
SOCKET_MODE = 0o660
WAKE = b"\0"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value that is repeated to late subscribers."""

    seq: int
    sent_at: datetime
    body: Body


class Publisher:
    """Publishes for one unit; every method may be called from any thread. Sends never block.

    A late subscriber is sent the last value of each topic it subscribes to, with its old number
    and marked as repeated; others recognize it by the number. Of reception.new it is sent the last
    200: while the database does not respond there is no other way to learn of them.

    Work that is for subscribers only is skipped without one: `if publisher.wanted(topic): ...`.
    """

    def __init__(
        self,
        unit: str,
        runtime_dir: Path,
        now: Callable[[], datetime] = utc_now,
        context: zmq.Context[zmq.Socket[bytes]] | None = None,
    ) -> None:
        """Bind. Raises BusError if the path is unusable. Take the lock of the unit first."""
        self.unit = unit
        self.run = uuid.uuid4().hex[:12]
        self._now = now
        self._lock = threading.Lock()
        self._seq: dict[str, int] = {}
        self._kept: dict[str, deque[_Kept]] = {}
        self._subscriptions = Subscriptions()
        self._endpoint: TcpEndpoint | None = None
        self._dropped = 0
        self._closed = False
        self._own_context = context is None
        self._context = context or zmq.Context()
        self._path = socket_path(runtime_dir, unit)
        make_directory(runtime_dir)
        self._socket = self._bind()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="bus", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Messages that at least one slow subscriber did not get."""
        return self._dropped

    def wanted(self, topic: str) -> bool:
        """Whether `topic` has a subscriber; a lookup in a set, from any thread.

        True a few milliseconds after a subscriber to the whole topic, or to a prefix of it that
        ends in a dot, has connected; False again after the last one has unsubscribed, closed or
        ended. A message that is not published takes no number, so the next subscriber sees no
        gap. Only for what is not kept (audio): of all else a late subscriber is sent the last
        value.
        """
        return self._subscriptions.include(topic)

    def publish(
        self, topic: str, body: Body, samples: bytes | None = None, keep_last: bool = True
    ) -> int:
        """Send to all subscribers; return the number of the message within its topic, from 1.

        Audio is never kept for late subscribers. After `close` messages are numbered and lost.
        """
        with self._lock:
            seq = self._seq.get(topic, 0) + 1
            sent_at = self._now()
            parts = encode(topic, FrameHeader(self.unit, self.run, seq, sent_at), body, samples)
            self._seq[topic] = seq
            if keep_last and samples is None:
                self._keep(topic, _Kept(seq, sent_at, body))
            if not self._closed:
                self._send(parts)
                self._drain_subscriptions()
        return seq

    def open_tcp(self, settings: TcpSettings, report: ReportState) -> None:
        """Publish for other machines too; a second call changes the settings.

        An address that cannot be bound does not affect this machine: it is retried, and `report`
        is called from the thread of the bus. Raises BusError if the context has another endpoint.
        """
        with self._lock:
            if self._endpoint is None:
                self._endpoint = TcpEndpoint(self._context, self._socket, settings, report)
            else:
                self._endpoint.change(settings)
        os.write(self._wake_write, WAKE)

    def close_tcp(self) -> None:
        """Publish for this machine only."""
        with self._lock:
            if self._endpoint is not None:
                self._endpoint.unbind()

    def last_seq(self) -> dict[str, int]:
        """The last number of each topic. The status carries it: a lost message is noticed."""
        with self._lock:
            return dict(self._seq)

    def close(self) -> None:
        """Unbind and remove the socket's path; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        os.write(self._wake_write, WAKE)
        self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)
        if self._endpoint is not None:
            self._endpoint.close()
        self._socket.close(linger=0)
        if self._own_context:
            self._context.term()
        self._path.unlink(missing_ok=True)

    def _bind(self) -> zmq.Socket[bytes]:
        publishing = self._context.socket(zmq.XPUB)
        publishing.setsockopt(zmq.LINGER, 0)
        publishing.setsockopt(zmq.SNDHWM, HIGH_WATER)
        publishing.setsockopt(zmq.MAXMSGSIZE, LONGEST_SUBSCRIPTION)
        publishing.setsockopt(zmq.XPUB_VERBOSE, 1)  # reports a second subscriber to a topic too
        publishing.setsockopt(zmq.XPUB_NODROP, 1)  # a full queue is reported, then dropped by us
        try:
            publishing.bind(f"ipc://{self._path}")
            self._path.chmod(SOCKET_MODE)
        except (zmq.ZMQError, OSError) as error:
            publishing.close(linger=0)
            raise BusError(f"{self._path} cannot be bound: {error.strerror}") from error
        return publishing

    def _keep(self, topic: str, value: _Kept) -> None:
        kept = self._kept.get(topic)
        if kept is None:
            most = MOST_KEPT if topic == topics.RECEPTION_NEW else 1
            kept = self._kept[topic] = deque(maxlen=most)
        kept.append(value)

    def _send(self, parts: list[bytes]) -> None:
        try:
            self._socket.send_multipart(parts, flags=zmq.NOBLOCK)
        except zmq.Again:
            self._dropped += 1
            self._socket.setsockopt(zmq.XPUB_NODROP, 0)  # the others get it all the same
            self._socket.send_multipart(parts, flags=zmq.NOBLOCK)
            self._socket.setsockopt(zmq.XPUB_NODROP, 1)

    def _drain_subscriptions(self) -> None:
        """Repeat kept values to new subscribers. The socket's descriptor is edge-triggered: after
        every use of the socket, under the same lock, nothing may be left to read."""
        while int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            prefix = self._subscriptions.note(self._socket.recv(zmq.NOBLOCK))
            if prefix is not None:
                self._repeat(prefix)

    def _repeat(self, prefix: str) -> None:
        for topic, values in self._kept.items():
            for kept in values if topic.startswith(prefix) else ():
                header = FrameHeader(self.unit, self.run, kept.seq, kept.sent_at, repeated=True)
                self._send(encode(topic, header, kept.body, None))

    def _serve(self) -> None:
        setproctitle.setthreadtitle("bus")
        descriptor = int(self._socket.fileno())
        while not self._closed:
            descriptors, retry_s = [descriptor, self._wake_read], None
            with self._lock:
                if self._endpoint is not None:
                    descriptors.append(self._endpoint.fileno())
                    self._endpoint.answer()
                    retry_s = self._endpoint.bind_if_due()
                self._drain_subscriptions()
            if self._wake_read in select.select(descriptors, [], [], retry_s)[0]:
                os.read(self._wake_read, len(WAKE))
