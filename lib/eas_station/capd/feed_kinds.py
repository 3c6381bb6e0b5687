"""What reads a feed, by its kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from eas_station import __version__, tables
from eas_station.cap.products.product_messages import ProductTables
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.memory import Memory
from eas_station.capd.feed.reading import FeedReader
from eas_station.capd.folder_feed import FolderFeed
from eas_station.capd.http.fetch import HttpClient
from eas_station.capd.http.http_feed import HttpFeed
from eas_station.capd.ipaws.ipaws_feed import IpawsFeed
from eas_station.capd.ipaws.signatures import Verifier
from eas_station.capd.nwws.nwws_feed import NwwsFeed
from eas_station.clock import utc_now
from eas_station.config.checks import IPAWS_FASTEST_S, is_fema
from eas_station.config.model import Config, FeedConfig

WIRE_INTERVAL_S = 0.05  # a wire is waited at, not polled


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What readers need of the machine they run on."""

    credentials: FeedCredentials = field(default_factory=FeedCredentials)
    tables: ProductTables = field(default_factory=tables.load)
    now: Callable[[], datetime] = utc_now


def reader(
    feed: FeedConfig,
    config: Config,
    is_stopping: Callable[[], bool],
    memory: Memory,
    surroundings: Surroundings,
) -> FeedReader:
    """What reads a feed of this kind."""
    if feed.kind == "folder":
        return FolderFeed(feed.path or config.paths.state_dir / "cap")
    if feed.kind == "nwws":
        return NwwsFeed(
            feed,
            surroundings.credentials,
            surroundings.tables,
            now=surroundings.now,
            is_stopping=is_stopping,
        )
    client = HttpClient(user_agent(config.station.contact), is_stopping, ca_file=feed.ca_file)
    if feed.kind == "ipaws":
        return IpawsFeed(
            feed,
            client,
            Verifier(feed.trust_store, surroundings.now),
            surroundings.credentials,
            memory.state(feed.name),
            memory.save,
            now=surroundings.now,
        )
    return HttpFeed(feed, client, memory.state(feed.name), memory.save)


def paced(feed: FeedConfig) -> FeedConfig:
    """A feed with the interval that its kind has, where it has one of its own."""
    if feed.kind == "nwws":
        return dataclasses.replace(feed, interval_s=WIRE_INTERVAL_S)
    if feed.kind == "ipaws" and is_fema(feed.url):
        return dataclasses.replace(feed, interval_s=max(feed.interval_s, IPAWS_FASTEST_S))
    return feed


def user_agent(contact: str) -> str:
    """Who asks, as the NWS wants to know it; what no header can carry is left out."""
    said = "".join(c for c in contact if " " <= c <= "~").strip() or "no contact configured"
    return f"eas-station/{__version__} ({said})"
