"""Alerts of api.weather.gov in GeoJSON or JSON-LD → messages.

A page is a FeatureCollection, one Feature, or JSON-LD with `@graph`. Fields are read leniently:
null, a string or an object in place of a list occur. Nothing is invented: an alert without
identifier, sender, sent, status or messageType is rejected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any

from eas_station.cap import values
from eas_station.cap.bug import CapBug
from eas_station.cap.documents import json_text
from eas_station.cap.documents.json_fields import (
    are_words,
    mapping,
    outlines,
    point,
    strings,
    text_of,
)
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
    pagination = mapping(top.get("pagination"))
    return GeoJsonPage(
        messages=tuple(collected.messages),
        rejected=tuple(collected.rejected),
        next_url=text_of(pagination.get("next")),
        updated_at=values.time(text_of(top.get("updated")) or ""),
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
    if top.get("type") == "Feature" or "wx:Alert" in strings(top.get("@type")):
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
            codes=strings(self._properties.get("code")),
            note=self._texts.get("note") or None,
            notes=tuple(self._notes),
        )

    def _identifier(self) -> str:
        """The identifier; if it is missing, the last part of the alert's URL, which equals it."""
        for text in (
            self._texts.get("id"),
            self._texts.get("@id"),
            text_of(self._feature.get("id")),
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
            categories=strings(properties.get("category")),
            responses=strings(properties.get("response")),
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
        for coordinates in outlines(geometry):
            points = [point(item) for item in coordinates[: values.MAX_POINTS + 1]]
            ring = values.ring([one for one in points if one is not None])
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
        for name, listed in mapping(self._properties.get(key)).items():
            if type(listed) is not list:
                listed = (listed,)
            elif len(listed) > 1 and are_words(listed):
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


def _reference(item: object) -> Reference | None:
    item = mapping(item)
    sender, identifier = (
        text_of(item.get("sender")),
        text_of(item.get("identifier")),
    )
    sent_at = values.time(text_of(item.get("sent")) or "")
    if sender is None or identifier is None or sent_at is None:
        return None
    return Reference(sender, identifier, sent_at)
