"""The pages for people, complete as the server sends them; the script only keeps them fresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bottle import HTTPError, HTTPResponse, SimpleTemplate

from eas_station import __version__
from eas_station.errors import InputError, StoreError
from eas_station.store.flags import AlertFlags
from eas_station.webd import detail, rows
from eas_station.webd.cards import verdict
from eas_station.webd.operators import Operator
from eas_station.webd.picture import Picture
from eas_station.webd.respond import HTML, PRIVATE, SHARED, Body, reply
from eas_station.webd.routes import Call, Handler, Nothing, Route
from eas_station.webd.site import Site
from eas_station.webd.times import lasted
from eas_station.webd.wellbeing import judge

VIEWS = Path(__file__).with_name("views")
PAGES = ("now", "log", "listening", "system", "alert", "login", "error")
LOG_LENGTH = 50
FIRST_ANSWER_S = 5.0  # how long the database may take to say its first word


class Views:
    """The templates, compiled once."""

    def __init__(self, folder: Path = VIEWS) -> None:
        self._templates = {
            name: SimpleTemplate(name=f"{name}.tpl", lookup=[str(folder)]) for name in PAGES
        }

    def render(self, name: str, values: dict[str, Any]) -> Body:
        """One page. Whatever comes out of `values` is escaped."""
        return Body(HTML, self._templates[name].render(**values))


@dataclass(frozen=True, slots=True)
class LogAsked:
    """Which page of the log."""

    cursor: str | None = None


def routes(views: Views) -> tuple[Route, ...]:
    """The pages."""
    return (
        _page("/", _shelved(views, "now", now_values), "What is in force, and how we know."),
        _page("/listening", _shelved(views, "listening", listening_values), "What is heard."),
        _page("/system", _shelved(views, "system", system_values), "How the station is."),
        _page("/log", partial(log_page, views), "All alerts of all times.", LogAsked),
        _page("/alerts/<alert_id>", partial(alert_page, views), "Everything known of one alert."),
    )


def _page(path: str, handler: Handler, summary: str, query: type = Nothing) -> Route:
    return Route("GET", path, handler, summary, query=query, content_type=HTML)


def _shelved(views: Views, name: str, values: Callable[[Site, Picture], dict[str, Any]]) -> Handler:
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
    site: Site, picture: Picture, page: str, operator: Operator | None
) -> dict[str, Any]:
    """What every page has round its content."""
    return {
        "page": page,
        "title": {"now": "Now"}.get(page, page.capitalize()),
        "station": site.config.station.name,
        "version": __version__,
        "as_of": site.clockface.moment(picture.as_of, picture.as_of, seconds=True),
        "change_id": picture.last_change_id,
        "banners": banners(site, picture),
        "fresh": page != "error",
        "operator": operator,
    }


def banners(site: Site, picture: Picture) -> tuple[tuple[str, str], ...]:
    """What must be known before anything on the page is believed: kind and sentence."""
    said = []
    record = picture.record
    if not record.online and (picture.record_read or picture.waited_s > FIRST_ANSWER_S):
        since = site.clockface.moment(record.since_at, picture.as_of)
        said.append(("bad", f"Database offline since {since.local}. {_still_shown(picture)}"))
    if not picture.clock_trusted:
        said.append(
            (
                "busy",
                "The clock of this station is not trusted: times may be wrong, nothing is "
                "taken to be over.",
            )
        )
    return tuple(said)


def _still_shown(picture: Picture) -> str:
    """What the page knows without the database."""
    known = (
        "What was known before is shown" if picture.record_read else "What it holds is not shown"
    )
    if picture.waiting == 0:
        return f"{known}."
    count = "One reception" if picture.waiting == 1 else f"{picture.waiting} receptions"
    return f"{known}; {count} not stored yet {'is' if picture.waiting == 1 else 'are'} shown."


def now_values(site: Site, picture: Picture) -> dict[str, Any]:
    """The page Now."""
    hand = site.presenter.hand(picture)
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
        "map": site.maps.of_station(picture),
        "scripts": ("map.js", "signal.js"),
        **station_values(site, picture),
    }


def station_values(site: Site, picture: Picture) -> dict[str, Any]:
    """Sources, receivers, feeds and daemons in rows."""
    face = site.clockface
    return {
        "desired": picture.desired,
        "sources": rows.source_panels(picture, site.source_units(), face),
        "receivers": rows.receiver_panels(picture, site.receiver_units(), face),
        "feeds": tuple(
            rows.part_row(picture, "feed", feed.name, "eas-capd", face)
            for feed in site.config.feeds
        ),
        "daemons": tuple(rows.unit_row(unit, picture, face) for unit in picture.units),
    }


def listening_values(site: Site, picture: Picture) -> dict[str, Any]:
    """The page Listening."""
    return {
        "health": judge(picture),
        "bursts": tuple(
            (burst, site.clockface.moment(burst.heard_at, picture.as_of, seconds=True))
            for burst in picture.bursts
        ),
        **station_values(site, picture),
    }


def system_values(site: Site, picture: Picture) -> dict[str, Any]:
    """The page System."""
    record = picture.record
    missed, rejected = site.bus_losses()
    return {
        "health": judge(picture),
        "record": record,
        "record_since": site.clockface.moment(record.since_at, picture.as_of),
        "picture": picture,
        "jobs": detail.job_lines(picture.jobs, picture.as_of, site.clockface),
        "other_items": detail.other_items(picture, site.clockface),
        "facts": (
            ("Listeners to live updates", str(site.fanout.count())),
            ("Bus messages missed", str(missed)),
            ("Bus messages refused", str(rejected)),
            ("Receptions not in the database yet", str(picture.waiting)),
            ("Last change", str(picture.last_change_id)),
            ("This page has been up for", lasted(picture.waited_s)),
            ("Version", __version__),
        ),
        **station_values(site, picture),
    }


def log_page(views: Views, site: Site, call: Call) -> HTTPResponse:
    """All warnings of all times, in pages."""
    picture, cursor = site.board.picture(), call.asked(LogAsked).cursor
    entries, next_cursor, whole = [*picture.active, *picture.recent], None, True
    try:
        leaf = site.library.leaf(LOG_LENGTH, cursor)
        spooled = [e for e in picture.active if not e.stored] if cursor is None else []
        known = {entry.alert.alert_id for entry in spooled}
        rest = [entry for entry in leaf.entries if entry.alert.alert_id not in known]
        entries, next_cursor = [*spooled, *rest], leaf.next_cursor
    except InputError as error:
        raise HTTPError(400, "This address is not a page of the log.") from error
    except StoreError:
        whole = False
    cards = [site.presenter.card(entry, picture.as_of) for entry in entries]
    values = frame_values(site, picture, "log", call.operator) | {
        "cards": cards,
        "next_cursor": next_cursor,
        "first": cursor is None,
        "fresh": cursor is None,
        "whole": whole,
    }
    return reply(views.render("log", values), call.headers, cache=_cache(call))


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
        "scripts": ("map.js",),
        "flags": flags,
        "acknowledged": None if at is None else site.clockface.moment(at, picture.as_of),
        "detail": detail.of(entry, site, picture.as_of),
    }
    return reply(views.render("alert", values), call.headers, cache=_cache(call))


def _flags(site: Site, alert_id: str) -> AlertFlags:
    """What operators have said; nothing while the database is away."""
    try:
        return site.library.flags(alert_id)
    except StoreError:
        return AlertFlags(alert_id)


def _cache(call: Call) -> str:
    """A page that an operator is given has their forms in it: nobody else may be given it."""
    return SHARED if call.operator is None else PRIVATE
