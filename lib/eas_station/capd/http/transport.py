"""HTTP connections that can be cut from another thread.

A read timeout bounds each receive, never the whole answer, and nothing bounds a TLS handshake that
comes byte by byte. So every socket is remembered, and the thread with the deadline shuts it down.
"""

from __future__ import annotations

import socket
import threading
from ipaddress import IPv6Address, ip_address
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class OpenSockets:
    """The sockets of one request, through duplicates that stay valid while TLS wraps them."""

    def __init__(self, public_only: bool = False) -> None:
        """`public_only`: refuse a connection to a private address, before a byte is sent."""
        self._public_only = public_only
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._cut = False

    def add(self, opened: socket.socket) -> None:
        """Remember a connected socket.

        Raises ConnectionAbortedError after the cut, PermissionError for an address not allowed.
        """
        if self._public_only and not is_public(opened.getpeername()[0]):
            opened.close()
            raise PermissionError("the host has a private address")
        with self._lock:
            if self._cut:
                opened.close()
                raise ConnectionAbortedError("cut")
            self._sockets.append(opened.dup())

    def cut(self) -> None:
        """Shut all of them down: their readers get an end of file at once."""
        with self._lock:
            self._cut = True
            sockets, self._sockets = self._sockets, []
        for remembered in sockets:
            try:
                remembered.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was closed before
            remembered.close()


def is_public(address: str) -> bool:
    """Is an IP address one of the public Internet."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast


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
