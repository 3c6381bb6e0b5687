"""The application of the present configuration, built again by a reload."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from eas_station.config.model import Config
from eas_station.webd.app import WebServices, build
from eas_station.webd.http.middleware import Environ


class ReloadingApp:
    """The WSGI application that the server calls."""

    def __init__(self, config: Config, services: WebServices) -> None:
        self._services = services
        self._app = build(config, services)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        return self._app(environ, start_response)

    def reload(self, config: Config) -> None:
        """Serve by a new configuration from the next request on."""
        self._app = build(config, self._services)
