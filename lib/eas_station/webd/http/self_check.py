"""The watchdog's food: a request to ourselves, answered through a worker like any other."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable

from eas_station.webd.http.fanout import Fanout
from eas_station.webd.http.server import SELF_REQUEST_TIMEOUT_S, Server

EVERY_S = 5.0
DEADLINE_S = 20.0  # without an answer for so long this process is not worth keeping

log = logging.getLogger(__name__)


def answers(server: Server) -> bool:
    """Does the server answer a stranger's request in time?"""
    connection = http.client.HTTPConnection("localhost", timeout=SELF_REQUEST_TIMEOUT_S)
    try:
        connection.sock = server.door()
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException) as error:
        log.debug("no answer to a request to ourselves: %s", error)
        return False
    finally:
        connection.close()


def run(
    server: Server, fanout: Fanout, stopping: threading.Event, beat: Callable[[], None]
) -> None:
    """Ask every five seconds until told to stop; then close the server down."""
    answered = True
    while not stopping.is_set():
        if answers(server):
            beat()
            answered = True
        elif answered:
            answered = False
            log.warning("the server does not answer a request to itself")
        stopping.wait(EVERY_S)
    fanout.close()
    server.stop()
