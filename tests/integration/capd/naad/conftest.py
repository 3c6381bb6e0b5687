"""A stream server on the loopback that sends what a test says, and documents made by hand."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

PATIENCE_S = 40.0
ALERT = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{}</identifier>
<sender>cap-pac@canada.ca</sender><sent>{}</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><code>profile:CAP-CP:0.4</code><info><language>en-CA</language>
<category>Met</category><event>tornado</event><urgency>Immediate</urgency>
<severity>Extreme</severity><certainty>Observed</certainty><expires>2099-01-01T00:00:00-00:00</expires>
<headline>tornado warning</headline><area><areaDesc>Ottawa</areaDesc>
<geocode><valueName>profile:CAP-CP:Location:0.3</valueName><value>3506008</value></geocode></area>
</info></alert>"""
HEARTBEAT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{}</identifier>
<sender>NAADS-Heartbeat</sender><sent>2026-04-20T15:06:00-00:00</sent><status>System</status>
<msgType>Alert</msgType><scope>Public</scope><references>{}</references></alert>"""
SENT = "2026-04-20T15:05:00-00:00"


@pytest.fixture
def alert() -> Callable[..., bytes]:
    """An alert of Environment Canada."""

    def make(identifier: str, sent: str = SENT) -> bytes:
        return ALERT.format(identifier, sent).encode()

    return make


@pytest.fixture
def heartbeat() -> Callable[..., bytes]:
    """A heartbeat that lists alerts, each by its identifier, and its time if it is another one."""

    def make(*listed: str | tuple[str, str], number: int = 1) -> bytes:
        named = [(one, SENT) if isinstance(one, str) else one for one in listed]
        references = " ".join(f"cap-pac@canada.ca,{name},{sent}" for name, sent in named)
        return HEARTBEAT.format(f"HB-{number}", references).encode()

    return make


class StreamServer:
    """Takes connections, and sends the same to all of them."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.tls: ssl.SSLContext | None = None
        self.greeting = b""  # sent to each new connection
        self.connected = 0  # so far
        self._changed = threading.Condition()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            taken.settimeout(PATIENCE_S)
            if self.tls is not None:
                try:
                    taken = self.tls.wrap_socket(taken, server_side=True)
                except OSError:
                    continue
            with self._changed:
                try:
                    taken.sendall(self.greeting)
                except OSError:
                    continue
                self._open.append(taken)
                self.connected += 1
                self._changed.notify_all()

    def await_connections(self, count: int) -> None:
        """Wait until so many have come, in all."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.connected >= count, PATIENCE_S)

    def send(self, data: bytes) -> None:
        """Send to all that are connected."""
        with self._changed:
            for one in self._open:
                one.sendall(data)

    def flood(self, block: bytes) -> None:
        """Send a block for ever, until the others go away."""

        def run() -> None:
            try:
                while True:
                    self.send(block)
            except OSError:
                pass

        threading.Thread(target=run, daemon=True).start()

    def drop(self) -> None:
        """Close all connections."""
        with self._changed:
            while self._open:
                self._open.pop().close()

    def close(self) -> None:
        if self._listening.fileno() >= 0:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
        self.drop()


@pytest.fixture
def stream() -> Iterator[StreamServer]:
    server = StreamServer()
    yield server
    server.close()
