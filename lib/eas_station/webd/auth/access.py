"""Authorisation of requests: sessions, tokens, CSRF protection and rate limits.

Reading is open. A session is a cookie (HttpOnly, SameSite=Strict) that refers to a row of the
keyring. Its requests must come from a page of this server (Fetch Metadata, or Origin from browsers
without it) and carry the CSRF token of the page's form. A script sends a bearer token, which no
browser sends by itself, and needs neither.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from bottle import BaseRequest, HTTPError

from eas_station.store.keys import logins, sessions, tokens
from eas_station.store.keys.keyring import Keyring
from eas_station.store.keys.sessions import Lifetimes
from eas_station.webd.auth.audit_log import AuditLog
from eas_station.webd.http.operator import Operator
from eas_station.webd.http.rate_limits import Kind, RateLimits
from eas_station.webd.http.request import client_address, form_field
from eas_station.webd.http.routes import Role

COOKIE = "eas_session"
FORM_COOKIE = "eas_form"  # set with the login form
FORM_FIELD, FORM_HEADER = "csrf", "X-CSRF-Token"
BEARER = "bearer "
UNSET = "No password is set, so nothing can be changed. Run: sudo eas-ctl passwd"
LOG_IN = "Log in to change something."
LOG_IN_TO_READ = "Log in to read this."
CROSS_SITE = "The request came from another site, not from a page of this station."
OUT_OF_DATE = "The page is out of date: reload it and try again."


class Access:
    """Admits requests. Raises HTTPError for those it refuses."""

    def __init__(
        self,
        keyring: Keyring,
        limits: RateLimits,
        audit_log: AuditLog,
        lifetimes: Lifetimes,
        now: Callable[[], datetime],
    ) -> None:
        self.keyring, self.limits, self.audit_log = keyring, limits, audit_log
        self.lifetimes, self._now = lifetimes, now

    def admit(self, role: Role, request: BaseRequest) -> Operator | None:
        """The operator; None: not logged in. Raises HTTPError if the role is not enough."""
        if role == "read":
            return self._operator(request)
        if role == "operator":
            operator = self._operator(request)
            if operator is None:
                raise self._refused(request, None, LOG_IN_TO_READ if self.can_log_in() else UNSET)
            return operator
        self._limit_rate("write", request)
        if role == "login":
            self._check_login_form(request)
            return None
        operator = self._operator(request)
        if operator is None:
            raise self._refused(request, None, LOG_IN if self.can_log_in() else UNSET)
        if operator.via == "session":
            self._check_form(operator, request)
        elif operator.scope != "write":
            raise self._refused(request, operator, "This token can only read.")
        return operator

    def can_log_in(self) -> bool:
        """Whether a password is set."""
        with self.keyring.transaction() as connection:
            return logins.any_set(connection)

    def session_of(self, secret: str) -> Operator | None:
        """The operator of a session; None: there is no such session, or it has ended."""
        if not secret:
            return None
        with self.keyring.transaction() as connection:
            found = sessions.find(connection, secret, self.lifetimes, self._now())
        if found is None:
            return None
        return Operator(found.name, "session", "write", form_token(secret), found.hash)

    def log_out(self, operator: Operator) -> None:
        """End the session."""
        if operator.session_hash is not None:
            with self.keyring.transaction() as connection:
                sessions.end(connection, operator.session_hash)

    def _operator(self, request: BaseRequest) -> Operator | None:
        authorization = str(request.environ.get("HTTP_AUTHORIZATION", ""))
        if authorization[: len(BEARER)].lower() == BEARER:
            return self._by_token(authorization[len(BEARER) :].strip(), request)
        if "HTTP_COOKIE" not in request.environ:  # most clients: pages set no cookie
            return None
        return self.session_of(request.get_cookie(COOKIE) or "")

    def _by_token(self, secret: str, request: BaseRequest) -> Operator:
        address = client_address(request.environ)
        wait_s = self.limits.wait_s("token", address)
        if wait_s is not None:
            raise too_many_requests(wait_s)
        with self.keyring.transaction() as connection:
            found = tokens.find(connection, secret, self._now())
        if found is None:
            self.limits.take("token", address)
            raise self._refused(request, None, "The token is not valid.", 401)
        return Operator(found.name, "token", found.scope)

    def _check_login_form(self, request: BaseRequest) -> None:
        """Before there is a session the CSRF token is in a cookie set with the form."""
        if from_elsewhere(request):
            raise self._refused(request, None, CROSS_SITE)
        expected, sent = request.get_cookie(FORM_COOKIE) or "", form_field(request, FORM_FIELD)
        if not expected or not hmac.compare_digest(expected.encode(), sent.encode()):
            raise self._refused(request, None, OUT_OF_DATE if self.can_log_in() else UNSET)

    def _check_form(self, operator: Operator, request: BaseRequest) -> None:
        if from_elsewhere(request):
            raise self._refused(request, operator, CROSS_SITE)
        sent = request.get_header(FORM_HEADER) or form_field(request, FORM_FIELD)
        if not hmac.compare_digest(sent.encode(), (operator.form_token or "").encode()):
            raise self._refused(request, operator, OUT_OF_DATE)

    def _limit_rate(self, kind: Kind, request: BaseRequest) -> None:
        wait_s = self.limits.take(kind, client_address(request.environ))
        if wait_s is not None:
            raise too_many_requests(wait_s)

    def _refused(
        self, request: BaseRequest, operator: Operator | None, why: str, status: int = 403
    ) -> HTTPError:
        """The refusal, noted in the audit log, up to ten a minute for one client."""
        address = client_address(request.environ)
        if self.limits.take("remark", address) is None:
            who = "nobody" if operator is None else operator.audit_name
            asked = f"{request.method} {request.path[:200]}"
            self.audit_log.note(who, "request", "refused", address, why, asked)
        fields = {"WWW-Authenticate": 'Bearer realm="EAS Station"'} if status == 401 else {}
        return HTTPError(status, why, **fields)


def form_token(secret: str) -> str:
    """The CSRF token of a session, derived from the secret in its cookie."""
    return hmac.new(secret.encode(), b"a form of EAS Station", hashlib.sha256).hexdigest()


def from_elsewhere(request: BaseRequest) -> bool:
    """Whether the browser says that a page of another site sent the request.

    Over plain HTTP browsers send no Sec-Fetch-Site, but Origin with every POST. A client that sends
    neither is not a current browser, and needs the CSRF token in any case.
    """
    site = request.get_header("Sec-Fetch-Site")
    if site is not None:
        return bool(site.strip().lower() != "same-origin")
    origin = str(request.get_header("Origin") or request.get_header("Referer") or "")
    if origin == "":
        return False
    host = str(request.get_header("Host", ""))
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:
        return True


def too_many_requests(wait_s: int) -> HTTPError:
    """429, with Retry-After."""
    seconds = "a second" if wait_s == 1 else f"{wait_s} seconds"
    why = f"Too many requests. Try again in {seconds}."
    return HTTPError(HTTPStatus.TOO_MANY_REQUESTS, why, **{"Retry-After": str(wait_s)})
