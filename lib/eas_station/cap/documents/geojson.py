"""Alerts of api.weather.gov in GeoJSON or JSON-LD → messages.

A page is a FeatureCollection, one Feature, or JSON-LD with `@graph`. Fields are read leniently:
null, a string or an object in place of a list occur. Nothing is invented: an alert without
identifier, sender, sent, status or messageType is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any

from eas_station.cap import values
from eas_station.cap.bug import CapBug
from eas_station.cap.documents import json_text
from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import STATUSES, CapArea, CapInfo, CapMessage, Named, Reference, Ring
from eas_station.errors import CapError

_ALERT_URL = "/alerts/"
_Object = dict[str, Any]
_new_named = tuple.__new__  # the same as Named(...), but faster


@dataclass(frozen=True, slots=True)
class GeoJsonPage:
    """One answer of the API."""

    messages: tuple[CapMessage, ...]
    rejected: tuple[CapError, ...]
    next_url: str | None = None  # pagination
    updated_at: datetime | None = None  # of the whole answer; goes backwards when a cache is stale
    unchanged: int = 0  # alerts left out because their text is known


def parse(
    data: bytes, limits: ParseLimits | None = None, is_known: Callable[[str], bool] | None = None
) -> GeoJsonPage:
    """The alerts of one answer. Raises CapError if it is not such an answer, or is cut off.

    Args:
        is_known: was the text of an alert read before; then it is left out.
    """
    limits = limits or ParseLimits()
    if len(data) > limits.document_bytes:
        raise CapError(f"a document of {len(data)} bytes", repr(data[:200]))
    text = json_text.decode(data).strip(" \t\r\n")
    collected = _Collected(limits, is_known)
    top, has_list = json_text.read(text, ("features", "@graph"), collected.take)
    if not has_list:
        collected.take(json_text.Member(_single(top, text), text, mended=False))
        top = {}
    pagination = _mapping(top.get("pagination"))
    return GeoJsonPage(
        messages=tuple(collected.messages),
        rejected=tuple(collected.rejected),
        next_url=_text(pagination.get("next")),
        updated_at=values.time(_text(top.get("updated")) or ""),
        unchanged=collected.unchanged,
    )


class _Collected:
    """The messages and the rejects of one answer."""

    def __init__(self, limits: ParseLimits, is_known: Callable[[str], bool] | None) -> None:
        self.messages: list[CapMessage] = []
        self.rejected: list[CapError] = []
        self.unchanged = 0
        self._limits = limits
        self._is_known = is_known
        self._left = limits.alerts

    def take(self, member: json_text.Member) -> None:
        """Read one member. Raises CapError on too many."""
        self._left -= 1
        if self._left < 0:
            raise CapError(f"more than {self._limits.alerts} alerts in one document")
        if self._is_known is not None and self._is_known(member.text):
            self.unchanged += 1
            return
        try:
            self.messages.append(_GeoJsonReader(member, self._limits).message())
        except CapError as error:
            self.rejected.append(error)
        except Exception as error:  # noqa: BLE001 - the barrier round one item from outside
            self.rejected.append(CapBug(error, member.text))


def _single(top: _Object, text: str) -> _Object:
    """The document as one Feature or one JSON-LD alert. Raises CapError if it is neither."""
    if top.get("type") == "Feature" or "wx:Alert" in _strings(top.get("@type")):
        return top
    raise CapError("neither a FeatureCollection, nor a Feature, nor JSON-LD", text[:200])


class _GeoJsonReader:
    """Reads one alert. `_notes` says what it leaves out."""

    def __init__(self, member: json_text.Member, limits: ParseLimits) -> None:
        self._raw = member.text
        self._limits = limits
        self._notes: list[str] = []
        if len(member.text) > limits.alert_chars:
            raise self._error(f"an alert of {len(member.text)} characters")
        if not isinstance(member.value, dict):
            raise self._error("the alert is not an object")
        if member.mended:
            self._notes.append("NUL characters or lone surrogates were replaced")
        self._feature: _Object = member.value
        inner = self._feature.get("properties", self._feature)
        if not isinstance(inner, dict):
            raise self._error("properties is not an object")
        self._properties: _Object = inner
        self._texts = {key: text.strip() for key, text in inner.items() if type(text) is str}
        for where in (self._feature, inner, inner.get("geocode"), inner.get("parameters")):
            if isinstance(where, dict) and json_text.REPEATED in where:
                raise self._error(f"{where[json_text.REPEATED]!r} occurs twice")

    def message(self) -> CapMessage:
        sent = self._required("sent")
        sent_at = values.time(sent)
        if sent_at is None or sent_at == values.LATEST:
            raise self._error(f"sent is not a time with an offset: {sent[:60]!r}")
        status = self._required("status")
        if status not in STATUSES:
            raise self._error(f"status {status[:40]!r} is not one of {', '.join(STATUSES)}")
        info = self._info()
        return CapMessage(
            identifier=self._identifier(),
            sender=self._sender(),
            sent_at=sent_at,
            status=status,
            message_type=self._required("messageType"),
            scope=self._texts.get("scope") or "Public",  # all alerts of the API are public
            version="nws",
            raw=self._raw,
            infos=(info,),
            references=self._references(info),
            codes=_strings(self._properties.get("code")),
            note=self._texts.get("note") or None,
            notes=tuple(self._notes),
        )

    def _identifier(self) -> str:
        """The identifier; if it is missing, the last part of the alert's URL, which equals it."""
        for text in (
            self._texts.get("id"),
            self._texts.get("@id"),
            _text(self._feature.get("id")),
        ):
            if text:
                identifier = text.rpartition(_ALERT_URL)[2].strip()
                if identifier and len(identifier) <= self._limits.identifier_chars:
                    return identifier
        raise self._error("id is missing")

    def _sender(self) -> str:
        sender = self._texts.get("sender")
        if not sender:
            sender = self._required("senderName")
            self._notes.append("sender is missing: senderName is used")
        return sender

    def _info(self) -> CapInfo:
        properties, text = self._properties, self._texts.get
        parameters = self._named("parameters")
        return CapInfo(
            language=text("language") or "en-US",
            event=text("event") or None,
            categories=_strings(properties.get("category")),
            responses=_strings(properties.get("response")),
            urgency=text("urgency") or None,
            severity=text("severity") or None,
            certainty=text("certainty") or None,
            event_codes=self._named("eventCode"),
            effective_at=self._time("effective"),
            onset_at=self._time("onset"),
            expires_at=self._time("expires"),
            ends_at=self._ends_at(parameters),
            sender_name=text("senderName") or None,
            headline=text("headline") or None,
            description=text("description") or None,
            instruction=text("instruction") or None,
            web=text("web") or None,
            parameters=parameters,
            areas=self._areas(),
        )

    def _ends_at(self, parameters: tuple[Named, ...]) -> datetime | None:
        """`ends`, or else the parameter eventEndingTime, which equals it if both are present."""
        ends_at = self._time("ends")
        if ends_at is not None:
            return ends_at
        text = next((value for name, value in parameters if name == "eventEndingTime"), None)
        return None if text is None else values.lenient_time(text)

    def _areas(self) -> tuple[CapArea, ...]:
        description = self._texts.get("areaDesc") or None
        polygons, geocodes = self._polygons(), self._named("geocode")
        if description is None and not polygons and not geocodes:
            return ()
        return (CapArea(description, polygons, (), geocodes),)

    def _polygons(self) -> tuple[Ring, ...]:
        geometry = self._feature.get("geometry")
        if geometry is None:
            return ()
        rings = []
        for coordinates in _outlines(geometry):
            points = [_point(item) for item in coordinates[: values.MAX_POINTS + 1]]
            ring = values.ring([point for point in points if point is not None])
            if ring is None or None in points:
                self._notes.append("the geometry is not a ring on the Earth")
                return ()
            rings.append(ring)
        if not rings:
            self._notes.append("the geometry is not a polygon")
        return tuple(rings)

    def _references(self, info: CapInfo) -> tuple[Reference, ...]:
        """The references, then the expired ones, each once."""
        found: dict[Reference, None] = {}
        listed = self._properties.get("references")
        for item in listed if isinstance(listed, list) else [] if listed is None else [listed]:
            reference = _reference(item)
            if reference is None:
                self._notes.append("a reference without sender, identifier and sent")
            else:
                found[reference] = None
        expired = info.parameter_values("expiredReferences")
        if expired:
            more, bad = values.references(" ".join(expired))
            self._notes.extend(f"not a reference: {word[:80]!r}" for word in bad[:10])
            found.update(dict.fromkeys(more))
        return tuple(found)

    def _named(self, key: str) -> tuple[Named, ...]:
        """The pairs of an object of lists, `{"SAME": ["048029"]}`; `[]` occurs as an empty one."""
        found: list[Named] = []
        for name, listed in _mapping(self._properties.get(key)).items():
            if type(listed) is not list:
                listed = (listed,)
            elif len(listed) > 1 and _are_words(listed):
                found.extend(map(_new_named, repeat(Named), zip(repeat(name), listed)))
                continue
            for text in listed:
                if type(text) is str and (stripped := text.strip()):
                    found.append(_new_named(Named, (name, stripped)))
        if len(found) > self._limits.values:
            raise self._error(f"{len(found)} values in {key}")
        return tuple(found)

    def _time(self, key: str) -> datetime | None:
        text = self._texts.get(key)
        if not text:
            return None
        moment = values.lenient_time(text)
        if moment is None:
            self._notes.append(f"{key} is not a time with an offset: {text[:60]!r}")
        return moment

    def _required(self, key: str) -> str:
        text = self._texts.get(key)
        if not text:
            raise self._error(f"{key} is missing")
        return text

    def _error(self, message: str) -> CapError:
        return CapError(message, self._raw[:200])


