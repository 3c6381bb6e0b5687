"""The watchdog is fed by the work."""

from __future__ import annotations

from typing import Any

from eas_station.service.beats import Beats


def test_a_loop_is_stale_once_it_has_missed_its_deadline(clock: Any) -> None:
    beats = Beats(clock)
    beat = beats.add("poll", deadline_s=20.0)
    clock.passes(20.0)
    assert beats.stale() == ()
    clock.passes(0.1)
    assert beats.stale() == ("poll",)
    beat()
    assert beats.stale() == ()


def test_one_stale_loop_among_others_is_named(clock: Any) -> None:
    beats = Beats(clock)
    quick = beats.add("quick", deadline_s=1.0)
    beats.add("stuck", deadline_s=1.0)
    clock.passes(2.0)
    quick()
    assert beats.stale() == ("stuck",)


def test_who_has_ended_need_not_beat(clock: Any) -> None:
    beats = Beats(clock)
    beats.add("feed nws", deadline_s=1.0)
    clock.passes(2.0)
    beats.remove("feed nws")
    beats.remove("feed nws")
    assert beats.stale() == ()
