"""One TCP connection to a stream of the NAAD System, encrypted or not."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from eas_station.capd.feed.bounded_call import BoundedCaller
from eas_station.capd.http.transport import OpenSockets
from eas_station.capd.naad.document_splitter import DocumentSplitter
from eas_station.errors import CapError, FeedError

CONNECT_S = 15.0  # name resolution and the TLS handshake included
_BLOCK_BYTES = 64 << 10
_STEP_S = 0.2


class NaadConnection:
    """Gives the documents as they come; used by one thread."""

    def __init__(
        self,
        connected: socket.socket,
        sockets: OpenSockets,
        is_stopping: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            sockets: holds the same connection, to cut it.
        """
        self._socket = connected
        self._sockets = sockets
        self._is_stopping = is_stopping
        self._monotonic = monotonic
        self._splitter = DocumentSplitter()

    @property
    def damaged(self) -> int:
        """How many documents in a row were damaged."""
        return self._splitter.damaged

    def wait(self, longest_s: float) -> list[bytes | CapError]:
        """The next documents, and the damage between them; empty if none comes for so long.

        Raises FeedError when the connection is over.
        """
        until_s = self._monotonic() + longest_s
        while True:
            found = list(self._splitter.feed(self._received()))
            if found or self._is_stopping() or self._monotonic() >= until_s:
                return found

    def close(self) -> None:
        """End the connection."""
        self._sockets.cut()
        self._socket.close()

    def _received(self) -> bytes:
        """The next bytes; empty if none come soon. Raises FeedError."""
        try:
            data = self._socket.recv(_BLOCK_BYTES)
        except TimeoutError:
            return b""
        except OSError as error:
            raise FeedError(f"the connection is lost: {error.strerror or error}") from error
        if not data:
            raise FeedError("the server closed the connection")
        return data


def connect(
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    caller: BoundedCaller,
    is_stopping: Callable[[], bool],
    monotonic: Callable[[], float] = time.monotonic,
) -> NaadConnection:
    """Open a connection. Raises FeedError.

    Args:
        tls: None: not encrypted.
    """
    sockets = OpenSockets()

    def open_socket() -> socket.socket:
        connected = socket.create_connection((host, port), CONNECT_S)
        sockets.add(connected)
        if tls is not None:
            connected = tls.wrap_socket(connected, server_hostname=host)
        connected.settimeout(_STEP_S)
        return connected

    try:
        connected = caller.result(open_socket, sockets.cut, monotonic() + CONNECT_S)
    except OSError as error:
        sockets.cut()
        raise FeedError(f"no connection to {host}:{port}: {error.strerror or error}") from error
    return NaadConnection(connected, sockets, is_stopping, monotonic)


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """How to encrypt. Raises FeedError if the file with the authorities cannot be read."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise FeedError(f"{ca_file} cannot be read: {error.strerror or error}") from error
