"""What every page has around its content, and how pages are made and sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottle import HTTPResponse, SimpleTemplate

from eas_station import __version__
from eas_station.config.model import StationConfig
from eas_station.webd.http.body_cache import BodyCache
from eas_station.webd.http.operator import Operator
from eas_station.webd.http.responses import HTML, PRIVATE, SHARED, Body, reply
from eas_station.webd.http.routes import Call, Handler, Nothing, Route
from eas_station.webd.render.banners import banners
from eas_station.webd.render.times import TimeFormat
from eas_station.webd.state.snapshot import Snapshot
from eas_station.webd.state.station_state import StationState

VIEWS = Path(__file__).parents[1] / "views"
PAGES = (
    *("now", "log", "listening", "listen", "radio", "tests", "system", "alert", "login", "error"),
)


class Views:
    """The templates, compiled once."""

    def __init__(self, folder: Path = VIEWS) -> None:
        self._templates = {
            name: SimpleTemplate(name=f"{name}.tpl", lookup=[str(folder)]) for name in PAGES
        }

    def render(self, name: str, values: dict[str, Any]) -> Body:
        """One page. Everything that comes out of `values` is escaped."""
        return Body(HTML, self._templates[name].render(**values))


@dataclass(frozen=True, slots=True)
class PageFrame:
    """Makes whole pages from their content, and sends them."""

    views: Views
    state: StationState
    cache: BodyCache
    times: TimeFormat
    station: StationConfig

    def values(self, snapshot: Snapshot, page: str, operator: Operator | None) -> dict[str, Any]:
        """What every page has around its content."""
        return {
            "page": page,
            "title": page.capitalize(),
            "station": self.station.name,
            "version": __version__,
            "as_of": self.times.moment(snapshot.as_of, snapshot.as_of, seconds=True),
            "change_id": snapshot.last_change_id,
            "banners": banners(snapshot, self.times),
            "fresh": page != "error",
            "operator": operator,
        }

    def send(
        self, call: Call, name: str, snapshot: Snapshot, content: dict[str, Any]
    ) -> HTTPResponse:
        """Send one page, made for this request."""
        body = self.views.render(name, self.values(snapshot, name, call.operator) | content)
        return reply(body, call.headers, cache=SHARED if call.operator is None else PRIVATE)

    def send_shared(
        self,
        call: Call,
        name: str,
        content: Callable[[Snapshot], dict[str, Any]],
        variant: str = "",
    ) -> HTTPResponse:
        """Send a page that is the same for all readers, made at most once a second.

        An operator's page has forms of the session in it: it is made for this request.
        """
        snapshot = self.state.snapshot()
        if call.operator is not None:
            return self.send(call, name, snapshot, content(snapshot))

        def make() -> Body:
            return self.views.render(name, self.values(snapshot, name, None) | content(snapshot))

        key = f"page {name} {variant}"
        return reply(self.cache.fetch(key, snapshot.version, make), call.headers)


def page_route(path: str, handler: Handler, summary: str, query: type = Nothing) -> Route:
    """The route of a page."""
    return Route("GET", path, handler, summary, query=query, content_type=HTML)
