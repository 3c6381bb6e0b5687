from __future__ import annotations

import threading

from eas_station.capd.feeds import EitherStop


def test_a_feed_stops_with_the_daemon_or_alone() -> None:
    everything = threading.Event()
    one, other = EitherStop(everything), EitherStop(everything)
    one.set()
    assert (one.is_set(), other.is_set()) == (True, False)
    everything.set()
    assert other.wait(5.0)


def test_a_wait_that_is_woken_ends_without_stopping() -> None:
    stop = EitherStop(threading.Event())
    stop.wake()
    assert stop.wait(60.0) is False
