"""The state of a feed from one poll to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from eas_station.store.database.record_tables import feed_states
from eas_station.store.database.statements import upsert


@dataclass(frozen=True, slots=True)
class FeedState:
    """The validators of a feed's last good response, and its time."""

    feed: str
    etag: str | None = None
    last_modified: str | None = None  # as the server sent it
    last_good_at: datetime | None = None
    position: str | None = None  # where the next poll continues, in the feed's own form


def state(connection: Connection, feed: str) -> FeedState:
    """The stored state of a feed; empty for a new one."""
    wanted = select(feed_states).where(feed_states.c.feed == feed)
    row = connection.execute(wanted).mappings().first()
    return FeedState(**row) if row else FeedState(feed)


def save(connection: Connection, feed_state: FeedState) -> None:
    """Store the state; if it is lost, the next poll is a full one."""
    row = {name: getattr(feed_state, name) for name in FeedState.__slots__}
    upsert(connection, feed_states, [row], key=("feed",))
