"""The description of the API against the routes that there are."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from eas_station.field_types import Pattern, Range, fields_of
from eas_station.webd.api import openapi
from eas_station.webd.http.parameters import Length, Text
from eas_station.webd.http.routes import Route
from eas_station.webd.http.schemas import Schemas, of_body, of_parameter


def registered(station: Any) -> list[Route]:
    return [route.config["registered"] for route in station.bottle().routes]


def test_every_route_is_in_the_description_and_it_is_valid(station_with: Any) -> None:
    station = station_with(None)
    status, fields, body = station.get("/api/v1/openapi.json")
    assert (status, fields["content-type"]) == (200, "application/json")
    described = json.loads(body)
    OpenAPIV31SpecValidator(described).validate()
    found = {
        (method.upper(), path) for path, methods in described["paths"].items() for method in methods
    }
    mounted = {
        (route.method, re.sub(r"<(\w+)>", r"{\1}", route.rule)) for route in station.bottle().routes
    }
    assert found == mounted
    assert len(found) >= 45


def test_every_answer_of_the_api_has_a_type(station_with: Any) -> None:
    for route in registered(station_with(None)):
        if route.is_api and route.content_type == "application/json":
            assert route.answer is not None, route.path


def test_who_may_is_in_the_description(station_with: Any) -> None:
    described = openapi.document(registered(station_with(None)))["paths"]
    assert described["/api/v1/status"]["get"]["security"] == []
    assert described["/api/v1/audit"]["get"]["security"] == [{"token": []}, {"session": []}]
    verify = described["/api/v1/alerts/{alert_id}/verify"]["post"]
    assert verify["security"] == [{"token": []}, {"session": [], "csrf": []}]
    assert {"202", "403", "404", "409", "429"} <= set(verify["responses"])
    problem = verify["responses"]["409"]["content"]["application/problem+json"]
    assert problem == {"schema": {"$ref": "#/components/schemas/Problem"}}


@dataclass(frozen=True, slots=True)
class Inner:
    """A part."""

    at: datetime
    level: float


@dataclass(frozen=True, slots=True)
class Outer:
    """A whole."""

    parts: tuple[Inner, ...]
    pair: tuple[float, float]
    word: Literal["a", "b"]
    maybe: str | None
    part: Inner | None
    counts: dict[str, int]


def test_a_type_becomes_the_schema_of_what_is_written_of_it() -> None:
    schemas = Schemas()
    assert schemas.of(Outer) == {"$ref": "#/components/schemas/Outer"}
    inner, number = {"$ref": "#/components/schemas/Inner"}, {"type": ["number", "null"]}
    assert schemas.components["Outer"]["properties"] == {
        "parts": {"type": "array", "items": inner},
        "pair": {
            "type": "array", "prefixItems": [number, number], "minItems": 2, "maxItems": 2
        },
        "word": {"enum": ["a", "b"]},
        "maybe": {"type": ["string", "null"]},
        "part": {"anyOf": [inner, {"type": "null"}]},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    }  # fmt: skip
    assert schemas.components["Inner"]["required"] == ["at", "level"]
    with pytest.raises(TypeError, match="has no schema"):
        schemas.of(bytes)


@dataclass(frozen=True, slots=True)
class Asked:
    """Parameters."""

    name: Text
    count: Annotated[int, Range(1, 9)] = 5
    code: Annotated[str, Length(3), Pattern("[A-Z]{3}", "three letters")] | None = None


def test_a_parameter_says_what_it_may_be() -> None:
    name, count, code = fields_of(Asked)
    assert of_parameter(name) == {"type": "string", "maxLength": 1000, "minLength": 1}
    assert of_parameter(count) == {"type": "integer", "minimum": 1, "maximum": 9, "default": 5}
    assert of_parameter(code)["pattern"] == "^$|^[A-Z]{3}$"
    assert of_body(Asked)["required"] == ["name"]


@dataclass(frozen=True, slots=True)
class Unbounded:
    """Parameters without a bound."""

    name: str
    count: int


def test_a_parameter_without_a_bound_cannot_be_described() -> None:
    for spec in fields_of(Unbounded):
        with pytest.raises(TypeError, match=r"has no (Length|Range)"):
            of_parameter(spec)
