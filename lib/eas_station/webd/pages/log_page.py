"""The page Log: everything that was ever received, searched and narrowed, in pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from bottle import HTTPError, HTTPResponse

from eas_station.errors import InputError, StoreError
from eas_station.store.alerts.alert_queries import AlertFilter
from eas_station.webd.api.lists import CURSOR
from eas_station.webd.http.responses import reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import Views, cache_of, frame_values, page_route
from eas_station.webd.records.search import Narrowed, Severity, filter_of, matches
from eas_station.webd.site import Site
from eas_station.webd.state.snapshot import AlertEntry, Snapshot

LENGTH = 50  # alerts on one page

# The choices of the form: name, label, and values with their words.
CHOICES = (
    ("state", "State", (("all", "In force or over"), ("active", "In force"), ("ended", "Over"))),
    ("kind", "Kind", (("all", "Alerts and tests"), ("real", "Alerts"), ("test", "Tests"))),
    ("via", "Heard", (("", "Either way"), ("same", "Off the air"), ("cap", "By CAP"))),
    ("here", "For", (("", "Everywhere"), ("true", "This station"), ("false", "Elsewhere"))),
    ("severity", "Severity", (("", "Any"), *((one, one) for one in get_args(Severity)))),
)


@dataclass(frozen=True, slots=True)
class LogAsked(Narrowed):
    """Which page of the log."""

    state: Literal["all", "active", "ended"] = "all"
    cursor: str | None = field(default=None, metadata=CURSOR)


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One list of the form."""

    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]  # value, words, chosen


@dataclass(frozen=True, slots=True)
class Leaves:
    """What is shown of the log."""

    entries: tuple[AlertEntry, ...]
    next_cursor: str | None
    whole: bool  # False: the database is away


def routes(views: Views) -> tuple[Route, ...]:
    """The page."""
    summary = "All alerts of all times, searched and narrowed."
    return (page_route("/log", partial(log_page, views), summary, LogAsked),)


def log_page(views: Views, site: Site, call: Call) -> HTTPResponse:
    """All warnings of all times, in pages."""
    picture, asked = site.board.picture(), call.asked(LogAsked)
    try:
        narrowed = filter_of(asked, site.places, site.clockface)
    except InputError as error:
        raise HTTPError(400, f"{error}") from error
    leaves = _leaves(site, picture, asked, narrowed)
    state = None if asked.state == "all" else asked.state
    values = frame_values(site, picture, "log", call.operator) | {
        "cards": [site.presenter.card(entry, picture.as_of) for entry in leaves.entries],
        "asked": asked,
        "choices": _choices(asked),
        "narrowed": not asked.is_everything or state is not None,
        "dates": (("since", "From", asked.since), ("until", "To", asked.until)),
        "newest": f"/log{asked.as_query(state=state)}",
        "older": leaves.next_cursor
        and f"/log{asked.as_query(state=state, cursor=leaves.next_cursor)}",
        "exports": tuple(
            (name.upper(), f"/api/v1/export.{name}{asked.as_query(state=state)}")
            for name in ("csv", "json")
        ),
        "first": asked.cursor is None,
        "fresh": asked.cursor is None,
        "whole": leaves.whole,
    }
    return reply(views.render("log", values), call.headers, cache=cache_of(call))


def _leaves(site: Site, picture: Snapshot, asked: LogAsked, narrowed: AlertFilter) -> Leaves:
    """From the record; without it what the board knows."""
    try:
        leaf = site.library.leaf(LENGTH, asked.cursor, asked.state, narrowed)
    except InputError as error:
        raise HTTPError(400, "This address is not a page of the log.") from error
    except StoreError:
        over = () if asked.state == "active" else picture.recent
        known = (*(picture.active if asked.state != "ended" else ()), *over)
        return Leaves(tuple(one for one in known if matches(one, narrowed)), None, whole=False)
    first = asked.cursor is None and asked.state != "ended"
    spooled = tuple(
        entry
        for entry in (picture.active if first else ())
        if not entry.stored and matches(entry, narrowed)
    )
    known_ids = {entry.alert.alert_id for entry in spooled}
    rest = tuple(entry for entry in leaf.entries if entry.alert.alert_id not in known_ids)
    return Leaves((*spooled, *rest), leaf.next_cursor, whole=True)


def _choices(asked: LogAsked) -> tuple[FilterChoice, ...]:
    found = []
    for name, label, options in CHOICES:
        value = getattr(asked, name)
        chosen = "" if value is None else str(value).lower() if value in (True, False) else value
        found.append(
            FilterChoice(name, label, tuple((v, word, v == chosen) for v, word in options))
        )
    return tuple(found)
