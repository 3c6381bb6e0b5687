"""A scripted feed server on the loopback, and messages made by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Respond = Callable[[BaseHTTPRequestHandler], None]


class Script:
    """What a server answers, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.respond: Respond = lambda request: request.send_error(404)
        self.url = ""
        self.http: ThreadingHTTPServer | None = None

    def serve(self, body: bytes, status: int = 200, **headers: str) -> None:
        """From now on answer with this."""

        def respond(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.respond = respond


@pytest.fixture
def server() -> Iterator[Script]:
    """A server that does what its script says."""
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            script.asked.append((self.path, dict(self.headers.items())))
            self.close_connection = True
            try:
                script.respond(self)
            except OSError:
                pass  # the client went away, as it should

        def log_error(self, *args: object) -> None:
            pass

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        script.http = http
        script.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield script
        http.shutdown()


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """An answer of the API that holds alerts of these names."""

    def make(*names: str, **top: Any) -> bytes:
        features = [
            {
                "type": "Feature",
                "geometry": None,
                "properties": {
                    "id": f"urn:oid:{name}",
                    "sender": "w-nws.webmaster@noaa.gov",
                    "sent": "2026-04-20T11:05:00-04:00",
                    "expires": "2026-04-20T11:45:00-04:00",
                    "status": "Actual",
                    "messageType": "Alert",
                    "event": "Tornado Warning",
                    "geocode": {"SAME": ["039173"]},
                    "eventCode": {"SAME": ["TOR"]},
                },
            }
            for name in names
        ]
        return json.dumps({"type": "FeatureCollection", "features": features, **top}).encode()

    return make
