"""The description of the API, made from the routes and the types of what they take and answer."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from bottle import HTTPResponse

from eas_station import __version__, wire
from eas_station.field_types import FieldSpec, fields_of
from eas_station.webd.api.answers import Problem
from eas_station.webd.auth.access import COOKIE, FORM_HEADER
from eas_station.webd.http.parameters import in_words
from eas_station.webd.http.responses import HTML, JSON, Body, reply
from eas_station.webd.http.routes import PLACEHOLDER, Call, Route
from eas_station.webd.http.schemas import Schema, Schemas, of_body, of_parameter

PATH = "/api/v1/openapi.json"
PROBLEM = "application/problem+json"
VERSION = "3.1.0"
LONGEST_ID = 100
FOR_ALL = (429, 500)  # whatever is asked
FOR_API = (400, 405, 503, 504)
FOR_WRITERS = (401, 403, 413, 415)
ABOUT = (
    "What an EAS Station hears and how it is. Reading is open; what changes something needs a"
    " token (`eas-ctl tokens add`) or a login. Times are ISO 8601 in UTC with Z; what is not known"
    " is null. Fields may be added; what is described here stays."
)


class Description:
    """Answers with the description; made once, when first asked for."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = (*routes, self.route())
        self._body: Body | None = None

    def route(self) -> Route:
        """The way to it."""
        return Route("GET", PATH, self.answer, "This description.", answer=dict[str, object])

    def answer(self, call: Call) -> HTTPResponse:
        """The description."""
        if self._body is None:
            self._body = Body(JSON, wire.plain_to_json(document(self._routes)))
        return reply(self._body, call.headers)


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Every route, with all that it takes and answers."""
    schemas = Schemas()
    schemas.of(Problem)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = PLACEHOLDER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": VERSION,
        "info": {
            "title": "EAS Station",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "api", "description": "For programs."},
            {"name": "pages", "description": "For people, and what their pages are made of."},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "eas-ctl tokens add"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": FORM_HEADER,
                    "description": "`csrf` of /api/v1/session: a session must send it to write.",
                },
            },
        },
    }


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": _name(route),
        "summary": route.summary,
        "tags": ["api" if route.is_api else "pages"],
        "security": _security(route),
        "parameters": [
            *(_of_path(name) for name in route.placeholders),
            *(_of_query(one) for one in fields_of(route.query)),
        ],
        "responses": _responses(route, schemas),
    }
    if route.body is not None:
        schema = of_body(route.body)
        content = {"application/x-www-form-urlencoded": {"schema": schema}}
        if route.is_api:
            content = {JSON: {"schema": schema}}
        required = any(one.required for one in fields_of(route.body))
        said["requestBody"] = {"required": required, "content": content}
    return said


def _name(route: Route) -> str:
    words = [part.strip("<>").replace(".", "_") for part in route.path.split("/") if part]
    return "_".join((route.method.lower(), *words)).replace("-", "_")


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.who == "write":
        return [{"token": []}, {"session": [], "csrf": []}]
    if route.who == "operator":
        return [{"token": []}, {"session": []}]
    return []


def _of_path(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": r"^[^/]+$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _of_query(one: FieldSpec) -> dict[str, Any]:
    schema = of_parameter(one)
    said: dict[str, Any] = {
        "name": one.name,
        "in": "query",
        "required": one.required,
        "description": one.metadata.get("description") or f"{in_words(one.type).capitalize()}.",
        "schema": schema,
    }
    if schema.get("type") == "array":
        said |= {"style": "form", "explode": False}
    return said


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    answered: Schema = {}
    if route.answer is not None:
        answered = {"schema": schemas.of(route.answer)}
    elif route.content_type != JSON:
        answered = {"schema": {"type": "string"}}
    kinds = [one.partition(";")[0] for one in (route.content_type, *route.other_types)]
    found: dict[str, Any] = {
        str(status): {"description": _phrase(status)}
        | ({} if 300 <= status < 400 else {"content": dict.fromkeys(kinds, answered)})
        for status in route.statuses
    }
    if route.method == "GET":
        found["304"] = {"description": "It is as it was, by its entity tag."}
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if not route.is_api:
        problem = {HTML.partition(";")[0]: {"schema": {"type": "string"}}}
    for status in sorted(_refusals(route) - {int(one) for one in found}):
        found[str(status)] = {"description": _phrase(status), "content": problem}
    return found


def _refusals(route: Route) -> set[int]:
    return {
        *(*FOR_ALL, *FOR_API, *route.refusals),
        *((404,) if route.placeholders else ()),
        *((401, 403) if route.who == "operator" else ()),
        *(FOR_WRITERS if route.who in ("write", "login") else ()),
        *((401,) if route.is_api else ()),  # a wrong token, even where none is needed
    }


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
