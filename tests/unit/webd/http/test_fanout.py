"""One to many: bounded, and the slow one is let go."""

from __future__ import annotations

from eas_station.webd.http.fanout import Event, Fanout

ALL = frozenset({"alert", "levels"})


def test_every_listener_of_a_kind_hears_it_in_order() -> None:
    fanout = Fanout()
    both, alerts = fanout.join(ALL), fanout.join(frozenset({"alert"}))
    assert both is not None
    assert alerts is not None
    events = [Event("alert", "1", 1), Event("levels", "2"), Event("alert", "3", 2)]
    for event in events:
        fanout.send(event)
    assert [both.wait(0) for _ in range(3)] == events
    assert [alerts.wait(0), alerts.wait(0), alerts.wait(0)] == [events[0], events[2], None]


def test_no_more_listeners_than_places_and_a_place_is_freed_once() -> None:
    fanout = Fanout(listeners=2)
    first, second = fanout.join(ALL), fanout.join(ALL)
    assert first is not None
    assert second is not None
    assert fanout.join(ALL) is None
    fanout.leave(first)
    fanout.leave(first)
    assert fanout.count() == 1
    assert fanout.join(ALL) is not None
    assert fanout.join(ALL) is None


def test_a_listener_that_does_not_keep_up_is_dropped_and_nobody_waits() -> None:
    fanout = Fanout(queue_length=3)
    slow, quick = fanout.join(ALL), fanout.join(ALL)
    assert slow is not None
    assert quick is not None
    for number in range(10):
        fanout.send(Event("alert", str(number), number))
        assert quick.wait(0) is not None
    assert slow.closed
    assert not quick.closed
    assert (fanout.count(), fanout.dropped()) == (1, 1)


def test_levels_are_wanted_only_while_somebody_looks() -> None:
    fanout = Fanout()
    assert not fanout.wanted("levels")
    listener = fanout.join(ALL)
    assert listener is not None
    assert fanout.wanted("levels")
    fanout.leave(listener)
    assert not fanout.wanted("levels")


def test_closing_lets_everybody_go_and_takes_nobody_in() -> None:
    fanout = Fanout()
    listener = fanout.join(ALL)
    assert listener is not None
    fanout.close()
    assert listener.closed
    assert fanout.join(ALL) is None
