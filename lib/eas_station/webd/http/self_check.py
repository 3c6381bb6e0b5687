"""A request to this server itself, answered by a worker: feeds the watchdog."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable

from eas_station.webd.http.fanout import Fanout
from eas_station.webd.http.server import SELF_REQUEST_TIMEOUT_S, Server

EVERY_S = 5.0
DEADLINE_S = 20.0  # without an answer for so long systemd restarts this process

log = logging.getLogger(__name__)


def responds(server: Server) -> bool:
    """Whether the server answers a request in time."""
    connection = http.client.HTTPConnection("localhost", timeout=SELF_REQUEST_TIMEOUT_S)
    try:
        connection.sock = server.connect()
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException) as error:
        log.debug("the server did not answer its own request: %s", error)
        return False
    finally:
        connection.close()


def run(
    server: Server, fanout: Fanout, stopping: threading.Event, beat: Callable[[], None]
) -> None:
    """Check every five seconds until told to stop; then stop the server."""
    answered = True
    while not stopping.is_set():
        if responds(server):
            beat()
            answered = True
        elif answered:
            answered = False
            log.warning("the server is not answering its own requests")
        stopping.wait(EVERY_S)
    fanout.close()
    server.stop()
