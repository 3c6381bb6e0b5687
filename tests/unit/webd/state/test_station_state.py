"""What the state keeps, how old it calls it, and what it shows of a spool."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eas_station.bus.messages import AudioLevel, SameBurst
from eas_station.webd.state.station_state import StoredState


def archive(*entries: Any, stored: Any = (), last: int = 1) -> StoredState:
    return StoredState(tuple(entries), (), frozenset(stored), last)


def test_a_configured_unit_that_never_spoke_is_there_without_a_word(new_state: Any) -> None:
    snapshot = new_state("eas-capd", "eas-sdrd@wx").snapshot()
    assert [(unit.name, unit.heard) for unit in snapshot.units] == [
        ("eas-capd", None),
        ("eas-sdrd@wx", None),
    ]


def test_a_unit_unheard_for_forty_seconds_is_stale(new_state: Any, clocks: Any, make: Any) -> None:
    state = new_state()
    state.take(make.message(make.status()))
    assert state.snapshot().unit("eas-capd").heard.stale is False
    clocks.move(39.9)
    assert state.snapshot().unit("eas-capd").heard.stale is False
    clocks.move(1.2)
    heard = state.snapshot().unit("eas-capd").heard
    assert heard.stale is True
    assert heard.age_s == pytest.approx(41.1)


def test_a_value_sent_again_is_as_old_as_it_says(new_state: Any, make: Any) -> None:
    state = new_state()
    old = make.now - timedelta(seconds=90)
    state.take(make.message(make.status(), sent_at=old, repeated=True))
    heard = state.snapshot().unit("eas-capd").heard
    assert (heard.stale, heard.heard_at) == (True, old)
    assert heard.age_s == pytest.approx(90)


def test_a_wall_clock_that_jumps_does_not_make_anybody_stale(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state()
    state.take(make.message(make.status()))
    clocks.now += timedelta(days=300)
    clocks.mono += 2
    assert state.snapshot().unit("eas-capd").heard.stale is False


def test_an_older_word_does_not_replace_a_newer_one(new_state: Any, clocks: Any, make: Any) -> None:
    state = new_state()
    state.take(make.message(make.status(sentence="new")))
    old = make.now - timedelta(seconds=30)
    state.take(make.message(make.status(sentence="old"), sent_at=old, repeated=True))
    assert state.snapshot().unit("eas-capd").heard.value.sentence == "new"


def test_cpu_is_a_share_of_the_last_minute_and_begins_anew_with_a_pid(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state()
    for second in range(0, 100, 5):
        busy = 10.0 if second < 50 else 10.0 + (second - 50) * 0.1
        state.take(make.message(make.status(cpu_s=busy)))
        clocks.move(5)
    assert state.snapshot().unit("eas-capd").cpu_percent == pytest.approx(7.5, abs=0.4)
    state.take(make.message(make.status(cpu_s=0.2, pid=8)))
    clocks.move(2)
    assert state.snapshot().unit("eas-capd").cpu_percent is None


def test_levels_expire_after_five_seconds(new_state: Any, clocks: Any, make: Any) -> None:
    state = new_state()
    state.take(make.message(AudioLevel("wx", "162.550", -20.0, -9.0, False, True)))
    state.take(make.message(AudioLevel("wx", "162.400", -20.0, -9.0, False, True)))
    assert [h.value.channel for h in state.snapshot().levels] == ["162.400", "162.550"]
    clocks.move(6)
    assert all(heard.stale for heard in state.snapshot().levels)


def test_a_burst_is_kept_once_and_the_newest_is_first(new_state: Any, make: Any) -> None:
    state = new_state()
    for number in range(40):
        burst = SameBurst("wx", "162.550", f"ZCZC-{number}", 20.0, make.now)
        state.take(make.message(burst))
        state.take(make.message(burst, repeated=True))
    bursts = state.snapshot().bursts
    assert len(bursts) == 30
    assert bursts[0].text == "ZCZC-39"


def test_a_spooled_reception_is_an_alert_at_once(new_state: Any, make: Any) -> None:
    state = new_state()
    assert state.take(make.message(make.spooled(make.reception()))) is True
    snapshot = state.snapshot()
    (entry,) = snapshot.active
    assert (entry.alert.alert_id, entry.stored, entry.durable) == ("reception-1", False, True)
    assert snapshot.waiting == 1


def test_what_is_known_is_not_news(new_state: Any, make: Any) -> None:
    state = new_state()
    news = make.message(make.spooled(make.reception()))
    assert state.take(news) is True
    assert state.take(news) is False
    state.set_stored(archive(make.entry(), stored=["reception-1", "reception-2"]))
    assert state.take(make.message(make.spooled(make.reception(2)))) is False


def test_a_stored_reception_is_merged_away(new_state: Any, make: Any) -> None:
    state = new_state()
    state.take(make.message(make.spooled(make.reception(1))))
    state.take(make.message(make.spooled(make.reception(2))))
    state.set_stored(archive(make.entry(), stored=["reception-1"]))
    snapshot = state.snapshot()
    assert [e.alert.alert_id for e in snapshot.active] == ["alert-1", "reception-2"]
    assert snapshot.waiting == 1
    assert [news.reception.reception_id for news in state.spooled()] == ["reception-2"]


def test_an_alert_whose_time_is_up_leaves_while_the_clock_is_trusted(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state, unsure = new_state(), new_state(trusted=False)
    for one in (state, unsure):
        one.set_stored(archive(make.entry()))
    clocks.move(46 * 60)
    assert state.snapshot().active == ()
    assert len(unsure.snapshot().active) == 1


def test_a_picture_lasts_a_second_unless_a_warning_comes(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state()
    first = state.snapshot()
    clocks.move(0.5)
    assert state.snapshot() is first
    state.take(make.message(make.status()))
    assert state.snapshot() is first
    state.take(make.message(make.spooled(make.reception())))
    second = state.snapshot()
    assert second is not first
    assert second.version != first.version
    clocks.move(1.0)
    assert state.snapshot() is not second


def test_the_record_is_offline_since_it_stopped_answering(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state()
    assert state.snapshot().record_read is False
    state.set_stored(archive())
    assert state.snapshot().record.online is True
    clocks.move(60)
    assert state.set_offline("no route") is True
    clocks.move(60)
    assert state.set_offline("another reason") is False
    record = state.snapshot().record
    assert (record.online, record.why) == (False, "another reason")
    assert record.since_at == make.now + timedelta(seconds=60)
    assert state.snapshot().record_read is True


def test_a_spool_that_never_empties_does_not_fill_the_memory(
    new_state: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eas_station.webd.state.station_state.SPOOLED_KEPT", 20)
    state = new_state()
    for number in range(30):
        state.take(make.message(make.spooled(make.reception(number))))
    assert state.snapshot().waiting == 20
    assert state.snapshot().left_out == 10


def test_a_new_configuration_expects_other_units(new_state: Any, merger: Any) -> None:
    state = new_state("eas-capd")
    state.expect(("eas-capd", "eas-sdrd@roof"), merger)
    assert [unit.name for unit in state.snapshot().units] == ["eas-capd", "eas-sdrd@roof"]


def test_a_unit_that_is_no_longer_configured_is_gone_when_it_is_silent(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state("eas-capd", "eas-audiod@old")
    state.take(make.message(make.status("eas-audiod@old", state="stopping")))
    state.expect(("eas-capd",), state._merger)
    assert [unit.name for unit in state.snapshot().units] == ["eas-capd", "eas-audiod@old"]
    clocks.move(41)
    assert [unit.name for unit in state.snapshot().units] == ["eas-capd"]
