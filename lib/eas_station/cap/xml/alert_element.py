"""One alert element of CAP 1.1 or 1.2 → a message.

Source: CAP 1.2 (OASIS, 1 July 2010), 3.2.
"""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from eas_station.cap import values
from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import (
    STATUSES,
    CapArea,
    CapInfo,
    CapMessage,
    Named,
    Reference,
    Resource,
)
from eas_station.cap.xml import tree
from eas_station.errors import CapError

_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
_ONCE = ("identifier", "sender", "sent", "status", "msgType", "scope")

_Fields = dict[str, list[etree._Element]]


class XmlAlertReader:
    """Reads one alert. `_notes` says what it leaves out."""

    def __init__(self, namespace: str, raw: str, limits: ParseLimits) -> None:
        self._namespace = namespace
        self._value_name, self._value = f"{{{namespace}}}valueName", f"{{{namespace}}}value"
        self._raw = raw
        self._limits = limits
        self._notes: list[str] = []

    def message(
        self, element: etree._Element, version: str, outer_status: str | None
    ) -> CapMessage:
        fields = self._fields(element)
        required = {name: self._required(fields, name) for name in _ONCE}
        if len(required["identifier"]) > self._limits.identifier_chars:
            raise self._error("the identifier is too long")
        sent_at = values.time(required["sent"])
        if sent_at is None or sent_at == values.LATEST:
            raise self._error(f"sent is not a time with an offset: {required['sent'][:60]!r}")
        infos = tuple(self._info(item) for item in self._some(fields, "info", self._limits.infos))
        return CapMessage(
            identifier=required["identifier"],
            sender=required["sender"],
            sent_at=sent_at,
            status=self._status(required["status"], outer_status),
            message_type=required["msgType"],
            scope=required["scope"],
            version=version,
            raw=self._raw,
            infos=infos,
            references=self._references(fields, infos),
            codes=tuple(_text(item) for item in fields.get("code", ())),
            source=self._optional(fields, "source"),
            restriction=self._optional(fields, "restriction"),
            addresses=self._optional(fields, "addresses"),
            note=self._optional(fields, "note"),
            incidents=self._optional(fields, "incidents"),
            signed=any(
                (namespace, name) == (_SIGNATURE, "Signature")
                for namespace, name, _ in tree.children(element)
            ),
            notes=tuple(self._notes),
        )

    def _status(self, status: str, outer: str | None) -> str:
        if status not in STATUSES:
            raise self._error(f"status {status[:40]!r} is not one of {', '.join(STATUSES)}")
        if outer is None or outer == "Actual" or status != "Actual":
            return status
        self._notes.append(f"the status of its envelope is {outer[:40]!r}")
        return outer if outer in STATUSES else "Test"

    def _references(self, fields: _Fields, infos: tuple[CapInfo, ...]) -> tuple[Reference, ...]:
        texts = [self._optional(fields, "references") or ""]
        texts.extend(t for info in infos for t in info.parameter_values("expiredReferences"))
        found, bad = values.references(" ".join(texts))
        self._notes.extend(f"not a reference: {word[:80]!r}" for word in bad[:10])
        return found

    def _info(self, element: etree._Element) -> CapInfo:
        fields = self._fields(element)
        most = self._limits.values
        parameters = self._named(fields, "parameter")
        ends = next((p.value for p in parameters if p.name == "eventEndingTime"), None)
        return CapInfo(
            language=self._optional(fields, "language") or "en-US",
            event=self._optional(fields, "event"),
            categories=tuple(_text(item) for item in self._some(fields, "category", most)),
            responses=tuple(_text(item) for item in self._some(fields, "responseType", most)),
            urgency=self._optional(fields, "urgency"),
            severity=self._optional(fields, "severity"),
            certainty=self._optional(fields, "certainty"),
            audience=self._optional(fields, "audience"),
            event_codes=self._named(fields, "eventCode"),
            effective_at=self._time(fields, "effective"),
            onset_at=self._time(fields, "onset"),
            expires_at=self._time(fields, "expires"),
            ends_at=self._moment("eventEndingTime", ends),
            sender_name=self._optional(fields, "senderName"),
            headline=self._optional(fields, "headline"),
            description=self._optional(fields, "description"),
            instruction=self._optional(fields, "instruction"),
            web=self._optional(fields, "web"),
            contact=self._optional(fields, "contact"),
            parameters=parameters,
            resources=tuple(self._resource(i) for i in self._some(fields, "resource", most)),
            areas=tuple(self._area(i) for i in self._some(fields, "area", self._limits.areas)),
        )

    def _area(self, element: etree._Element) -> CapArea:
        fields = self._fields(element)
        polygons = []
        for item in self._some(fields, "polygon", self._limits.values):
            text = _text(item)
            ring = values.polygon(text)
            if ring is not None:
                polygons.append(ring)
            elif text:  # many senders write an empty element
                self._notes.append(f"not a polygon: {text[:80]!r}")
        circles = []
        for item in self._some(fields, "circle", self._limits.values):
            text = _text(item)
            circle = values.circle(text)
            if circle is not None:
                circles.append(circle)
            elif text:
                self._notes.append(f"not a circle: {text[:80]!r}")
        return CapArea(
            description=self._optional(fields, "areaDesc"),
            polygons=tuple(polygons),
            circles=tuple(circles),
            geocodes=self._named(fields, "geocode"),
            altitude=self._optional(fields, "altitude"),
            ceiling=self._optional(fields, "ceiling"),
        )

    def _resource(self, element: etree._Element) -> Resource:
        fields = self._fields(element)
        size = self._optional(fields, "size") or ""
        return Resource(
            description=self._optional(fields, "resourceDesc"),
            mime_type=self._optional(fields, "mimeType"),
            size_bytes=int(size)
            if size.isascii() and size.isdecimal() and len(size) < 16
            else None,
            uri=self._optional(fields, "uri"),
            deref_uri=self._optional(fields, "derefUri"),
            digest=self._optional(fields, "digest"),
        )

    def _named(self, fields: _Fields, name: str) -> tuple[Named, ...]:
        """The pairs of a field, in document order. The first of repeated parts counts."""
        found = []
        for item in self._some(fields, name, self._limits.values):
            parts: dict[str, str] = {}
            for child in item:
                tag = child.tag
                if (tag == self._value_name or tag == self._value) and tag not in parts:
                    parts[tag] = _text(child)
            value_name = parts.get(self._value_name)
            if value_name:
                found.append(Named(value_name, parts.get(self._value, "")))
        return tuple(found)

    def _time(self, fields: _Fields, name: str) -> datetime | None:
        return self._moment(name, self._optional(fields, name))

    def _moment(self, name: str, text: str | None) -> datetime | None:
        if text is None:
            return None
        moment = values.lenient_time(text)
        if moment is None:
            self._notes.append(f"{name} is not a time with an offset: {text[:60]!r}")
        return moment

    def _fields(self, element: etree._Element) -> _Fields:
        """The direct children in the alert's CAP namespace, by name."""
        fields: _Fields = {}
        for namespace, name, child in tree.children(element):
            if namespace == self._namespace:
                fields.setdefault(name, []).append(child)
        return fields

    def _required(self, fields: _Fields, name: str) -> str:
        found = fields.get(name, [])
        if len(found) > 1:
            raise self._error(f"{name} occurs {len(found)} times")
        text = _text(found[0]) if found else ""
        if not text:
            raise self._error(f"{name} is missing")
        return text

    def _optional(self, fields: _Fields, name: str) -> str | None:
        """The text of the first element of a field; None if it is empty."""
        found = fields.get(name)
        return (_text(found[0]) or None) if found else None

    def _some(self, fields: _Fields, name: str, most: int) -> list[etree._Element]:
        found = fields.get(name, [])
        if len(found) > most:
            raise self._error(f"{len(found)} times {name}")
        return found

    def _error(self, message: str) -> CapError:
        return CapError(message, self._raw[:200])


def _text(element: etree._Element) -> str:
    return tree.text(element).strip()
