"""CAP 1.1 and 1.2 in XML → messages: one alert, an IPAWS feed, an EDXL-DE envelope.

Elements are matched by namespace, name and place. A bad alert is rejected, the others are read.
Source: CAP 1.2 (OASIS, 1 July 2010), 3.2 and 3.4; EDXL-DE 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from eas_station.cap.bug import CapBug
from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import CapMessage
from eas_station.cap.xml import tree
from eas_station.cap.xml.alert_element import XmlAlertReader
from eas_station.errors import CapError

VERSIONS = {
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
}
_EDXL = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"


def parse(data: bytes, limits: ParseLimits | None = None) -> tuple[CapMessage, ...]:
    """The messages of a document. Raises CapError if every alert is rejected."""
    messages, rejected = read(
        tree.parse(data, limits or ParseLimits()), limits or ParseLimits(), data
    )
    if rejected and not messages:
        raise rejected[0]
    return messages


def read(
    root: etree._Element, limits: ParseLimits, data: bytes | None = None
) -> tuple[tuple[CapMessage, ...], tuple[CapError, ...]]:
    """Every alert under an element: the messages, and the errors of the rejected ones.

    Args:
        data: the document, if the element is its root: its exact text is the message's text.
    """
    messages: list[CapMessage] = []
    rejected: list[CapError] = []
    found = list(alerts(root))
    if len(found) > limits.alerts:
        raise CapError(f"{len(found)} alerts in one document")
    outer = _envelope_status(root)
    for element in found:
        raw = _raw(element, data if element is root else None)
        try:
            messages.append(_message(element, raw, outer, limits))
        except CapError as error:
            rejected.append(error)
        except Exception as error:  # noqa: BLE001 - the barrier round one item from outside
            rejected.append(CapBug(error, raw))
    return tuple(messages), tuple(rejected)


def alerts(root: etree._Element) -> Iterator[etree._Element]:
    """The outermost elements named `alert`, in any namespace."""
    if tree.split(root)[1] == "alert":
        yield root
        return
    for _, _, child in tree.children(root):
        yield from alerts(child)


def _envelope_status(root: etree._Element) -> str | None:
    """The distributionStatus of an EDXL-DE envelope: in a Test every alert is a test."""
    if tree.split(root) != (_EDXL, "EDXLDistribution"):
        return None
    for namespace, name, child in tree.children(root):
        if (namespace, name) == (_EDXL, "distributionStatus"):
            return tree.text(child).strip()
    return None


def _raw(element: etree._Element, data: bytes | None) -> str:
    if data is not None:
        encoding = element.getroottree().docinfo.encoding or "utf-8"
        try:
            return tree.trimmed(data).decode(encoding)
        except (UnicodeDecodeError, LookupError):
            pass
    return etree.tostring(element, encoding="unicode", with_tail=False)


def _message(
    element: etree._Element, raw: str, outer_status: str | None, limits: ParseLimits
) -> CapMessage:
    if len(raw) > limits.alert_chars:
        raise CapError(f"an alert of {len(raw)} characters", raw[:200])
    namespace, _ = tree.split(element)
    version = VERSIONS.get(namespace)
    if version is None:
        raise CapError(f"the namespace {namespace!r} is not CAP 1.1 or 1.2", raw[:200])
    return XmlAlertReader(namespace, raw, limits).message(element, version, outer_status)
