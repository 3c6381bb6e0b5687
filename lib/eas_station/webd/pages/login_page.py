"""Logging in and out, for operators with a password."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from bottle import HTTPError, HTTPResponse, request

from eas_station.store.keys import passwords
from eas_station.webd.auth.access import COOKIE, FORM_COOKIE, UNSET, Access
from eas_station.webd.auth.login_throttle import WRONG, LoginThrottle
from eas_station.webd.http.parameters import Length
from eas_station.webd.http.request import is_secure
from eas_station.webd.http.responses import (
    HTML,
    Redirect,
    json_body,
    local_address,
    reply,
    see_other,
)
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import PageFrame

USUAL_NAME = "operator"


@dataclass(frozen=True, slots=True)
class LoginQuery:
    """The address to go to after the login."""

    back: Redirect | None = None


@dataclass(frozen=True, slots=True)
class LoginForm:
    """What the form sends."""

    password: Annotated[str, Length(passwords.LONGEST)]
    name: Annotated[str, Length(64)] = USUAL_NAME
    back: Redirect | None = None


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """The session of the client, and whether a login is possible."""

    name: str | None  # None: a reader
    via: str | None  # "session", "token"
    scope: str  # "read", "write"
    csrf: str | None  # what a session must send along to change something
    password_set: bool


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Logging in and out."""

    frame: PageFrame
    access: Access
    throttle: LoginThrottle

    def routes(self) -> tuple[Route, ...]:
        """Login, logout, and the session."""
        return (
            Route(
                *("GET", "/login", self.page, "The form to log in."),
                query=LoginQuery,
                content_type=HTML,
            ),
            Route(
                *("POST", "/login", self.log_in, "Log in.", "login"),
                body=LoginForm,
                content_type=HTML,
                statuses=(303,),
            ),
            Route(
                *("POST", "/logout", self.log_out, "Log out.", "write"),
                content_type=HTML,
                statuses=(303,),
            ),
            Route(
                *("GET", "/api/v1/session", self.session, "The session of this client."),
                answer=SessionAnswer,
            ),
        )

    def page(self, call: Call) -> HTTPResponse:
        """The form."""
        return self._form(call, call.query_as(LoginQuery).back, "")

    def log_in(self, call: Call) -> HTTPResponse:
        """A new session, or the form again."""
        sent = call.body_as(LoginForm)
        if not self.access.can_log_in():
            raise HTTPError(403, UNSET)
        secret = self.throttle.log_in(sent.name, sent.password, call.address)
        if secret is None:
            return self._form(call, sent.back, WRONG, 403)
        before = self.access.session_of(request.get_cookie(COOKIE) or "")
        if before is not None:
            self.access.log_out(before)
        answer = see_other(local_address(sent.back))
        _set_cookie(answer, COOKIE, secret, self.access.lifetimes.longest)
        _set_cookie(answer, FORM_COOKIE, "", timedelta())
        return answer

    def log_out(self, call: Call) -> HTTPResponse:
        """End the session, in every browser that has its cookie."""
        operator = call.logged_in()
        self.access.log_out(operator)
        self.access.audit_log.note(operator.audit_name, "log out", "done", call.address)
        answer = see_other("/")
        _set_cookie(answer, COOKIE, "", timedelta())
        return answer

    def session(self, call: Call) -> HTTPResponse:
        """The session or token of this client."""
        one = call.operator
        answer = SessionAnswer(
            name=None if one is None else one.name,
            via=None if one is None else one.via,
            scope="read" if one is None else one.scope,
            csrf=None if one is None else one.form_token,
            password_set=self.access.can_log_in(),
        )
        return reply(json_body(answer), call.headers, cache="no-store")

    def _form(self, call: Call, back: str | None, fault: str, status: int = 200) -> HTTPResponse:
        token = secrets.token_urlsafe(24)
        snapshot = self.frame.state.snapshot()
        values = self.frame.values(snapshot, "login", call.operator) | {
            "title": "Log in",
            "fresh": False,
            "back": local_address(back),
            "token": token,
            "usual_name": USUAL_NAME,
            "fault": fault,
            "no_password": "" if self.access.can_log_in() else UNSET,
        }
        answer = HTTPResponse(
            body=self.frame.views.render("login", values).plain,
            status=status,
            headers={"Content-Type": HTML, "Cache-Control": "no-store"},
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
