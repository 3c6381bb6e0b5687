"""HTTP connections that can be cut from another thread.

A read timeout bounds each receive, never the whole answer, and nothing bounds a TLS handshake that
comes drop by drop. So every socket is remembered, and whoever keeps the deadline shuts it.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class OpenSockets:
    """The sockets of one client, through duplicates that stay valid while TLS wraps them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._cut = False

    def add(self, opened: socket.socket) -> None:
        """Remember a connected socket. Raises ConnectionAbortedError after the cut."""
        with self._lock:
            if self._cut:
                opened.close()
                raise ConnectionAbortedError("given up")
            self._sockets.append(opened.dup())

    def cut(self) -> None:
        """Shut them all down: whoever reads from one gets an end of file at once."""
        with self._lock:
            self._cut = True
            sockets, self._sockets = self._sockets, []
        for remembered in sockets:
            try:
                remembered.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was closed before
            remembered.close()


def adapter(sockets: OpenSockets) -> HTTPAdapter:
    """A requests adapter whose connections are remembered in `sockets`. It never tries twice."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            opened: socket.socket = super()._new_conn()
            sockets.add(opened)
            return opened

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            opened: socket.socket = super()._new_conn()
            sockets.add(opened)
            return opened

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Adapter(HTTPAdapter):
        def init_poolmanager(
            self, connections: int, maxsize: int, block: bool = False, **kwargs: Any
        ) -> None:
            self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    return Adapter(pool_connections=1, pool_maxsize=1, max_retries=0)
