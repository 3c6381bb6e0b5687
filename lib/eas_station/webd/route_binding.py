"""Makes Bottle's routes of the registry: who may, what was asked, how long, and the barrier."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from bottle import Bottle, HTTPError, HTTPResponse, request

from eas_station.errors import InputError, StoreError
from eas_station.webd.http import parameters
from eas_station.webd.http.deadline import Deadline, TooLate
from eas_station.webd.http.operator import Operator
from eas_station.webd.http.request import (
    JSON_TYPE,
    WRITTEN_MOST_BYTES,
    bounded,
    client_address,
    content_type,
    form_of,
    query_of,
    sent_by_form,
)
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.site import Site

RETRY_S = "5"
HEADERS = {"if-none-match": "HTTP_IF_NONE_MATCH", "accept-encoding": "HTTP_ACCEPT_ENCODING"}

log = logging.getLogger(__name__)


def mount(app: Bottle, site: Site, routes: Iterable[Route]) -> None:
    """Add the routes."""
    for route in routes:
        app.route(route.path, route.method, _answerer(site, route), registered=route)


def _answerer(site: Site, route: Route) -> Callable[..., HTTPResponse]:
    """What Bottle calls: the values of the address come by name."""

    def answer(**path: str) -> HTTPResponse:
        deadline = Deadline(site.config.web.deadline_s, site.monotonic)
        try:
            with site.deadlines.under(deadline):
                operator = site.access.admit(route.who, request)
                return route.handler(site, _call(route, path, operator, deadline))
        except HTTPResponse:
            raise
        except TooLate as error:
            raise _too_late(site) from error
        except StoreError as error:
            if deadline.is_over:
                raise _too_late(site) from error
            log.debug("a request could not be answered from the database: %s", error)
            raise HTTPError(503, _no_database(route), **{"Retry-After": RETRY_S}) from error
        except Exception as error:  # the barrier round one request
            log.exception("a request met a bug", extra={"EAS_PATH": request.path[:200]})
            raise HTTPError(500, "This page met a bug of ours. It has been logged.") from error

    return answer


def _call(
    route: Route, path: Mapping[str, str], operator: Operator | None, deadline: Deadline
) -> Call:
    """The request, read. Raises HTTPError with the sentence that says what would be right."""
    try:
        query: object = parameters.from_query(route.query, query_of(request))
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
    bounded(request)
    if sent_by_form(request.environ):
        return parameters.from_form(kind, form_of(request))
    if request.content_length > 0 and content_type(request.environ) != JSON_TYPE:
        raise HTTPError(415, f"The body must be {JSON_TYPE} or a form.")
    return parameters.from_json(kind, request.body.read(WRITTEN_MOST_BYTES))


def _too_late(site: Site) -> HTTPError:
    why = f"It took longer than {site.config.web.deadline_s:g} s and was given up."
    return HTTPError(HTTPStatus.GATEWAY_TIMEOUT, why, **{"Retry-After": RETRY_S})


def _no_database(route: Route) -> str:
    if route.who == "write":
        return "The database does not answer: nothing was changed."
    return "The database does not answer. What is in force now is still shown."
