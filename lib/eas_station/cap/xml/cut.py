"""Cut the alerts out of an XML document, byte for byte as they were sent.

A signature covers the bytes of one alert, so an alert is cut out of its envelope and not serialized
again. Namespace declarations of the envelope that it uses (XML Namespaces 1.0, 6.1) are added to
its start tag.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from eas_station.cap.limits import ParseLimits
from eas_station.cap.xml import tree
from eas_station.errors import CapError

_TAG = re.compile(rb"<([^\s/>]+)")
_AFTER_NAME = (b">", b" ", b"\t", b"\r", b"\n")
_SEPARATOR = "\x1f"  # between namespace and name; no XML document can hold it


@dataclass(slots=True)
class _Alert:
    """The position of an alert, and the namespaces declared around it."""

    name: str  # with its namespace
    start: int
    declared: dict[str, str]  # prefix ("" the default) → namespace, by the envelope
    end: int = -1


def alerts(data: bytes, limits: ParseLimits | None = None) -> tuple[bytes, ...]:
    """The outermost elements named `alert`, each as a document. Raises CapError.

    An XML declaration, a comment or a processing instruction before or after an alert is left out.
    """
    limits = limits or ParseLimits()
    data = tree.trimmed(data)
    if len(data) > limits.document_bytes:
        raise CapError(f"a document of {len(data)} bytes", tree.shown(data))
    found = _Finder(limits).find(data)
    return tuple(_standalone(data[alert.start : alert.end], alert, limits) for alert in found)


class _Finder:
    """Finds where the alerts of a document begin and end, in one pass."""

    def __init__(self, limits: ParseLimits) -> None:
        self._limits = limits
        self._scopes: list[dict[str, str]] = [{}]
        self._fresh: dict[str, str] = {}  # declared by the element that begins
        self._found: list[_Alert] = []
        self._inside = 0  # depth within the open alert; 0: none is open

    def find(self, data: bytes) -> list[_Alert]:
        parser = expat.ParserCreate(None, _SEPARATOR)
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = lambda name, _: self._open(name, parser.CurrentByteIndex)
        parser.EndElementHandler = lambda _: self._close(data, parser.CurrentByteIndex)
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            said = f"not well-formed XML: {expat.errors.messages.get(error.code, error)}"
            raise CapError(f"{said}, line {error.lineno}", tree.shown(data)) from error
        return self._found

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8", "us-ascii"):
            raise CapError(f"the envelope is in {encoding[:40]!r}, not in UTF-8")

    def _doctype(self, *_: object) -> None:
        raise CapError("a DOCTYPE, which no CAP document needs")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._fresh[prefix or ""] = uri or ""

    def _open(self, name: str, at: int) -> None:
        if len(self._scopes) > self._limits.depth:
            raise CapError(f"elements nested deeper than {self._limits.depth}")
        if self._inside or name.rpartition(_SEPARATOR)[2] == "alert":
            if not self._inside:
                outer = {k: v for k, v in self._scopes[-1].items() if k not in self._fresh}
                self._found.append(_Alert(name, at, outer))
            self._inside += 1
        if len(self._found) > self._limits.alerts:
            raise CapError(f"more than {self._limits.alerts} alerts in one document")
        self._scopes.append({**self._scopes[-1], **self._fresh})
        self._fresh = {}

    def _close(self, data: bytes, at: int) -> None:
        self._scopes.pop()
        if self._inside:
            self._inside -= 1
            if not self._inside:
                self._found[-1].end = _end_of(data, self._found[-1].start, at)


def _end_of(data: bytes, start: int, at: int) -> int:
    """The end of an element; expat reports the start of its end tag, or the end of an empty one.

    No end tag of the same name can follow an empty alert, because it is the outermost one.
    """
    name = _TAG.match(data, start)
    end_tag = b"</" + (name.group(1) if name is not None else b"")
    if (
        data.startswith(end_tag, at)
        and data[at + len(end_tag) : at + len(end_tag) + 1] in _AFTER_NAME
    ):
        return data.index(b">", at) + 1
    return at


def _standalone(piece: bytes, alert: _Alert, limits: ParseLimits) -> bytes:
    """The alert unchanged if it is complete; else with the declarations that it needs."""
    if not alert.declared or _means(piece, alert.name, limits):
        return piece
    used = {
        prefix: uri
        for prefix, uri in alert.declared.items()
        if not prefix or prefix.encode() + b":" in piece
    }
    name_end = _TAG.match(piece)
    if name_end is None:
        raise CapError("an alert without a name", tree.shown(piece))
    added = "".join(
        f" xmlns{':' if prefix else ''}{prefix}={quoteattr(uri)}" for prefix, uri in used.items()
    )
    return piece[: name_end.end()] + added.encode() + piece[name_end.end() :]


def _means(piece: bytes, name: str, limits: ParseLimits) -> bool:
    """Does the piece alone have the root element that it has in its envelope."""
    try:
        root = tree.parse(piece, limits)
    except CapError:
        return False
    return tree.split(root) == tuple(name.rpartition(_SEPARATOR)[::2])
