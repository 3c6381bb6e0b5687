"""What reads a feed, by its kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from eas_station import __version__, tables
from eas_station.cap.products.product_messages import ProductTables
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.feed_states import FeedStates
from eas_station.capd.feed.reading import FeedReader
from eas_station.capd.folder_feed import FolderFeed
from eas_station.capd.http.fetch import HttpClient
from eas_station.capd.http.http_feed import HttpFeed
from eas_station.capd.ipaws.ipaws_feed import IpawsFeed
from eas_station.capd.ipaws.signatures import Verifier
from eas_station.capd.naad.naad_feed import NaadFeed
from eas_station.capd.nwws.nwws_feed import NwwsFeed
from eas_station.clock import utc_now
from eas_station.config.checks import IPAWS_FASTEST_S, is_fema
from eas_station.config.model import Config, FeedConfig

STREAM_KINDS = ("nwws", "naad")
STREAM_INTERVAL_S = 0.05  # between two waits for what a stream brings


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """What readers need besides their configuration."""

    states: FeedStates
    credentials: FeedCredentials = field(default_factory=FeedCredentials)
    tables: ProductTables = field(default_factory=tables.load)
    now: Callable[[], datetime] = utc_now


def reader(
    feed: FeedConfig,
    config: Config,
    is_stopping: Callable[[], bool],
    is_taken: Callable[[str], bool],
    context: ReaderContext,
) -> FeedReader:
    """What reads a feed of this kind.

    Args:
        is_taken: was an alert with this text taken; then it is not parsed again.
    """
    if feed.kind == "folder":
        return FolderFeed(feed.path or config.paths.state_dir / "cap")
    if feed.kind == "nwws":
        return NwwsFeed(
            feed,
            context.credentials,
            context.tables,
            now=context.now,
            is_stopping=is_stopping,
        )
    client = HttpClient(user_agent(config.station.contact), is_stopping, ca_file=feed.ca_file)
    if feed.kind == "naad":
        return NaadFeed(feed, client, now=context.now, is_stopping=is_stopping)
    if feed.kind == "ipaws":
        return IpawsFeed(
            feed,
            client,
            Verifier(feed.trust_store, context.now),
            context.credentials,
            context.states.state(feed.name),
            context.states.save,
            now=context.now,
        )
    return HttpFeed(feed, client, is_taken)


def paced(feed: FeedConfig) -> FeedConfig:
    """A feed with the interval of its kind, if the kind has one."""
    if feed.kind in STREAM_KINDS:
        return dataclasses.replace(feed, interval_s=STREAM_INTERVAL_S)
    if feed.kind == "ipaws" and is_fema(feed.url):
        return dataclasses.replace(feed, interval_s=max(feed.interval_s, IPAWS_FASTEST_S))
    return feed


def user_agent(contact: str) -> str:
    """Program, version and contact, as the NWS asks for; without what no header can carry."""
    printable = "".join(c for c in contact if " " <= c <= "~").strip() or "no contact configured"
    return f"eas-station/{__version__} ({printable})"
