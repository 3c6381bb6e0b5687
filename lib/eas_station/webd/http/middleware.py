"""Security headers, client address, counters and the slow-request log, for every request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from eas_station.webd.http.proxies import Proxies
from eas_station.webd.http.request import ADDRESS, SECURE

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

SLOW_REQUEST_S = 1.0
# Everything from this server only: no script, style or frame from elsewhere, none inline.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

log = logging.getLogger(__name__)


class Counters:
    """Requests answered, by class of status. Increments may race: they are for charts."""

    def __init__(self) -> None:
        self.by_class = {"2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0}
        self.slow = 0

    def count(self, status: str) -> None:
        """Count one response by its status line."""
        name = f"{status[:1]}xx"
        if name in self.by_class:
            self.by_class[name] += 1


def secured(
    app: Wsgi, counters: Counters, monotonic: Callable[[], float], proxies: Proxies
) -> Wsgi:
    """The application, with security headers on every response, counted and timed.

    A middleware, because Bottle drops what its hooks set when a route raises an HTTPResponse.
    """

    def wrapped(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        began_mono = monotonic()
        client = proxies.client(environ)
        environ[ADDRESS], environ[SECURE] = client.address, client.secure

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            counters.count(status)
            return start_response(status, [*headers, *HEADERS], exc_info)

        answer = app(environ, start)
        took_s = monotonic() - began_mono
        if took_s > SLOW_REQUEST_S:
            counters.slow += 1
            log.warning(
                "slow request: %s %s took %.1f s",
                environ.get("REQUEST_METHOD"),
                repr(environ.get("PATH_INFO"))[:200],
                took_s,
            )
        return answer

    return wrapped
