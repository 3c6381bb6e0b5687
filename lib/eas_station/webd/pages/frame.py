"""The pages for people, complete as the server sends them; the script only keeps them fresh."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bottle import HTTPError, HTTPResponse, SimpleTemplate

from eas_station import __version__
from eas_station.errors import StoreError
from eas_station.store.alerts.flags import AlertFlags
from eas_station.webd.http.operator import Operator
from eas_station.webd.http.responses import HTML, PRIVATE, SHARED, Body, reply
from eas_station.webd.http.routes import Call, Handler, Nothing, Route
from eas_station.webd.pages import alert_detail
from eas_station.webd.render import channel_rows, unit_rows
from eas_station.webd.render.banners import banners
from eas_station.webd.render.verdict import verdict
from eas_station.webd.render.wellbeing import judge
from eas_station.webd.site import Site
from eas_station.webd.state.snapshot import Snapshot

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
        """One page. Whatever comes out of `values` is escaped."""
        return Body(HTML, self._templates[name].render(**values))


def routes(views: Views) -> tuple[Route, ...]:
    """The pages."""
    return (
        page_route("/", shelved(views, "now", now_values), "What is in force, and how we know."),
        page_route(
            "/alerts/<alert_id>", partial(alert_page, views), "Everything known of one alert."
        ),
    )


def page_route(path: str, handler: Handler, summary: str, query: type = Nothing) -> Route:
    """The route of a page."""
    return Route("GET", path, handler, summary, query=query, content_type=HTML)


def shelved(views: Views, name: str, values: Callable[[Site, Snapshot], dict[str, Any]]) -> Handler:
    """A page that is the same for every reader, made at most once a second."""

    def handler(site: Site, call: Call) -> HTTPResponse:
        picture = site.board.picture()

        def make() -> Body:
            framed = frame_values(site, picture, name, call.operator)
            return views.render(name, framed | values(site, picture))

        if call.operator is not None:
            return reply(make(), call.headers, cache=PRIVATE)
        return reply(site.shelf.fetch(f"page {name}", picture.version, make), call.headers)

    return handler


def frame_values(
    site: Site, picture: Snapshot, page: str, operator: Operator | None
) -> dict[str, Any]:
    """What every page has round its content."""
    return {
        "page": page,
        "title": {"now": "Now"}.get(page, page.capitalize()),
        "station": site.config.station.name,
        "version": __version__,
        "as_of": site.clockface.moment(picture.as_of, picture.as_of, seconds=True),
        "change_id": picture.last_change_id,
        "banners": banners(picture, site.clockface),
        "fresh": page != "error",
        "operator": operator,
    }


def now_values(site: Site, picture: Snapshot) -> dict[str, Any]:
    """The page Now."""
    hand = site.presenter.hand(picture, site.maps.is_near)
    health = judge(picture)
    said = verdict(hand, site.area(), picture, health.state == "failed")
    title = f"({len(hand.here)}) {hand.here[0].title}" if hand.here else said.grade.word
    if not site.config.station.same_codes and site.config.station.point is None:
        hint = "No area is configured: every alert concerns this station."
    else:
        hint = ""
    return {
        "title": title,
        "verdict": said,
        "verdict_hint": hint,
        "hand": hand,
        "health": health,
        "map": site.maps.of_station(picture, sure=picture.record_read and health.state != "failed"),
        "chime": picture.chime,
        "scripts": ("map.js", "signal.js"),
        **station_values(site, picture),
    }


def station_values(site: Site, picture: Snapshot) -> dict[str, Any]:
    """Sources, receivers, feeds and daemons in rows."""
    face = site.clockface
    return {
        "desired": picture.desired,
        "sources": channel_rows.source_panels(picture, site.config, face),
        "receivers": channel_rows.receiver_panels(picture, site.config, face),
        "feeds": tuple(
            unit_rows.part_row(picture, "feed", feed.name, "eas-capd", face)
            for feed in site.config.feeds
        ),
        "daemons": tuple(unit_rows.unit_row(unit, picture, face) for unit in picture.units),
    }


def alert_page(views: Views, site: Site, call: Call) -> HTTPResponse:
    """One warning: what it says, who heard it and how well, why it is here, the raw texts."""
    entry = site.find(call.path["alert_id"])
    if entry is None:
        raise HTTPError(404, "There is no alert of this id.")
    picture = site.board.picture()
    card = site.presenter.card(entry, picture.as_of)
    flags = _flags(site, entry.alert.alert_id)
    at = flags.acknowledged_at
    values = frame_values(site, picture, "alert", call.operator) | {
        "title": card.title,
        "card": card,
        "map": site.maps.of_alert(entry, picture.as_of),
        "scripts": ("map.js", "clip.js"),
        "flags": flags,
        "acknowledged": None if at is None else site.clockface.moment(at, picture.as_of),
        "detail": alert_detail.of(entry, site, picture.as_of),
        "verified": site.tasks.last_of("verify", entry.alert.alert_id),
    }
    return reply(views.render("alert", values), call.headers, cache=cache_of(call))


def _flags(site: Site, alert_id: str) -> AlertFlags:
    """What operators have said; nothing while the database is away."""
    try:
        return site.library.flags(alert_id)
    except StoreError:
        return AlertFlags(alert_id)


def cache_of(call: Call) -> str:
    """A page that an operator is given has their forms in it: nobody else may be given it."""
    return SHARED if call.operator is None else PRIVATE
