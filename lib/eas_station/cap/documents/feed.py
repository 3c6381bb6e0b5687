"""Atom and RSS feeds of CAP alerts: alerts inside the entries, or links to them.

Source: RFC 4287 (Atom), RSS 2.0, RSS 1.0 (RDF Site Summary). An index that repeats some CAP fields
in its entries (the NWS's until 2023) is read for its links only: the fields are not a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import CapMessage
from eas_station.cap.xml import cap_xml, tree
from eas_station.errors import CapError

ATOM = "http://www.w3.org/2005/Atom"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS_1 = "http://purl.org/rss/1.0/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_ROOTS = ((ATOM, "feed"), ("", "rss"), (RDF, "RDF"))
_ENTRIES = ((ATOM, "entry"), ("", "item"), (RSS_1, "item"))
_UPDATED = ((ATOM, "updated"), ("", "pubDate"), (DUBLIN_CORE, "date"), (ATOM, "published"))
_CAP_TYPES = ("application/cap+xml", "application/common-alerting-protocol+xml")
_PAGE_TYPES = ("text/html", "application/xhtml+xml", "application/atom+xml")
_LONGEST_UPDATED = 100


class FeedLink(NamedTuple):
    """A link of a feed to an alert."""

    url: str  # as written: it may be relative
    updated: str | None = None  # of its entry, as written; another text means another content


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One feed document."""

    messages: tuple[CapMessage, ...]  # of entries that contain their alert
    rejected: tuple[CapError, ...]
    links: tuple[FeedLink, ...] = ()  # where the alerts of the other entries are


def is_feed(root: etree._Element) -> bool:
    """Is this element an Atom feed or an RSS document."""
    return tree.split(root) in _ROOTS


def read(root: etree._Element, limits: ParseLimits) -> FeedPage:
    """The alerts and links of a feed's entries. Raises CapError on too many."""
    messages: list[CapMessage] = []
    rejected: list[CapError] = []
    links: dict[str, str | None] = {}
    for entry in _entries(root):
        inline, refused = cap_xml.read(entry, limits)
        messages.extend(inline)
        rejected.extend(refused)
        link = None if inline or refused else _link(entry)
        if link is not None:
            links.setdefault(link, _updated(entry))
    if len(messages) + len(links) > limits.alerts:
        raise CapError(f"{len(messages) + len(links)} entries in one feed")
    return FeedPage(
        tuple(messages), tuple(rejected), tuple(FeedLink(*link) for link in links.items())
    )


def _entries(root: etree._Element) -> Iterator[etree._Element]:
    """The entries: below the root in Atom and RSS 1.0, below its channels in RSS 2.0."""
    for namespace, name, element in tree.children(root):
        if (namespace, name) in _ENTRIES:
            yield element
        elif (namespace, name) == ("", "channel"):
            for inner_namespace, inner_name, item in tree.children(element):
                if (inner_namespace, inner_name) in _ENTRIES:
                    yield item


def _updated(entry: etree._Element) -> str | None:
    found = {
        (namespace, name): tree.text(element).strip()
        for namespace, name, element in tree.children(entry)
        if (namespace, name) in _UPDATED
    }
    updated = next((found[name] for name in _UPDATED if found.get(name)), None)
    return None if updated is None else updated[:_LONGEST_UPDATED]


def _link(entry: etree._Element) -> str | None:
    """The link that leads to the alert: one typed as CAP, else the first of the likeliest kind."""
    ranked: dict[int, str] = {}
    for rank, url in _links(entry):
        if url:
            ranked.setdefault(rank, url)
    return ranked[min(ranked)] if ranked else None


def _links(entry: etree._Element) -> Iterator[tuple[int, str]]:
    """Every link of an entry with its rank: CAP, any document, permanent link, web page."""
    for namespace, name, element in tree.children(entry):
        if (namespace, name) in ((ATOM, "link"), ("", "enclosure"), (ATOM, "content")):
            url = element.get("href") or element.get("url") or element.get("src") or ""
            yield _rank(element), url.strip()
        elif (namespace, name) in (("", "link"), (RSS_1, "link")):
            yield 1, tree.text(element).strip()
        elif (namespace, name) == ("", "guid"):
            if element.get("isPermaLink", "true").strip().lower() == "true":
                yield 2, _address(tree.text(element))
    yield 2, _address(entry.get(f"{{{RDF}}}about", ""))


def _rank(element: etree._Element) -> int:
    """A link typed as CAP comes first, one typed as a web page last, since some types are wrong."""
    kind = (element.get("type") or "").partition(";")[0].strip().lower()
    if kind in _CAP_TYPES:
        return 0
    return 3 if kind in _PAGE_TYPES else 1


def _address(text: str) -> str:
    """The text if it is a web address, which an identifier often is not; else ""."""
    text = text.strip()
    return text if text.lower().startswith(("https://", "http://")) else ""
