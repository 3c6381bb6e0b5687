from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from eas_station.capd.feed.seen_texts import SeenTexts, message_key


def test_what_has_not_been_seen_for_longest_is_forgotten_first() -> None:
    known = SeenTexts(kept=3)
    for text in "abc":
        known.add(text)
    assert known.seen("a")
    known.add("d")
    assert [text for text in "abcd" if known.seen(text)] == ["a", "c", "d"]
    assert len(known) == 3


def test_a_message_is_the_same_at_the_same_instant() -> None:
    utc = datetime(2026, 4, 20, 15, 5, tzinfo=UTC)
    local = utc.astimezone(timezone(timedelta(hours=-4)))
    assert message_key("s", "i", utc) == message_key("s", "i", local)
    assert message_key("s", "i", utc) != message_key("si", "", utc)


def test_any_text_can_be_known() -> None:
    known = SeenTexts()
    for text in ("", "\ud800", "x" * 100_000):
        assert not known.seen(text)
        known.add(text)
        assert known.seen(text)
