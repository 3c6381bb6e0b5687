"""A publisher's second address, on the network, for the machines on a list.

CURVE alone would serve any key: libzmq asks this process by ZAP (ZeroMQ RFC 27) whether a key is
allowed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import zmq
from zmq.utils import z85

from eas_station.bus.keys import KeyPair
from eas_station.bus.remote_subscription import prepare_tcp
from eas_station.errors import BusError

log = logging.getLogger(__name__)

ZAP = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"eas-station"
ZAP_PARTS = 7  # version, request, domain, address, identity, mechanism, the client's key
# Soon after boot the address may not exist yet; after a change it may still be in use.
RETRY_FIRST_S, RETRY_LONGEST_S = 0.05, 5.0
REPORT_S = 0.3  # a fault is reported once the wait for the next attempt is this long

ReportState = Callable[[Literal["running", "reconnecting"], str], None]


@dataclass(frozen=True, slots=True)
class TcpSettings:
    """Where to publish for other machines, and for which."""

    address: str  # "tcp://0.0.0.0:5600"
    keys: KeyPair
    allowed: tuple[str, ...]  # public keys, Z85


class TcpEndpoint:
    """Keeps a publishing socket bound to a TCP address. The caller holds the publisher's lock."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        publishing: zmq.Socket[bytes],
        settings: TcpSettings,
        report: ReportState,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises BusError if this context has another endpoint already."""
        self.refused = 0
        self.address: str | None = None  # where it is bound, with the port that a * became
        self._publishing = publishing
        self._report = report
        self._monotonic = monotonic
        self._retry_at_s = 0.0
        self._take(settings)
        self._zap = context.socket(zmq.REP)
        self._zap.setsockopt(zmq.LINGER, 0)
        try:
            self._zap.bind(ZAP)
        except zmq.ZMQError as error:
            self._zap.close(linger=0)
            raise BusError(
                f"only one socket of a process can be a TCP endpoint: {error}"
            ) from error

    def change(self, settings: TcpSettings) -> None:
        """Take other settings. If only keys are added, connections stay; otherwise all are closed,
        and the machines whose keys are allowed connect again."""
        old = self._settings
        same = (old.address, old.keys) == (settings.address, settings.keys)
        if not (same and set(old.allowed) <= set(settings.allowed)):
            self._unbind()
        self._take(settings)
        if self.address is not None:
            self._report_running()

    def unbind(self) -> None:
        """Close all connections and accept none until `change`."""
        self._unbind()
        self._retry_at_s = float("inf")

    def fileno(self) -> int:
        """Edge-triggered, as of every ZeroMQ socket: when it is readable, call `answer`."""
        return int(self._zap.fileno())

    def bind_if_due(self) -> float | None:
        """Bind unless bound; return the seconds until the next attempt, or None."""
        if self.address is not None:
            return None
        left_s = self._retry_at_s - self._monotonic()
        if left_s > 0:
            return None if left_s == float("inf") else left_s
        publishing, settings = self._publishing, self._settings
        prepare_tcp(publishing, settings.address)
        publishing.setsockopt(zmq.CURVE_SERVER, 1)
        publishing.setsockopt(zmq.CURVE_SECRETKEY, settings.keys.secret.encode("ascii"))
        publishing.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
        publishing.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)  # without an answer nobody is served
        try:
            publishing.bind(settings.address)
        except zmq.ZMQError as error:
            return self._wait(
                f"{settings.address} cannot be bound: {zmq.strerror(error.errno or 0)}"
            )
        self.address = str(publishing.getsockopt_string(zmq.LAST_ENDPOINT))
        self._report_running()
        return None

    def answer(self) -> None:
        """Answer which keys are allowed."""
        while int(self._zap.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            request = self._zap.recv_multipart(zmq.NOBLOCK)
            code = b"200" if self._is_allowed(request) else b"400"
            self._zap.send_multipart([*request[:2], code, b"", b"", b""], zmq.NOBLOCK)

    def close(self) -> None:
        """Stop listening."""
        self._unbind()
        self._zap.close(linger=0)

    def _take(self, settings: TcpSettings) -> None:
        self._settings = settings
        self._allowed = frozenset(z85.decode(key) for key in settings.allowed)
        self._reported: tuple[str, str] | None = None
        self._retry_at_s = 0.0
        self._pause_s = RETRY_FIRST_S

    def _unbind(self) -> None:
        if self.address is not None:
            self._publishing.unbind(self.address)
            self.address = None

    def _is_allowed(self, request: list[bytes]) -> bool:
        if len(request) != ZAP_PARTS or request[5] != b"CURVE":
            return False
        if request[6] in self._allowed:
            return True
        self.refused += 1
        if self.refused.bit_count() == 1:  # the 1st, 2nd, 4th … : no flood in the log
            client, key = request[3].decode("ascii", "replace"), z85.encode(request[6]).decode()
            log.warning(
                "refused connection %s from %s: its key %s is not in allow",
                self.refused,
                client,
                key,
            )
        return False

    def _wait(self, why: str) -> float:
        self._pause_s = min(2 * self._pause_s, RETRY_LONGEST_S)
        self._retry_at_s = self._monotonic() + self._pause_s
        if self._pause_s >= REPORT_S:
            self._report_change("reconnecting", why)
        return self._pause_s

    def _report_running(self) -> None:
        keys = "1 key" if len(self._allowed) == 1 else f"{len(self._allowed)} keys"
        self._report_change("running", f"open to {keys} at {self._settings.address}")

    def _report_change(self, state: Literal["running", "reconnecting"], sentence: str) -> None:
        if self._reported != (state, sentence):
            self._reported = (state, sentence)
            self._report(state, sentence)
