"""The state of feeds that lasts from one process to the next."""

from __future__ import annotations

from collections.abc import Callable

from eas_station.errors import StoreError
from eas_station.store.records.feeds import FeedState
from eas_station.wire import to_json


class FeedStates:
    """Read from the database, written through the spool; used by the threads of all feeds.

    Through the spool, behind the receptions of the same answer: so the database never knows of a
    poll whose alerts it could lose.
    """

    def __init__(
        self, read: Callable[[str], FeedState], append: Callable[[str, str], object]
    ) -> None:
        """
        Args:
            read: what the database knows of a feed. Raises StoreError.
            append: spools a row of a kind, as JSON.
        """
        self._read = read
        self._append = append

    def state(self, feed: str) -> FeedState:
        """What is known of a feed; nothing, while the database does not answer."""
        try:
            return self._read(feed)
        except StoreError:
            return FeedState(feed)

    def save(self, state: FeedState) -> None:
        """Keep this; losing it costs one longer answer, nothing else."""
        self._append("feed_state", to_json(state))
