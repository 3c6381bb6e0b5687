"""What is asked of the log: words, places, days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from eas_station.errors import InputError
from eas_station.store.alerts.search_words import Wanted
from eas_station.tables import Tables
from eas_station.webd.records.search import LogSearch, PlaceSearch, SearchQuery, matches, moment_of
from eas_station.webd.render.times import TimeFormat, zone_of

NEW_YORK = TimeFormat(zone_of("America/New_York"))


def test_a_word_may_be_a_place_or_a_state(tables: Tables) -> None:
    places = PlaceSearch(tables.locations, tables.states)
    wood = places.wanted("wood")
    assert "039173" in wood.codes
    assert all("wood" in tables.locations[code].name.lower() for code in wood.codes)
    assert places.wanted("ohio").code_beginnings[0] == "039"
    assert places.wanted("oh") == Wanted("oh", (), tuple(f"{p}39" for p in range(10)))
    assert len(places.wanted("san").codes) <= 300
    assert places.wanted("tornado").codes == ()


def test_the_board_is_searched_as_the_record_is(tables: Tables, make: Any) -> None:
    places = PlaceSearch(tables.locations, tables.states)
    entry = make.entry(headline="Take cover", severity="Extreme")

    def finds(**asked: Any) -> bool:
        return matches(entry, LogSearch(places, NEW_YORK).filter_of(SearchQuery(**asked)))

    assert finds(q="TORN wood")
    assert finds(q="cover ohio", severity="Extreme", via="same", here=True, kind="real")
    assert not finds(q="lucas")
    assert not finds(q="tornado flood")
    assert not finds(via="cap")
    assert finds(since="2025-11-22", until="2025-11-22", event="tor")
    assert not finds(since="2025-11-23")


def test_a_day_is_the_stations_and_until_includes_it() -> None:
    assert moment_of("since", "2025-11-22", NEW_YORK) == datetime(2025, 11, 22, 5, tzinfo=UTC)
    assert moment_of("until", "2025-11-22", NEW_YORK) == datetime(2025, 11, 23, 5, tzinfo=UTC)
    assert moment_of("since", "2025-11-22T08:12:00Z", NEW_YORK).minute == 12
    for wrong in ("yesterday", "2025-13-01", "9999-12-31T00:00", "\x00", "2025-11-22T08:12:00"):
        with pytest.raises(InputError, match="since must be a day like"):
            moment_of("since", wrong, NEW_YORK)


def test_too_many_words_are_refused() -> None:
    words = SearchQuery(q=" ".join(f"w{n}" for n in range(13)))
    with pytest.raises(InputError, match="at most 12 words"):
        LogSearch(PlaceSearch(), NEW_YORK).filter_of(words)


def test_a_question_becomes_an_address_again() -> None:
    assert SearchQuery().as_query() == ""
    assert SearchQuery(q="a&b", here=False).as_query(cursor="x") == "?q=a%26b&here=false&cursor=x"
