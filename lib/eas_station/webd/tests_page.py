"""The page Tests: did the weekly and monthly tests come, and when was a channel deaf."""

from __future__ import annotations

from functools import partial
from typing import Any

from bottle import HTTPResponse

from eas_station.errors import StoreError
from eas_station.webd import proven
from eas_station.webd.pages import Views, cache_of, frame_values, page_route
from eas_station.webd.picture import Picture
from eas_station.webd.respond import Body, reply
from eas_station.webd.routes import Call, Route
from eas_station.webd.site import Site


def routes(views: Views) -> tuple[Route, ...]:
    """The page."""
    return (page_route("/tests", partial(tests_page, views), "Tests, and deaf intervals."),)


def tests_page(views: Views, site: Site, call: Call) -> HTTPResponse:
    """Expected tests, deaf intervals, the last tests received."""
    picture = site.board.picture()

    def make() -> Body:
        framed = frame_values(site, picture, "tests", call.operator)
        return views.render("tests", framed | values(site, picture))

    if call.operator is not None:
        return reply(make(), call.headers, cache=cache_of(call))
    return reply(site.shelf.fetch("page tests", picture.version, make), call.headers)


def values(site: Site, picture: Picture) -> dict[str, Any]:
    """The page's own values; `record` is None while the database is away."""
    try:
        record = proven.read(site, picture)
    except StoreError:
        record = None
    return {
        "record": record,
        "overdue_said": proven.overdue_said(picture),
        "days_back": proven.DAYS_SUMMED,
        "most": proven.INTERVALS_SHOWN,
        "styles": ("channels.css",),
    }
