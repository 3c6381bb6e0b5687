from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.capd.feed.feed_states import FeedStates
from eas_station.capd.feed_kinds import ReaderContext, paced, reader, user_agent
from eas_station.capd.folder_feed import FolderFeed
from eas_station.capd.http.http_feed import HttpFeed
from eas_station.capd.ipaws.ipaws_feed import IpawsFeed
from eas_station.capd.naad.naad_feed import NaadFeed
from eas_station.capd.nwws.nwws_feed import NwwsFeed
from eas_station.config.model import Config, FeedConfig
from eas_station.store.records.feeds import FeedState


@pytest.mark.parametrize(
    ("feed", "kind"),
    [
        (FeedConfig("f", "folder", path=Path("/nowhere")), FolderFeed),
        (FeedConfig("n", "nws"), HttpFeed),
        (FeedConfig("c", "cap", url="http://x/"), HttpFeed),
        (FeedConfig("i", "ipaws"), IpawsFeed),
        (FeedConfig("w", "nwws", login_file=Path("/nowhere")), NwwsFeed),
        (FeedConfig("d", "naad"), NaadFeed),
    ],
)
def test_each_kind_of_feed_has_its_reader(feed: FeedConfig, kind: type) -> None:
    context = ReaderContext(FeedStates(FeedState, lambda kind, row: None))
    found = reader(feed, Config(), lambda: False, lambda text: False, context)
    assert isinstance(found, kind)
    assert isinstance(found.note, str)
    assert found.fault is None
    assert found.listed == (None if feed.kind in ("nwws", "naad") else ())


def test_the_user_agent_names_a_contact_and_nothing_else() -> None:
    assert user_agent("me@example.org").endswith("(me@example.org)")
    assert user_agent("me\r\nX-Evil: 1\u00e9").endswith("(meX-Evil: 1)")
    assert user_agent("").endswith("(no contact configured)")


def test_fema_is_asked_every_two_minutes_at_most_and_a_stream_is_not_polled() -> None:
    assert paced(FeedConfig("i", "ipaws")).interval_s == 120.0
    assert paced(FeedConfig("i", "ipaws", interval_s=300.0)).interval_s == 300.0
    assert (
        paced(FeedConfig("i", "ipaws", url="http://127.0.0.1/", interval_s=2.0)).interval_s == 2.0
    )
    assert paced(FeedConfig("w", "nwws")).interval_s < 0.1
    assert paced(FeedConfig("d", "naad")).interval_s < 0.1
    assert paced(FeedConfig("n", "nws")).interval_s == 60.0
