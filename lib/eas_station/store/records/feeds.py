"""What a feed must remember from one poll to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from eas_station.store.database.schema import feed_states
from eas_station.store.database.statements import upsert


@dataclass(frozen=True, slots=True)
class FeedState:
    """The validators of a feed's last good answer, and when that was."""

    feed: str
    etag: str | None = None
    last_modified: str | None = None  # as the server said it
    last_good_at: datetime | None = None
    position: str | None = None  # where the next poll goes on, in the feed's own words


def state(connection: Connection, feed: str) -> FeedState:
    """What is remembered of a feed; of a new one nothing."""
    wanted = select(feed_states).where(feed_states.c.feed == feed)
    row = connection.execute(wanted).mappings().first()
    return FeedState(**row) if row else FeedState(feed)


def save(connection: Connection, feed_state: FeedState) -> None:
    """Remember this; losing it costs one poll in full, nothing else."""
    row = {name: getattr(feed_state, name) for name in FeedState.__slots__}
    upsert(connection, feed_states, [row], key=("feed",))
