"""Logging in and out: a page, for operators with a password."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from bottle import HTTPError, HTTPResponse, request

from eas_station.store.keys import passwords
from eas_station.webd.auth.access import COOKIE, FORM_COOKIE, UNSET
from eas_station.webd.auth.login_throttle import WRONG
from eas_station.webd.http.request import is_secure
from eas_station.webd.http.responses import HTML, json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import Views, frame_values
from eas_station.webd.site import Site

USUAL_NAME = "operator"
LONGEST_BACK = 500


@dataclass(frozen=True, slots=True)
class LoginAsked:
    """Where to go afterwards."""

    back: str | None = field(default=None, metadata={"most": LONGEST_BACK})


@dataclass(frozen=True, slots=True)
class LoginForm:
    """What the form sends."""

    password: str = field(metadata={"most": passwords.LONGEST})
    name: str = field(default=USUAL_NAME, metadata={"most": 64})
    back: str | None = field(default=None, metadata={"most": LONGEST_BACK})


@dataclass(frozen=True, slots=True)
class SessionSaid:
    """Who asks, and whether anybody could log in."""

    name: str | None  # None: a reader
    via: str | None  # "session", "token"
    scope: str  # "read", "write"
    csrf: str | None  # what a session must send along to change something
    password_set: bool


def back_to(said: str | None, otherwise: str = "/") -> str:
    """An address of this page, whatever somebody has put into the form."""
    if said is None or not said.startswith("/") or said[1:2] in ("/", "\\"):
        return otherwise
    return said if said.isprintable() and said.isascii() else otherwise


def login_page(views: Views, site: Site, call: Call) -> HTTPResponse:
    """The form."""
    return _form(views, site, call, call.asked(LoginAsked).back, "")


def log_in(views: Views, site: Site, call: Call) -> HTTPResponse:
    """A new session, or the form again."""
    sent = call.sent(LoginForm)
    if not site.access.can_log_in():
        raise HTTPError(403, UNSET)
    secret = site.doorman.log_in(sent.name, sent.password, call.address)
    if secret is None:
        return _form(views, site, call, sent.back, WRONG, 403)
    before = site.access.session_of(request.get_cookie(COOKIE) or "")
    if before is not None:
        site.access.log_out(before)
    answer = HTTPResponse(status=303, headers={"Location": back_to(sent.back), **UNSTORED})
    longest = site.access.lifetimes.longest
    _set_cookie(answer, COOKIE, secret, longest)
    _set_cookie(answer, FORM_COOKIE, "", timedelta())
    return answer


UNSTORED = {"Cache-Control": "no-store"}


def log_out(site: Site, call: Call) -> HTTPResponse:
    """The session ends here, and with it whatever has its cookie."""
    site.access.log_out(call.who())
    site.access.clerk.note(call.who().who, "log out", "done", call.address)
    answer = HTTPResponse(status=303, headers={"Location": "/", **UNSTORED})
    _set_cookie(answer, COOKIE, "", timedelta())
    return answer


def session(site: Site, call: Call) -> HTTPResponse:
    """Who asks."""
    one = call.operator
    said = SessionSaid(
        name=None if one is None else one.name,
        via=None if one is None else one.via,
        scope="read" if one is None else one.scope,
        csrf=None if one is None else one.form_token,
        password_set=site.access.can_log_in(),
    )
    return reply(json_body(said), call.headers, cache="no-store")


def _form(
    views: Views, site: Site, call: Call, back: str | None, fault: str, status: int = 200
) -> HTTPResponse:
    token = secrets.token_urlsafe(24)
    values = frame_values(site, site.board.picture(), "login", call.operator) | {
        "title": "Log in",
        "fresh": False,
        "back": back_to(back),
        "token": token,
        "usual_name": USUAL_NAME,
        "fault": fault,
        "no_password": "" if site.access.can_log_in() else UNSET,
    }
    answer = HTTPResponse(
        body=views.render("login", values).plain,
        status=status,
        headers={"Content-Type": HTML, **UNSTORED},
    )
    _set_cookie(answer, FORM_COOKIE, token, timedelta(hours=1))
    return answer


def _set_cookie(answer: HTTPResponse, name: str, value: str, lasts: timedelta) -> None:
    answer.set_cookie(
        name,
        value,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_secure(request.environ),
        maxage=lasts,
    )


def routes(views: Views) -> tuple[Route, ...]:
    """The way in and out."""
    return (
        Route(
            *("GET", "/login", partial(login_page, views), "The form to log in."),
            query=LoginAsked,
            content_type=HTML,
        ),
        Route(
            *("POST", "/login", partial(log_in, views), "Log in.", "login"),
            body=LoginForm,
            content_type=HTML,
            statuses=(303,),
        ),
        Route("POST", "/logout", log_out, "Log out.", "write", content_type=HTML, statuses=(303,)),
        Route("GET", "/api/v1/session", session, "Who asks.", answer=SessionSaid),
    )
