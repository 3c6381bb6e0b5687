"""The OpenAPI description, made from the routes and the types of their parameters and answers."""

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
FOR_ALL = (429, 500)
FOR_API = (400, 405, 503, 504)
FOR_WRITERS = (401, 403, 413, 415)
ABOUT = (
    "The alerts that an EAS Station receives, and its state. Reading is open; writing needs a token"
    " (`eas-ctl tokens add`) or a login. Times are ISO 8601 in UTC with Z. Null means not known."
    " Fields may be added; those described here stay."
)


class Description:
    """Serves the description, made at the first request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = (*routes, self.route())
        self._body: Body | None = None

    def route(self) -> Route:
        """Its route."""
        return Route("GET", PATH, self.answer, "This description.", answer=dict[str, object])

    def answer(self, call: Call) -> HTTPResponse:
        """The description."""
        if self._body is None:
            self._body = Body(JSON, wire.plain_to_json(document(self._routes)))
        return reply(self._body, call.headers)


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The description of these routes."""
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
            {"name": "pages", "description": "Pages, and their files."},
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
                    "description": "`csrf` of /api/v1/session. A session must send it to write.",
                },
            },
        },
    }


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
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
        described["requestBody"] = {"required": required, "content": content}
    return described


def _name(route: Route) -> str:
    words = [part.strip("<>").replace(".", "_") for part in route.path.split("/") if part]
    return "_".join((route.method.lower(), *words)).replace("-", "_")


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.role == "write":
        return [{"token": []}, {"session": [], "csrf": []}]
    if route.role == "operator":
        return [{"token": []}, {"session": []}]
    return []


def _of_path(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": r"^[^/]+$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _of_query(one: FieldSpec) -> dict[str, Any]:
    schema, words = of_parameter(one), in_words(one.type)
    described: dict[str, Any] = {
        "name": one.name,
        "in": "query",
        "required": one.required,
        "description": one.metadata.get("description") or f"{words[:1].upper()}{words[1:]}.",
        "schema": schema,
    }
    if schema.get("type") == "array":
        described |= {"style": "form", "explode": False}
    return described


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    media: Schema = {}
    if route.answer is not None:
        media = {"schema": schemas.of(route.answer)}
    elif route.content_type != JSON:
        media = {"schema": {"type": "string"}}
    kinds = [one.partition(";")[0] for one in (route.content_type, *route.other_types)]
    found: dict[str, Any] = {
        str(status): {"description": _phrase(status)}
        | ({} if 300 <= status < 400 else {"content": dict.fromkeys(kinds, media)})
        for status in route.statuses
    }
    if route.method == "GET":
        found["304"] = {"description": "Not changed, by its entity tag."}
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
        *((401, 403) if route.role == "operator" else ()),
        *(FOR_WRITERS if route.role in ("write", "login") else ()),
        *((401,) if route.is_api else ()),  # an invalid token, even where none is needed
    }


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
