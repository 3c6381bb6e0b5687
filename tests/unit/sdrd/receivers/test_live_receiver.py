"""A live receiver: samples that arrive, or do not."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from eas_station.errors import SourceError
from eas_station.sdrd.receivers.dongle_connection import QUEUE_S
from eas_station.sdrd.receivers.iq_receiver import IqBlock, Tuning, WedgedError
from eas_station.sdrd.receivers.live_receiver import STALLED_S, LiveReceiver

RATE_HZ = 250_000
BLOCK = bytes(20_000)
UNTUNED = Tuning(None, 0)
PATIENCE_S = 30.0


class Time:
    """A clock under the test's control."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Dongle:
    """A link whose samples the test sends."""

    gains_db = (0.0, 20.0, 40.0)

    def __init__(self, fails: str | None = None, wedges: bool = False) -> None:
        self.fails, self.wedges = fails, wedges
        self.tunings: list[Tuning] = []
        self.take: Callable[[bytes], None] = lambda data: None
        self.streams = threading.Event()
        self.closed = threading.Event()
        self._gone = threading.Event()
        self.interrupted = threading.Event()

    def open(self, tuning: Tuning) -> None:
        self.tunings.append(tuning)
        if self.fails:
            raise SourceError(self.fails)

    def stream(self, take: Callable[[bytes], None]) -> None:
        self.take = take
        self.streams.set()
        self._gone.wait()
        if not self.interrupted.is_set():
            raise SourceError("it is gone")

    def unplug(self) -> None:
        self._gone.set()

    def tune(self, tuning: Tuning) -> None:
        self.tunings.append(tuning)

    def interrupt(self) -> None:
        self.interrupted.set()
        if not self.wedges:
            self._gone.set()

    def close(self) -> None:
        self.closed.set()


def live(dongle: Dongle, now: Time, may_be_left: bool = False) -> LiveReceiver:
    return LiveReceiver(RATE_HZ, lambda: dongle, 8.0, may_be_left, None, now)


def block_of(receiver: LiveReceiver) -> IqBlock:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        block = receiver.read()
        if block is not None:
            return block
    pytest.fail("no block came")


def opened(dongle: Dongle, now: Time, may_be_left: bool = False) -> LiveReceiver:
    receiver = live(dongle, now, may_be_left)
    receiver.open(UNTUNED)
    assert dongle.streams.wait(PATIENCE_S)
    return receiver


@pytest.fixture
def now() -> Iterator[Time]:
    yield Time()


def test_samples_are_given_as_received(now: Time) -> None:
    dongle = Dongle()
    receiver = opened(dongle, now)
    dongle.take(b"\xff\x00\x80\x7f")
    block = block_of(receiver)
    np.testing.assert_allclose(block.iq, [1 - 1j, (0.5 - 0.5j) / 127.5], rtol=1e-5)
    assert block.lost_samples == 0
    receiver.close()
    assert dongle.closed.is_set()


def test_samples_that_overflow_the_queue_are_counted(now: Time) -> None:
    dongle = Dongle()
    receiver = opened(dongle, now)
    sent = round(QUEUE_S * RATE_HZ * 2 / len(BLOCK)) + 30
    for _ in range(sent):
        now.now_s += 0.04
        dongle.take(BLOCK)
    kept = [block_of(receiver) for _ in range(sent - 30)]
    dongle.take(BLOCK)
    after = block_of(receiver)
    assert sum(block.lost_samples for block in kept) == 0
    assert after.lost_samples == 30 * 10_000
    receiver.close()


def test_a_stalled_dongle_is_reported_within_three_seconds(now: Time) -> None:
    dongle = Dongle()
    receiver = opened(dongle, now)
    dongle.take(BLOCK)
    block_of(receiver)
    now.now_s += STALLED_S - 0.1
    assert receiver.read() is None
    now.now_s += 0.2
    with pytest.raises(SourceError, match=r"no samples for 2\.6 s"):
        receiver.read()
    receiver.close()


def test_a_removed_dongle_is_reported_after_its_last_sample(now: Time) -> None:
    dongle = Dongle()
    receiver = opened(dongle, now)
    dongle.take(BLOCK)
    dongle.unplug()
    assert block_of(receiver).iq.size == 10_000
    with pytest.raises(SourceError, match="it is gone"):
        block_of(receiver)
    receiver.close()


