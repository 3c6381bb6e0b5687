"""Fields of JSON read leniently: objects, texts, lists, and the outlines of a GeoJSON geometry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def are_words(listed: list[Any]) -> bool:
    """Are all members strings of letters and digits, as codes are, so that none must be stripped.

    It is one test for a whole list, because a nationwide answer holds ten thousand codes.
    """
    try:
        return "".join(listed).isalnum() and "" not in listed
    except TypeError:
        return False


def outlines(geometry: object, depth: int = 0) -> Iterator[list[Any]]:
    """The outer rings of a Polygon, a MultiPolygon or a GeometryCollection, without holes."""
    shape = mapping(geometry)
    coordinates = shape.get("coordinates")
    polygons: list[Any] = []
    if shape.get("type") == "Polygon":
        polygons = [coordinates]
    elif shape.get("type") == "MultiPolygon" and isinstance(coordinates, list):
        polygons = coordinates
    elif shape.get("type") == "GeometryCollection" and depth < 3:
        inner = shape.get("geometries")
        for part in inner if isinstance(inner, list) else []:
            yield from outlines(part, depth + 1)
    for polygon in polygons:
        if isinstance(polygon, list) and polygon and isinstance(polygon[0], list) and polygon[0]:
            yield polygon[0]


def point(item: object) -> tuple[float, float] | None:
    """(latitude, longitude) of a GeoJSON position, whose longitude comes first."""
    if not isinstance(item, list) or len(item) not in (2, 3):
        return None
    for number in item[:2]:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            return None
    return float(item[1]), float(item[0])


def mapping(value: object) -> dict[str, Any]:
    """The object; an empty one for any other type."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """The stripped string; None for a blank one, null and any other type."""
    if not isinstance(value, str):
        return None
    return value.strip() or None


def strings(value: object) -> tuple[str, ...]:
    """The strings of a list, or the one string in place of a list."""
    listed = value if isinstance(value, list) else [value]
    stripped = [text.strip() for text in listed if isinstance(text, str)]
    return tuple([text for text in stripped if text])
