"""Who may change something: operators with a session or a token, from this page, not too often.

Reading is open. A session is a cookie (HttpOnly, SameSite=Strict) that stands for a row of the
keyring; what it does must come from a page of ours (Fetch Metadata, or Origin where a browser says
only that) and bring the token that this page had in its form. A script has a token of its own,
which no browser sends by itself, and needs neither.
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

COOKIE = "eas_session"
FORM_COOKIE = "eas_form"  # this browser has loaded the form to log in from us
FORM_FIELD, FORM_HEADER = "csrf", "X-CSRF-Token"
BEARER = "bearer "
UNSET = "No password is set, so nothing can be changed. Run: sudo eas-ctl passwd"
LOG_IN = "Log in to change something."
LOG_IN_TO_READ = "Log in to read this."
CROSS_SITE = "This was sent from another site, not from a page of this station."
OUT_OF_DATE = "The page that this was sent from is out of date: load it anew and try again."


class Access:
    """Lets a request pass, or raises the HTTPError that says why not."""

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

    def admit(self, who: str, request: BaseRequest) -> Operator | None:
        """Who it is; None: a reader. Raises HTTPError if they may not do it."""
        if who == "read":
            return self._operator(request)
        if who == "operator":
            known = self._operator(request)
            if known is None:
                raise self._refused(request, None, LOG_IN_TO_READ if self.can_log_in() else UNSET)
            return known
        self._limit_rate("write", request)
        if who == "login":
            self._from_our_login_page(request)
            return None
        operator = self._operator(request)
        if operator is None:
            raise self._refused(request, None, LOG_IN if self.can_log_in() else UNSET)
        if operator.via == "session":
            self._from_our_page(operator, request)
        elif operator.scope != "write":
            raise self._refused(request, operator, "This token may only read.")
        return operator

    def can_log_in(self) -> bool:
        """Is there a password?"""
        with self.keyring.transaction() as connection:
            return logins.any_set(connection)

    def session_of(self, secret: str) -> Operator | None:
        """Whose session this is; None: it is none, or has ended."""
        if not secret:
            return None
        with self.keyring.transaction() as connection:
            found = sessions.find(connection, secret, self.lifetimes, self._now())
        if found is None:
            return None
        return Operator(found.name, "session", "write", form_token(secret), found.hash)

    def log_out(self, operator: Operator) -> None:
        """The session ends."""
        if operator.session_hash is not None:
            with self.keyring.transaction() as connection:
                sessions.end(connection, operator.session_hash)

    def _operator(self, request: BaseRequest) -> Operator | None:
        authorization = str(request.environ.get("HTTP_AUTHORIZATION", ""))
        if authorization[: len(BEARER)].lower() == BEARER:
            return self._by_token(authorization[len(BEARER) :].strip(), request)
        if "HTTP_COOKIE" not in request.environ:  # most readers: the page sets none for them
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
            raise self._refused(request, None, "There is no such token.", 401)
        return Operator(found.name, "token", found.scope)

    def _from_our_login_page(self, request: BaseRequest) -> None:
        """There is no session yet: the form's token is in a cookie that came with the form."""
        if from_elsewhere(request):
            raise self._refused(request, None, CROSS_SITE)
        known, sent = request.get_cookie(FORM_COOKIE) or "", form_field(request, FORM_FIELD)
        if not known or not hmac.compare_digest(known.encode(), sent.encode()):
            raise self._refused(request, None, OUT_OF_DATE if self.can_log_in() else UNSET)

    def _from_our_page(self, operator: Operator, request: BaseRequest) -> None:
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
        """The refusal, in the audit; not every one of somebody who does nothing else."""
        address = client_address(request.environ)
        if self.limits.take("remark", address) is None:
            who = "nobody" if operator is None else operator.audit_name
            asked = f"{request.method} {request.path[:200]}"
            self.audit_log.note(who, "request", "refused", address, why, asked)
        fields = {"WWW-Authenticate": 'Bearer realm="EAS Station"'} if status == 401 else {}
        return HTTPError(status, why, **fields)


def form_token(secret: str) -> str:
    """What the forms of a session's pages carry: only who knows the cookie can work it out."""
    return hmac.new(secret.encode(), b"a form of EAS Station", hashlib.sha256).hexdigest()


def from_elsewhere(request: BaseRequest) -> bool:
    """Does the browser say that a page of another site sent this?

    Over plain HTTP browsers send no Sec-Fetch-Site, but Origin with every POST. Who sends neither
    is no browser of these years, and has to know the form's token in any case.
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
    """429, and when to come back."""
    seconds = "a second" if wait_s == 1 else f"{wait_s} seconds"
    why = f"Too many requests. Try again in {seconds}."
    return HTTPError(HTTPStatus.TOO_MANY_REQUESTS, why, **{"Retry-After": str(wait_s)})
