"""A subscription to a unit of another machine: encrypted, monitored, restricted to its topics."""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import zmq

from eas_station.bus.keys import KeyPair
from eas_station.bus.messages import BusMessage
from eas_station.errors import BusError

HIGH_WATER = 1000
HEARTBEAT_MS = 2000
SILENT_MS = 5000  # a peer that does not answer for so long is gone: noticed within 7 s
RECONNECT_FIRST_MS, RECONNECT_LONGEST_MS = 250, 2000
RETRY_S = 5.0  # after a refused or a missing key, which libzmq does not retry
KEEPALIVE_IDLE_S, KEEPALIVE_EVERY_S, KEEPALIVE_COUNT = 10, 5, 3
WATCHED = (
    zmq.EVENT_CLOSED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
)


@dataclass(frozen=True, slots=True)
class RemoteUnit:
    """Where a unit of another machine publishes, and which topics are accepted from it."""

    address: str  # "tcp://10.0.0.5:5600"
    server_key: str  # its public key, Z85
    topics: tuple[str, ...]  # whole ones, or prefixes that end in a dot
    keys: Callable[[], KeyPair]  # of this machine; raises BusError


def prepare_tcp(socket: zmq.Socket[bytes], address: str) -> None:
    """Prepare the next bind or connect: notice a lost peer, and allow an IPv6 address."""
    socket.setsockopt(zmq.IPV6, int("[" in address))
    socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, SILENT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TTL, SILENT_MS)
    socket.setsockopt(zmq.HANDSHAKE_IVL, SILENT_MS)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, KEEPALIVE_EVERY_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT)


def common_topics(wanted: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """The topics that are both wanted and allowed; one that ends in a dot is a prefix."""
    pairs = [(one, other) for one in wanted for other in allowed]
    narrower = [one if _covers(other, one) else other for one, other in pairs if _meet(one, other)]
    return tuple(dict.fromkeys(narrower))


def matches(topic: str, topics: tuple[str, ...]) -> bool:
    """Whether one of the topics is `topic`, or a prefix of it that ends in a dot."""
    return any(_covers(one, topic) for one in topics)


class RemoteSubscription:
    """A subscription to one unit of another machine, used by the thread of its subscriber.

    No method raises: `fault` is the reason why it is not connected, and it is retried for ever.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        unit: str,
        remote: RemoteUnit,
        wanted: Iterable[str],
        longest_message: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fault: str | None = f"connecting to {remote.address}"
        self.unit = unit
        self._remote = remote
        self._topics = common_topics(wanted, remote.topics)
        self._monotonic = monotonic
        self._lost = f"lost the connection to {remote.address}"
        self._retry_at_s: float | None = None
        self.socket = context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        self.socket.setsockopt(zmq.MAXMSGSIZE, longest_message)
        self.socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_FIRST_MS)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_LONGEST_MS)
        self.socket.setsockopt(zmq.CONNECT_TIMEOUT, SILENT_MS)
        prepare_tcp(self.socket, remote.address)
        for topic in self._topics:
            self.socket.subscribe(topic)
        self._events = self.socket.get_monitor_socket(WATCHED)
        self._connect()

    def accepts(self, message: BusMessage) -> bool:
        """Whether the message is of this unit and of its topics."""
        return message.sender == self.unit and matches(message.topic, self._topics)

    def watch(self) -> None:
        """Process the events of the connection; call it often, or they pile up."""
        while int(self._events.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._note(self._events.recv_multipart(zmq.NOBLOCK))
        if self._retry_at_s is not None and self._monotonic() >= self._retry_at_s:
            self._connect()

    def close(self) -> None:
        """Disconnect."""
        self.socket.disable_monitor()
        self._events.close(linger=0)
        self.socket.close(linger=0)

    def _connect(self) -> None:
        self._retry_at_s = None
        try:
            keys = self._remote.keys()
        except BusError as error:
            self._wait(str(error))
            return
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, self._remote.server_key.encode("ascii"))
        self.socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public.encode("ascii"))
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret.encode("ascii"))
        try:
            self.socket.connect(self._remote.address)
        except zmq.ZMQError as error:
            self._wait(f"cannot connect to {self._remote.address}: {error.strerror}")

    def _wait(self, why: str) -> None:
        self.fault = why
        self._retry_at_s = self._monotonic() + RETRY_S

    def _note(self, parts: list[bytes]) -> None:
        address = self._remote.address
        (event,) = struct.unpack_from("=H", parts[0])
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.fault = None
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            with contextlib.suppress(zmq.ZMQError):  # libzmq may have disconnected already
                self.socket.disconnect(address)
            self._wait(f"{address} refuses our key: add it to allow there (eas-ctl keys)")
        elif event == zmq.EVENT_DISCONNECTED:
            self.fault = self.fault or self._lost
        elif event == zmq.EVENT_CLOSED:
            if self.fault != self._lost:  # keep the reason of one outage
                self.fault = f"cannot reach {address}"
        else:
            self.fault = (
                f"{address} has another key than server_key, or is not a receiver of a station"
            )


def _covers(prefix: str, topic: str) -> bool:
    return prefix == topic or (prefix.endswith(".") and topic.startswith(prefix))


def _meet(one: str, other: str) -> bool:
    return _covers(one, other) or _covers(other, one)
