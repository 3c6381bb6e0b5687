"""The connection to the client of a stream, as waitress shows it in the environment."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


class ClientConnection:
    """One client. Under another server, a client that never leaves and reads everything."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._disconnected = environ.get("waitress.client_disconnected")
        # The method belongs to the channel, which knows its buffers.
        self._channel = getattr(self._disconnected, "__self__", None)

    def gone(self) -> bool:
        """Whether the client has left."""
        return self._disconnected is not None and bool(self._disconnected())

    def unsent_bytes(self) -> int:
        """What waits in the server's buffer: a client that does not read lets it grow."""
        unsent = getattr(self._channel, "total_outbufs_len", 0)
        return unsent if isinstance(unsent, int) else 0

    def limit_system_buffer(self, size_bytes: int) -> None:
        """Limit what the system buffers for the client."""
        with suppress(AttributeError, OSError):  # another server, or the client has just left
            self._channel.socket.setsockopt(  # type: ignore[union-attr]
                socket.SOL_SOCKET, socket.SO_SNDBUF, size_bytes
            )