def test_a_reconnect_is_a_gap(now: Time) -> None:
    dongles = [Dongle(), Dongle()]
    left = list(dongles)
    receiver = LiveReceiver(RATE_HZ, lambda: left.pop(0), 8.0, False, None, now)
    for dongle, lost in zip(dongles, (0, 3600 * RATE_HZ - 10_000), strict=True):
        receiver.open(UNTUNED)
        assert dongle.streams.wait(PATIENCE_S)
        dongle.take(BLOCK)
        assert block_of(receiver).lost_samples == lost
        receiver.close()
        now.now_s += 3600


def test_samples_left_in_the_queue_at_the_end_are_lost(now: Time) -> None:
    dongle = Dongle()
    receiver = opened(dongle, now)
    dongle.take(BLOCK)
    block_of(receiver)
    received_at_s = receiver.received_at_s
    for _ in range(3):
        now.now_s += 0.04
        dongle.take(BLOCK)
    block_of(receiver)
    receiver.close()
    assert receiver.received_at_s == pytest.approx(received_at_s + 0.04)
    dongle.__init__()  # type: ignore[misc]
    receiver.open(UNTUNED)
    assert dongle.streams.wait(PATIENCE_S)
    now.now_s += 0.04
    dongle.take(BLOCK)
    assert block_of(receiver).lost_samples == 2 * 10_000
    receiver.close()


def test_a_driver_that_does_not_return_ends_the_process(
    now: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eas_station.sdrd.receivers.live_receiver.CLOSE_S", 0.05)
    dongle = Dongle(wedges=True)
    receiver = opened(dongle, now)
    with pytest.raises(WedgedError, match=r"did not return within .* restarting"):
        receiver.close()
    dongle.unplug()


def test_no_second_connection_is_made_while_one_hangs(
    now: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eas_station.sdrd.receivers.live_receiver.CLOSE_S", 0.05)
    dongle = Dongle(wedges=True)
    receiver = opened(dongle, now, may_be_left=True)
    receiver.close()
    with pytest.raises(SourceError, match="has not ended"):
        receiver.open(UNTUNED)
    dongle.unplug()
    assert dongle.closed.wait(PATIENCE_S)


def test_a_slow_opening_times_out(now: Time) -> None:
    held = threading.Event()

    class Slow(Dongle):
        def open(self, tuning: Tuning) -> None:
            held.wait()

    receiver = live(Slow(), now, may_be_left=True)
    receiver.open(UNTUNED)
    assert receiver.read() is None
    now.now_s += 8.1
    with pytest.raises(SourceError, match="could not be opened within 8 s"):
        receiver.read()
    held.set()
    receiver.close()


def test_the_tuning_is_set_at_the_opening_and_changed_while_it_streams(now: Time) -> None:
    dongle = Dongle()
    receiver = live(dongle, now)
    receiver.open(Tuning(20.0, -3))
    assert dongle.streams.wait(PATIENCE_S)
    receiver.tune(Tuning(40.0, -4))
    assert dongle.tunings == [Tuning(20.0, -3), Tuning(40.0, -4)]
    assert receiver.gains_db == (0, 20, 40)
    receiver.close()
    assert receiver.gains_db == ()


def test_a_crash_of_the_dongle_s_thread_is_not_taken_for_silence(
    now: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_value))

    class Broken(Dongle):
        def open(self, tuning: Tuning) -> None:
            raise ZeroDivisionError

    receiver = live(Broken(), now)
    receiver.open(UNTUNED)
    with pytest.raises(RuntimeError, match="crashed"):
        block_of(receiver)
    assert isinstance(told[0], ZeroDivisionError)


def test_thousands_of_attempts_leak_nothing(now: Time) -> None:
    dongle = Dongle(fails="no dongle is plugged in")
    receiver = live(dongle, now)

    def attempt() -> None:
        receiver.open(UNTUNED)
        with pytest.raises(SourceError, match="no dongle"):
            block_of(receiver)
        receiver.close()
        dongle.tunings.clear()

    for _ in range(200):
        attempt()
    threads = threading.active_count()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        attempt()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert threading.active_count() <= threads
    assert grown < 20_000
