from __future__ import annotations

import threading
from pathlib import Path

from eas_station.capd.feeds import EitherStop, reader, user_agent
from eas_station.capd.folder_feed import FolderFeed
from eas_station.capd.http_feed import HttpFeed
from eas_station.capd.memory import Memory
from eas_station.config.model import Config, Feed
from eas_station.store.feeds import FeedState


def test_each_kind_of_feed_has_its_reader() -> None:
    stop = EitherStop(threading.Event())
    memory = Memory(FeedState, lambda kind, row: None)
    folder = Feed("f", "folder", path=Path("/nowhere"))
    assert isinstance(reader(folder, Config(), stop, memory), FolderFeed)
    assert isinstance(reader(Feed("n", "nws"), Config(), stop, memory), HttpFeed)
    cap = Feed("c", "cap", url="http://x/")
    assert isinstance(reader(cap, Config(), stop, memory), HttpFeed)


def test_the_user_agent_names_a_contact_and_nothing_else() -> None:
    assert user_agent("me@example.org").endswith("(me@example.org)")
    assert user_agent("me\r\nX-Evil: 1\u00e9").endswith("(meX-Evil: 1)")
    assert user_agent("").endswith("(no contact configured)")


def test_a_feed_stops_with_the_daemon_or_alone() -> None:
    everything = threading.Event()
    one, other = EitherStop(everything), EitherStop(everything)
    one.set()
    assert (one.is_set(), other.is_set()) == (True, False)
    everything.set()
    assert other.wait(5.0)


def test_a_wait_that_is_woken_ends_without_stopping() -> None:
    stop = EitherStop(threading.Event())
    stop.wake()
    assert stop.wait(60.0) is False
