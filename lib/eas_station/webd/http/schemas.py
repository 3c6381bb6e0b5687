"""Types → JSON Schema (2020-12), as `wire` writes values of them."""

from __future__ import annotations

import dataclasses
import types
from datetime import datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from eas_station.webd.http.parameters import LONGEST_TEXT, Parameter, parameters

Schema = dict[str, Any]

PLACE = "#/components/schemas/"
BIGGEST = 999_999_999_999_999_999  # of the digits that `parameters` reads


class Schemas:
    """Schemas of types; those of dataclasses are named once and referred to."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._types: dict[str, Any] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of what `wire.to_plain` makes of a value. Raises TypeError."""
        origin, members = get_origin(kind), get_args(kind)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            return self._named(kind)
        if origin in (Union, types.UnionType):
            return self._union(members)
        if origin is Literal:
            return {"enum": list(members)}
        if origin in (tuple, list):
            return self._array(members)
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(members[1])}
        return {} if kind is object else _simple(kind)

    def _named(self, cls: type) -> Schema:
        name = cls.__name__
        known = self._types.setdefault(name, cls)
        if known is not cls:
            name = f"{cls.__module__.rpartition('.')[2].capitalize()}{name}"
            known = self._types.setdefault(name, cls)
            if known is not cls:
                raise TypeError(f"two types are called {name}")
        if name not in self.components:
            self.components[name] = {}  # so that a type may speak of itself
            self.components[name] = self._object(cls)
        return {"$ref": f"{PLACE}{name}"}

    def _object(self, cls: Any) -> Schema:
        hints = get_type_hints(cls)
        names = [one.name for one in dataclasses.fields(cls)]
        first_line = (cls.__doc__ or "").strip().partition("\n")[0]
        return {
            "type": "object",
            "description": first_line,
            "properties": {name: self.of(hints[name]) for name in names},
            "required": names,
        }

    def _union(self, members: tuple[Any, ...]) -> Schema:
        schemas = [self.of(one) for one in members if one is not types.NoneType]
        if types.NoneType not in members:
            return {"anyOf": schemas}
        if len(schemas) == 1 and isinstance(schemas[0].get("type"), str):
            return schemas[0] | {"type": [schemas[0]["type"], "null"]}
        if len(schemas) == 1 and "null" in schemas[0].get("type", ()):
            return schemas[0]
        return {"anyOf": [*schemas, {"type": "null"}]}

    def _array(self, members: tuple[Any, ...]) -> Schema:
        if len(members) == 1 or members[-1] is Ellipsis:
            return {"type": "array", "items": self.of(members[0])}
        count = len(members)
        items = [self.of(one) for one in members]
        return {"type": "array", "prefixItems": items, "minItems": count, "maxItems": count}


def of_parameter(one: Parameter) -> Schema:
    """What a parameter may be."""
    schema = _of_kind(one)
    if one.default is not None and not isinstance(one.default, frozenset):
        schema["default"] = one.default
    return schema


def of_body(cls: type) -> Schema:
    """What a body may be: an object of these; null and "" mean that it is not given."""
    listed = parameters(cls)
    schema: Schema = {
        "type": "object",
        "properties": {one.name: _described(one) for one in listed},
    }
    required = [one.name for one in listed if one.required]
    return schema | ({"required": required} if required else {})


def _described(one: Parameter) -> Schema:
    schema = of_parameter(one)
    if not one.required:
        schema = {"anyOf": [schema, {"enum": [None, ""]}]}
    return schema | ({"description": one.says} if one.says else {})


def _of_kind(one: Parameter) -> Schema:
    kind, origin = one.kind, get_origin(one.kind)
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is frozenset:
        return {"type": "array", "items": {"enum": sorted(get_args(get_args(kind)[0]))}}
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer", "minimum": one.least or 0, "maximum": one.most or BIGGEST}
    schema: Schema = {"type": "string", "maxLength": one.most or LONGEST_TEXT}
    if one.pattern:
        schema["pattern"] = one.pattern if one.required else f"^$|{one.pattern}"
    if one.form:
        schema["format"] = one.form
    return schema


def _simple(kind: Any) -> Schema:
    if kind is float:  # what is not finite is written as null
        return {"type": ["number", "null"]}
    known: dict[Any, Schema] = {
        str: {"type": "string"},
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        datetime: {"type": "string", "format": "date-time"},
        types.NoneType: {"type": "null"},
    }
    if kind not in known:
        raise TypeError(f"{kind!r} has no schema")
    return dict(known[kind])
