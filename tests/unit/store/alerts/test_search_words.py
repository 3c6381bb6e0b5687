"""The words that an alert is found by."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from eas_station.alerts.model import Alert, Relevance
from eas_station.store.alerts.search_words import (
    LONGEST_WORD,
    MOST_WORDS,
    Wanted,
    for_postgresql,
    for_sqlite,
    split,
    words_of,
)

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


def an_alert(headline: str, codes: tuple[str, ...] = ("139173",)) -> Alert:
    return Alert(
        *("a", "actual", False, "Tornado Warning", "TOR", "WXR", NOON, NOON, NOON, None, None),
        *(None, codes, ("OHZ016",), (), Relevance(True, "x", ()), 1),
        same_header="ZCZC-WXR-TOR-139173+0045-3261155-KCLE/NWS-",
        headline=headline,
    )


def test_words_have_no_accents_and_no_capitals() -> None:
    assert split("Doña Ana, NM: ÜBERFLUTUNG_now 3½") == (
        ["dona", "ana", "nm", "uberflutung", "now", "31", "2"]
    )
    assert split("x" * 100) == ["x" * LONGEST_WORD]
    assert split("'; DROP--\x00\ud800 \U0001f32a") == ["drop"]


def test_an_alert_is_found_by_its_texts_and_places_each_word_once() -> None:
    words = words_of(an_alert("Tornado near Bowling Green, take cover")).split(" ")
    assert len(words) == len(set(words))
    for word in ("tornado", "tor", "bowling", "139173", "039173", "ohz016", "kcle", "3261155"):
        assert word in words, word
    many = words_of(an_alert(" ".join(str(n) for n in range(2000))))
    assert len(many.split(" ")) == MOST_WORDS


def test_a_query_requires_all_words_and_any_of_their_meanings() -> None:
    asked = (Wanted("flo"), Wanted("wood", ("039173", "051195"), ("039",)))
    assert for_sqlite(asked) == '("flo"*) AND ("wood"* OR "039"* OR "039173" OR "051195")'
    assert for_postgresql(asked) == "('flo':*) & ('wood':* | '039':* | '039173' | '051195')"


@given(st.text())
def test_any_text_gives_words_that_no_quoting_is_needed_for(text: str) -> None:
    for word in split(text):
        assert word.isalnum()
        assert not set(word) & set("'\"\\:*& ")
