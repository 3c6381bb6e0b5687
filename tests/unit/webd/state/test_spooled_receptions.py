"""Spooled receptions folded into what is known."""

from __future__ import annotations

from typing import Any

import pytest


def test_without_a_spool_nothing_is_touched(merger: Any, rules: Any, make: Any) -> None:
    entries = (make.entry(),)
    assert merger.merge(entries, ()) is entries
    assert rules.asked == 0


def test_a_second_hearing_joins_the_alert_it_belongs_to(merger: Any, make: Any) -> None:
    entry = make.entry(make.reception(1))
    other = make.reception(2, raw="ZCZC-1-", channel="162.400")
    (merged,) = merger.merge((entry,), (make.spooled(other),))
    assert [r.channel for r in merged.receptions] == ["162.550", "162.400"]
    assert (merged.alert.alert_id, merged.alert.reception_count) == ("alert-1", 2)
    assert merged.stored is False


def test_two_spooled_hearings_of_one_warning_are_one_entry(merger: Any, make: Any) -> None:
    news = [make.spooled(make.reception(n, raw="ZCZC-same-")) for n in (1, 2, 3)]
    (merged,) = merger.merge((), tuple(news))
    assert merged.alert.alert_id == "reception-1"
    assert len(merged.receptions) == 3


def test_one_that_is_not_durable_marks_the_whole_warning(merger: Any, make: Any) -> None:
    news = (make.spooled(make.reception(1)), make.spooled(make.reception(2, raw="ZCZC-1-"), False))
    (merged,) = merger.merge((), news)
    assert merged.durable is False


def test_one_that_meets_a_bug_does_not_hide_the_others(
    merger: Any, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    news = tuple(make.spooled(make.reception(n, raw=raw)) for n, raw in enumerate(("a bug", "b")))
    (merged,) = merger.merge((), news)
    assert merged.alert.alert_id == "reception-1"
    assert "could not be shown" in caplog.text


def test_keys_are_worked_out_once(merger: Any, rules: Any, make: Any) -> None:
    entries = tuple(make.entry(make.reception(n), alert_id=f"alert-{n}") for n in range(50))
    merger.merge(entries, (make.spooled(make.reception(90)),))
    merger.merge(entries, (make.spooled(make.reception(91)),))
    assert rules.asked == 52
