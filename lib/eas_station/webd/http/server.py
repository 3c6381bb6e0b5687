"""The HTTP server: waitress, with limits against slow, greedy and too many clients.

Its sockets are passed by systemd or bound here; one worker thread serves one request, an event
stream keeps its worker for as long as it lasts.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.trigger import trigger
from waitress.wasyncore import close_all, dispatcher

from eas_station.errors import SourceError
from eas_station.webd.http.fanout import LISTENERS
from eas_station.webd.http.middleware import Wsgi

WORKERS = 16  # besides those that streams occupy
SOUND_STREAMS = 8  # each occupies a worker, as the event streams do
CONNECTION_LIMIT = 500
CHANNEL_TIMEOUT_S = 20
BODY_MOST_BYTES = 1 << 20
HEADER_MOST_BYTES = 16_384
BACKLOG = 256
FIRST_PASSED_DESCRIPTOR = 3  # sd_listen_fds(3)
WORK_IN_HAND_S = 2.0
SELF_REQUEST_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


def passed_sockets(environ: Mapping[str, str], pid: int) -> tuple[socket.socket, ...]:
    """The listening sockets that systemd opened for this process (sd_listen_fds(3))."""
    if environ.get("LISTEN_PID") != str(pid) or not environ.get("LISTEN_FDS", "").isdigit():
        return ()
    count = int(environ["LISTEN_FDS"])
    numbers = range(FIRST_PASSED_DESCRIPTOR, FIRST_PASSED_DESCRIPTOR + count)
    for number in numbers:
        os.set_inheritable(number, False)
    return tuple(socket.socket(fileno=number) for number in numbers)


def bound_sockets(host: str, port: int) -> tuple[socket.socket, ...]:
    """Listening sockets on every address of `host`; "*" or "" is every address of this machine.

    Raises SourceError, which says what to do, if no address can be bound.
    """
    flags = socket.AI_PASSIVE
    name = None if host in ("", "*") else host
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    except OSError as error:
        raise SourceError(f"the page cannot listen on {host}: {error}; set web.host") from error
    sockets: list[socket.socket] = []
    refusal: OSError | None = None
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            sockets.append(_bound(family, kind, protocol, address, sockets))
        except OSError as error:
            refusal = error
    if not sockets:
        raise SourceError(
            f"the page cannot listen on {host} port {port}: {refusal}; stop the program that uses "
            "it, or change web.port"
        ) from refusal
    return tuple(sockets)


def _bound(
    family: int, kind: int, protocol: int, address: tuple[object, ...], others: list[socket.socket]
) -> socket.socket:
    """One socket. Port 0: the port that the first address got."""
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if others and address[1] == 0:
            address = (address[0], others[0].getsockname()[1], *address[2:])
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


@dataclass(frozen=True, slots=True)
class ServerWorkers:
    """The threads that serve requests; a stream of live updates occupies one."""

    threads: int
    busy: int
    queued: int  # requests that wait for a worker
    connections: int

    @property
    def state(self) -> Literal["pass", "warn"]:
        """Whether a worker is free for the next request."""
        return "warn" if self.queued > 0 and self.busy >= self.threads else "pass"


class Server:
    """Serves an application on given sockets until it is stopped."""

    def __init__(
        self,
        app: Wsgi,
        sockets: tuple[socket.socket, ...],
        streams: int = LISTENERS + SOUND_STREAMS,
        workers: int = WORKERS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        # waitress warns of every request that waits for a worker.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._monotonic = monotonic
        self._map: dict[int, Any] = {}
        self._addresses = tuple((one.family, one.getsockname()) for one in sockets)
        self._server = create_server(
            app,
            map=self._map,
            sockets=list(sockets),
            threads=streams + workers,
            connection_limit=CONNECTION_LIMIT,
            channel_timeout=CHANNEL_TIMEOUT_S,
            cleanup_interval=5,
            asyncore_use_poll=True,
            max_request_body_size=BODY_MOST_BYTES,
            max_request_header_size=HEADER_MOST_BYTES,
            clear_untrusted_proxy_headers=False,  # `proxies` removes them, and knows networks
            channel_request_lookahead=1,  # to notice a client that leaves while it is served
            backlog=BACKLOG,
            ident=None,
        )

    def run(self) -> None:
        """Serve until `stop`. Runs in a thread of its own."""
        self._server.run()

    def workers(self) -> ServerWorkers:
        """The state of its workers."""
        pool = self._server.task_dispatcher
        connections = sum(1 for one in list(self._map.values()) if isinstance(one, HTTPChannel))
        return ServerWorkers(len(pool.threads), pool.active_count, len(pool.queue), connections)

    def urls(self) -> tuple[str, ...]:
        """The addresses of the page."""
        return tuple(_url(family, address) for family, address in self._addresses)

    def connect(self) -> socket.socket:
        """A new connection to this server. Raises OSError."""
        family, address = self._addresses[0]
        client = socket.socket(family, socket.SOCK_STREAM)
        client.settimeout(SELF_REQUEST_TIMEOUT_S)
        try:
            client.connect(_reachable(family, address))
        except OSError:
            client.close()
            raise
        return client

    def stop(self) -> None:
        """Refuse new connections, finish running requests (2 s at most), close everything."""
        self._in_loop(self._close_listeners)
        until_mono = self._monotonic() + WORK_IN_HAND_S
        workers = self._server.task_dispatcher
        while (workers.queue or workers.active_count) and self._monotonic() < until_mono:
            time.sleep(0.02)
        self._in_loop(lambda: close_all(self._map, ignore_all=True))

    def _close_listeners(self) -> None:
        for listener in [one for one in self._map.values() if isinstance(one, BaseWSGIServer)]:
            dispatcher.close(listener)

    def _in_loop(self, work: Callable[[], None]) -> None:
        """Run something in the server's loop, the only thread that may touch its sockets."""
        for one in list(self._map.values()):
            if isinstance(one, trigger):
                with suppress(OSError):  # the loop has ended: no socket is left open
                    one.pull_trigger(work)
                return


def _url(family: int, address: Any) -> str:
    if family == socket.AF_UNIX:
        return f"unix:{address}"
    host, port = address[0], address[1]
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared, not bound)
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _reachable(family: int, address: Any) -> Any:
    """The address by which a client reaches a listening socket."""
    if family == socket.AF_INET and address[0] == "0.0.0.0":  # noqa: S104 (compared, not bound)
        return ("127.0.0.1", address[1])
    if family == socket.AF_INET6 and address[0] == "::":
        return ("::1", *address[1:])
    return address