def _are_words(listed: list[Any]) -> bool:
    """Are all members strings of letters and digits, as codes are, so that none must be stripped.

    It is one test for a whole list, because a nationwide answer holds ten thousand codes.
    """
    try:
        return "".join(listed).isalnum() and "" not in listed
    except TypeError:
        return False


def _reference(item: object) -> Reference | None:
    item = _mapping(item)
    sender, identifier = _text(item.get("sender")), _text(item.get("identifier"))
    sent_at = values.time(_text(item.get("sent")) or "")
    if sender is None or identifier is None or sent_at is None:
        return None
    return Reference(sender, identifier, sent_at)


def _outlines(geometry: object, depth: int = 0) -> Iterator[list[Any]]:
    """The outer rings of a Polygon, a MultiPolygon or a GeometryCollection, without holes."""
    shape = _mapping(geometry)
    coordinates = shape.get("coordinates")
    polygons: list[Any] = []
    if shape.get("type") == "Polygon":
        polygons = [coordinates]
    elif shape.get("type") == "MultiPolygon" and isinstance(coordinates, list):
        polygons = coordinates
    elif shape.get("type") == "GeometryCollection" and depth < 3:
        inner = shape.get("geometries")
        for part in inner if isinstance(inner, list) else []:
            yield from _outlines(part, depth + 1)
    for polygon in polygons:
        if isinstance(polygon, list) and polygon and isinstance(polygon[0], list) and polygon[0]:
            yield polygon[0]


def _point(item: object) -> tuple[float, float] | None:
    """(latitude, longitude) of a GeoJSON position, whose longitude comes first."""
    if not isinstance(item, list) or len(item) not in (2, 3):
        return None
    for number in item[:2]:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            return None
    return float(item[1]), float(item[0])


def _mapping(value: object) -> _Object:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """The stripped string; None for a blank one, null and any other type."""
    if not isinstance(value, str):
        return None
    return value.strip() or None


def _strings(value: object) -> tuple[str, ...]:
    """The strings of a list, or the one string in place of a list."""
    listed = value if isinstance(value, list) else [value]
    stripped = [text.strip() for text in listed if isinstance(text, str)]
    return tuple([text for text in stripped if text])
