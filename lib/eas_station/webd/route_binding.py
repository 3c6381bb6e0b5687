"""Mounts the routes in Bottle: access, parameters, deadline, and the barrier for errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus

from bottle import Bottle, HTTPError, HTTPResponse, request

from eas_station.errors import InputError, StoreError
from eas_station.webd.auth.access import Access
from eas_station.webd.http import parameters
from eas_station.webd.http.deadline import Deadline, RequestDeadlines, TooLate
from eas_station.webd.http.operator import Operator
from eas_station.webd.http.request import (
    BODY_MOST_BYTES,
    JSON_TYPE,
    check_length,
    client_address,
    content_type,
    form_of,
    query_of,
    sent_by_form,
)
from eas_station.webd.http.routes import Call, Route

RETRY_S = "5"
HEADERS = {"if-none-match": "HTTP_IF_NONE_MATCH", "accept-encoding": "HTTP_ACCEPT_ENCODING"}

log = logging.getLogger(__name__)


def mount(
    app: Bottle,
    routes: Iterable[Route],
    access: Access,
    deadlines: RequestDeadlines,
    deadline_s: float,
    monotonic: Callable[[], float],
) -> None:
    """Add the routes; no request takes longer than `deadline_s`."""

    def answer(route: Route, **path: str) -> HTTPResponse:
        """What Bottle calls: the values of the address come by name."""
        deadline = Deadline(deadline_s, monotonic)
        try:
            with deadlines.under(deadline):
                operator = access.admit(route.role, request)
                return route.handler(_call(route, path, operator, deadline))
        except HTTPResponse:
            raise
        except TooLate as error:
            raise _too_late(deadline_s) from error
        except StoreError as error:
            if deadline.is_over:
                raise _too_late(deadline_s) from error
            log.debug("a request could not be answered from the database: %s", error)
            raise HTTPError(503, _no_database(route), **{"Retry-After": RETRY_S}) from error
        except Exception as error:  # the barrier around one request
            log.exception("internal error in a request", extra={"EAS_PATH": request.path[:200]})
            raise HTTPError(500, "Internal error. It was logged.") from error

    for route in routes:
        app.route(route.path, route.method, partial(answer, route), registered=route)


def _call(
    route: Route, path: Mapping[str, str], operator: Operator | None, deadline: Deadline
) -> Call:
    """The request, read and checked. Raises HTTPError."""
    try:
        query: object = parameters.from_plain(route.query, query_of(request))
        body = None if route.body is None else _body(route.body)
    except InputError as error:
        raise HTTPError(400, f"{error}") from error
    return Call(
        path=path,
        query=query,
        body=body,
        headers={name: request.environ.get(key, "") for name, key in HEADERS.items()},
        address=client_address(request.environ),
        operator=operator,
        deadline=deadline,
        by_form=sent_by_form(request.environ),
    )


def _body(kind: type) -> object:
    check_length(request)
    if sent_by_form(request.environ):
        return parameters.from_plain(kind, form_of(request))
    if request.content_length > 0 and content_type(request.environ) != JSON_TYPE:
        raise HTTPError(415, f"The body must be {JSON_TYPE} or a form.")
    return parameters.from_json(kind, request.body.read(BODY_MOST_BYTES))


def _too_late(deadline_s: float) -> HTTPError:
    why = f"The request took longer than {deadline_s:g} s and was cancelled."
    return HTTPError(HTTPStatus.GATEWAY_TIMEOUT, why, **{"Retry-After": RETRY_S})


def _no_database(route: Route) -> str:
    if route.role == "write":
        return "The database is not responding: nothing was changed."
    return "The database is not responding. What is in force now is still shown."
