"""Bytes → XML elements, hardened: no DOCTYPE, no entity, no network, bounded size and depth.

lxml drops an entity that it does not resolve without a sign, so a document with a DTD is refused;
CAP never needs one. The input is bytes, because the XML declaration names their encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from eas_station.cap.limits import ParseLimits
from eas_station.errors import CapError

_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


def parse(data: bytes, limits: ParseLimits) -> etree._Element:
    """The root element of a document. Raises CapError."""
    if len(data) > limits.document_bytes:
        raise CapError(f"a document of {len(data)} bytes", shown(data))
    data = trimmed(data)
    if not data:
        raise CapError("an empty document")
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data[:4096]:
        raise CapError("a DOCTYPE, which no CAP document needs", shown(data))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        raise CapError(f"not well-formed XML: {str(error)[:200]}", shown(data)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise CapError("a DOCTYPE, which no CAP document needs", shown(data))
    if _depth(root, limits.depth) > limits.depth:
        raise CapError(f"elements nested deeper than {limits.depth}", shown(data))
    return root


def trimmed(data: bytes) -> bytes:
    """The bytes without a UTF-8 byte order mark and leading blanks, which some servers send."""
    return data.removeprefix(_BOM).lstrip(_BLANKS)


def shown(data: bytes) -> str:
    """The first characters of a document, for a log."""
    return data[:200].decode("utf-8", "backslashreplace")


def text(element: etree._Element) -> str:
    """The whole text of an element, across comments and processing instructions."""
    if len(element) == 0:
        return element.text or ""
    parts = [element.text or ""]
    parts.extend(child.tail or "" for child in element if not isinstance(child.tag, str))
    return "".join(parts)


def children(element: etree._Element) -> Iterator[tuple[str, str, etree._Element]]:
    """The child elements as (namespace, local name, element), in document order."""
    for child in element:
        tag = child.tag
        if isinstance(tag, str):
            namespace, _, name = tag.rpartition("}")
            yield namespace[1:], name, child


def split(element: etree._Element) -> tuple[str, str]:
    """An element's namespace ("" for none) and local name."""
    namespace, _, name = str(element.tag).rpartition("}")
    return namespace[1:], name


def _depth(root: etree._Element, limit: int) -> int:
    """The depth of the tree, counted to one past the limit."""
    deepest = 0
    level = [root]
    while level and deepest <= limit:
        deepest += 1
        level = [child for element in level for child in element]
    return deepest
