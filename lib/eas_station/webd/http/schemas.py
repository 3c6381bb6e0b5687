"""Types → JSON Schema (2020-12), as `wire` writes and `parameters` reads values of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from eas_station.field_types import FieldSpec, FieldType, Pattern, Range, field_type, fields_of
from eas_station.webd.http.parameters import Length

Schema = dict[str, Any]

C = TypeVar("C")

REFERENCE = "#/components/schemas/"
NULL = {"type": "null"}
SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},  # a number that is not finite is written as null
    datetime: {"type": "string", "format": "date-time"},
}


class Schemas:
    """Schemas of types; those of dataclasses are defined once and referred to by name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._types: dict[str, Any] = {}

    def of(self, annotation: Any) -> Schema:
        """The schema of what `wire.to_plain` makes of a value. Raises TypeError."""
        return self._of(field_type(annotation))

    def _of(self, kind: FieldType) -> Schema:
        schema = self._of_form(kind)
        return _nullable(schema) if kind.optional else schema

    def _of_form(self, kind: FieldType) -> Schema:
        match kind.form:
            case "any":
                return {}
            case "choice":
                return {"enum": list(kind.choices)}
            case "scalar":
                return _scalar(kind)
            case "dataclass":
                return self._named(kind.type)
        members = [self._of(one) for one in kind.members]
        match kind.form:
            case "union":
                return {"anyOf": members}
            case "dict":
                return {"type": "object", "additionalProperties": members[0]}
            case "tuple":
                count = {"minItems": len(members), "maxItems": len(members)}
                return {"type": "array", "prefixItems": members, **count}
            case _:
                return {"type": "array", "items": members[0]}

    def _named(self, cls: Any) -> Schema:
        name = cls.__name__
        if self._types.setdefault(name, cls) is not cls:
            raise TypeError(f"two types are called {name}")
        if name not in self.components:
            self.components[name] = {}  # a type may contain itself
            specs = fields_of(cls)
            self.components[name] = {
                "type": "object",
                "description": (cls.__doc__ or "").strip().partition("\n")[0],
                "properties": {one.name: self._of(one.type) for one in specs},
                "required": [one.name for one in specs],
            }
        return {"$ref": f"{REFERENCE}{name}"}


def of_parameter(spec: FieldSpec) -> Schema:
    """The schema of a query parameter. Raises TypeError."""
    schema = _of_input(spec)
    if spec.default is not None and spec.type.form != "set":
        schema["default"] = spec.default
    return schema


def of_body(cls: type) -> Schema:
    """The schema of a body: an object. In it, null and "" mean that a field is not given."""
    specs = fields_of(cls)
    schema: Schema = {"type": "object", "properties": {one.name: _described(one) for one in specs}}
    required = [one.name for one in specs if one.required]
    return schema | ({"required": required} if required else {})


def _described(spec: FieldSpec) -> Schema:
    schema = of_parameter(spec)
    if not spec.required:
        schema = {"anyOf": [schema, {"enum": [None, ""]}]}
    description = spec.metadata.get("description")
    return schema | ({"description": description} if description else {})


def _of_input(spec: FieldSpec) -> Schema:
    kind = spec.type
    if kind.form == "choice":
        return {"enum": list(kind.choices)}
    if kind.form == "set":
        return {"type": "array", "items": {"enum": sorted(kind.members[0].choices)}}
    schema = _scalar(kind)
    if kind.type is int:
        bounds = _check(spec, Range)
        return schema | {"minimum": bounds.least, "maximum": bounds.most}
    if kind.type is str:
        schema |= {"maxLength": _check(spec, Length).most}
        if spec.required:  # an empty text counts as not given
            schema["minLength"] = 1
        if any(isinstance(one, Pattern) for one in kind.checks):
            pattern = f"^{_check(spec, Pattern).regex}$"
            schema["pattern"] = pattern if spec.required else f"^$|{pattern}"
        if "format" in spec.metadata:
            schema["format"] = spec.metadata["format"]
    return schema


def _check(spec: FieldSpec, kind: type[C]) -> C:
    """The check of this kind. Every number and every text that a client sends has a bound."""
    for one in spec.type.checks:
        if isinstance(one, kind):
            return one
    raise TypeError(f"{spec.name} has no {kind.__name__}")


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    if "null" in schema.get("type", ()):
        return schema
    return {"anyOf": [*schema.get("anyOf", [schema]), NULL]}


def _scalar(kind: FieldType) -> Schema:
    if kind.type not in SCALARS:
        raise TypeError(f"{kind.type!r} has no schema")
    return dict(SCALARS[kind.type])
