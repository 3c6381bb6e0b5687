"""Atom and RSS feeds of CAP alerts: alerts inside the entries, or links to them.

Source: RFC 4287, RSS 2.0. An index that repeats some CAP fields in its entries (the NWS's until
2023) is read for its links: half a message is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import CapMessage
from eas_station.cap.xml import cap_xml, tree
from eas_station.errors import CapError

ATOM = "http://www.w3.org/2005/Atom"
_CAP_TYPES = ("application/cap+xml", "application/common-alerting-protocol+xml")
_NO_ALERT_TYPES = ("text/html", "application/xhtml+xml", "application/atom+xml")


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One feed document."""

    messages: tuple[CapMessage, ...]  # of entries that hold their alert
    rejected: tuple[CapError, ...]
    links: tuple[str, ...] = ()  # where the alerts of the other entries are, as written


def is_feed(root: etree._Element) -> bool:
    """Is this element an Atom feed or an RSS document."""
    return tree.split(root) in ((ATOM, "feed"), ("", "rss"))


def read(root: etree._Element, limits: ParseLimits) -> FeedPage:
    """The alerts and links of a feed's entries. Raises CapError on too many."""
    messages: list[CapMessage] = []
    rejected: list[CapError] = []
    links: dict[str, None] = {}
    for entry in _entries(root):
        inline, refused = cap_xml.read(entry, limits)
        messages.extend(inline)
        rejected.extend(refused)
        link = None if inline or refused else _link(entry)
        if link is not None:
            links[link] = None
    if len(messages) + len(links) > limits.alerts:
        raise CapError(f"{len(messages) + len(links)} entries in one feed")
    return FeedPage(tuple(messages), tuple(rejected), tuple(links))


def _entries(root: etree._Element) -> list[etree._Element]:
    if tree.split(root) == (ATOM, "feed"):
        return [
            e for namespace, name, e in tree.children(root) if (namespace, name) == (ATOM, "entry")
        ]
    channels = [
        e for namespace, name, e in tree.children(root) if (namespace, name) == ("", "channel")
    ]
    return [
        entry
        for channel in channels
        for namespace, name, entry in tree.children(channel)
        if (namespace, name) == ("", "item")
    ]


def _link(entry: etree._Element) -> str | None:
    """The link that leads to the alert: one typed as CAP, else the first that could."""
    typed: list[str] = []
    untyped: list[str] = []
    for namespace, name, element in tree.children(entry):
        if (namespace, name) == (ATOM, "link") or (namespace, name) == ("", "enclosure"):
            href = (element.get("href") or element.get("url") or "").strip()
            kind = (element.get("type") or "").partition(";")[0].strip().lower()
            if href and kind in _CAP_TYPES:
                typed.append(href)
            elif href and kind not in _NO_ALERT_TYPES:
                untyped.append(href)
        elif (namespace, name) == ("", "link"):
            untyped.append(tree.text(element).strip())
    return next((href for href in (*typed, *untyped) if href), None)
