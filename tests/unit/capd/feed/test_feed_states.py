from __future__ import annotations

from datetime import UTC, datetime

from eas_station.capd.feed.feed_states import FeedStates
from eas_station.errors import StoreError
from eas_station.store.records.feeds import FeedState
from eas_station.wire import from_json

KNOWN = FeedState("ipaws", last_good_at=datetime(2026, 4, 20, 15, 5, tzinfo=UTC))


def test_what_is_saved_goes_through_the_spool_as_a_feed_state() -> None:
    rows: list[tuple[str, str]] = []
    FeedStates(FeedState, lambda kind, row: rows.append((kind, row))).save(KNOWN)
    ((kind, row),) = rows
    assert kind == "feed_state"
    assert from_json(FeedState, row) == KNOWN


def test_nothing_is_known_while_the_database_does_not_answer() -> None:
    def away(_: str) -> FeedState:
        raise StoreError("away")

    assert FeedStates(away, lambda kind, row: None).state("ipaws") == FeedState("ipaws")
    assert FeedStates(lambda _: KNOWN, lambda kind, row: None).state("ipaws") == KNOWN
