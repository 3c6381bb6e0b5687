from __future__ import annotations

from eas_station.capd.feed.memory import Memory
from eas_station.errors import StoreError
from eas_station.store.records.feeds import FeedState
from eas_station.wire import from_json

KNOWN = FeedState("nws", etag='"1"', position="https://api.weather.gov/alerts/active")


def test_what_is_saved_goes_through_the_spool_as_a_feed_state() -> None:
    rows: list[tuple[str, str]] = []
    Memory(FeedState, lambda kind, row: rows.append((kind, row))).save(KNOWN)
    ((kind, row),) = rows
    assert kind == "feed_state"
    assert from_json(FeedState, row) == KNOWN


def test_a_record_that_does_not_answer_remembers_nothing() -> None:
    def away(_: str) -> FeedState:
        raise StoreError("away")

    assert Memory(away, lambda kind, row: None).state("nws") == FeedState("nws")
    assert Memory(lambda _: KNOWN, lambda kind, row: None).state("nws") == KNOWN
