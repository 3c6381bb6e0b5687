"""The watchdog is fed by the work."""

from __future__ import annotations

from typing import Any

from eas_station.service.heartbeats import Heartbeats


def test_a_loop_is_stale_once_it_has_missed_its_deadline(clock: Any) -> None:
    heartbeats = Heartbeats(clock)
    beat = heartbeats.add("poll", deadline_s=20.0)
    clock.passes(20.0)
    assert heartbeats.stale() == ()
    clock.passes(0.1)
    assert heartbeats.stale() == ("poll",)
    beat()
    assert heartbeats.stale() == ()


def test_one_stale_loop_among_others_is_named(clock: Any) -> None:
    heartbeats = Heartbeats(clock)
    quick = heartbeats.add("quick", deadline_s=1.0)
    heartbeats.add("stuck", deadline_s=1.0)
    clock.passes(2.0)
    quick()
    assert heartbeats.stale() == ("stuck",)


def test_a_removed_loop_is_never_stale(clock: Any) -> None:
    heartbeats = Heartbeats(clock)
    heartbeats.add("feed nws", deadline_s=1.0)
    clock.passes(2.0)
    heartbeats.remove("feed nws")
    heartbeats.remove("feed nws")
    assert heartbeats.stale() == ()
