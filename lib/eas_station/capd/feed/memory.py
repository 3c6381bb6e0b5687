"""What feeds remember from one life of the daemon to the next."""

from __future__ import annotations

from collections.abc import Callable

from eas_station.errors import StoreError
from eas_station.store.records.feeds import FeedState
from eas_station.wire import to_json


class Memory:
    """Read from the record, written by way of the spool; used by the threads of all feeds.

    By way of the spool, behind the receptions of the same answer: so the record never knows the
    validators of an answer whose alerts it could lose.
    """

    def __init__(
        self, ask: Callable[[str], FeedState], append: Callable[[str, str], object]
    ) -> None:
        """
        Args:
            ask: what the record knows of a feed. Raises StoreError.
            append: spools a row of a kind, as JSON.
        """
        self._ask = ask
        self._append = append

    def state(self, feed: str) -> FeedState:
        """What is remembered of a feed; nothing, while the database does not answer."""
        try:
            return self._ask(feed)
        except StoreError:
            return FeedState(feed)

    def save(self, state: FeedState) -> None:
        """Remember this; losing it costs one answer in full, nothing else."""
        self._append("feed_state", to_json(state))
