"""Hearing: whole topics, gaps, lost tails, restarts, and what is not a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zmq

from eas_station.bus.frames import FrameHeader, encode
from eas_station.bus.messages import AudioPcm, Body, Control, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber

MakePublisher = Callable[[str], Publisher]
MakeSubscriber = Callable[[list[str], list[str]], Subscriber]
SENT_AT = datetime(2026, 4, 27, 12, 0, tzinfo=UTC)


class RawPublisher:
    """Sends what the test wants it to, numbers and all."""

    def __init__(self, runtime_dir: Path, unit: str) -> None:
        runtime_dir.mkdir(exist_ok=True)
        self.unit = unit
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(f"ipc://{runtime_dir}/{unit}.pub")

    def await_subscriptions(self, count: int) -> None:
        for _ in range(count):
            assert self._socket.poll(5000)
            self._socket.recv()

    def raw(self, *parts: bytes) -> None:
        self._socket.send_multipart(parts)

    def send(
        self, topic: str, seq: int, body: Body, run: str = "r1", repeated: bool = False
    ) -> None:
        header = FrameHeader(self.unit, run, seq, SENT_AT, repeated)
        samples = b"\0\0" if isinstance(body, AudioPcm) else None
        self.raw(*encode(topic, header, body, samples))

    def close(self) -> None:
        self._socket.close()
        self._context.term()


@pytest.fixture
def capd(runtime_dir: Path) -> Iterator[RawPublisher]:
    publisher = RawPublisher(runtime_dir, "eas-capd")
    yield publisher
    publisher.close()


def status(last_seq: dict[str, int]) -> Status:
    return Status(
        unit="eas-capd",
        state="running",
        sentence="fine",
        started_at=SENT_AT,
        pid=1,
        version="0",
        clock_trusted=True,
        cpu_s=0.0,
        memory_bytes=0,
        last_seq=last_seq,
    )


def drain(subscriber: Subscriber) -> list[int]:
    """The numbers of everything that comes until a message "end"."""
    numbers = []
    while True:
        message = subscriber.receive(5)
        assert message is not None, "no end"
        if message.body == Control("end"):
            return numbers
        numbers.append(message.seq)


def test_a_whole_topic_is_not_a_prefix(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-sdrd@wx")
    for topic in ("control.wx10", "control.wx1", "control.wx"):
        publisher.publish(topic, Control(topic))
    subscriber = subscriber_to(["eas-sdrd@wx"], ["control.wx1"])
    message = subscriber.receive(5)
    assert message is not None
    assert message.topic == "control.wx1"
    assert subscriber.receive(0.1) is None


def test_a_unit_is_received_as_soon_as_it_starts(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x"])
    assert subscriber.receive(0.05) is None
    publisher_of("eas-capd").publish("control.x", Control("here"))
    message = subscriber.receive(5)
    assert message is not None
    assert message.body == Control("here")


def test_a_unit_is_added_once(publisher_of: MakePublisher, subscriber_to: MakeSubscriber) -> None:
    one, two = publisher_of("eas-sdrd@a"), publisher_of("eas-sdrd@b")
    one.publish("control.x", Control("a"))
    two.publish("control.x", Control("b"))
    subscriber = subscriber_to(["eas-sdrd@a"], ["control.x"])
    first = subscriber.receive(5)
    subscriber.add_unit("eas-sdrd@b")
    subscriber.add_unit("eas-sdrd@b")
    second = subscriber.receive(5)
    assert first is not None and second is not None
    assert (first.sender, second.sender) == ("eas-sdrd@a", "eas-sdrd@b")
    two.publish("control.x", Control("once"))
    third = subscriber.receive(5)
    assert third is not None and third.body == Control("once")
    assert subscriber.receive(0.1) is None


def test_a_gap_is_counted_once(capd: RawPublisher, subscriber_to: MakeSubscriber) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x"])
    capd.await_subscriptions(2)
    for seq in (4, 5, 9):
        capd.send("control.x", seq, Control("x"))
    capd.send("control.x", 10, Control("end"))
    assert drain(subscriber) == [4, 5, 9]
    assert subscriber.missed() == (("eas-capd", "control.x", 3),)
    assert subscriber.missed() == ()


def test_the_first_message_received_is_no_gap(
    capd: RawPublisher, subscriber_to: MakeSubscriber
) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x"])
    capd.await_subscriptions(2)
    capd.send("control.x", 4711, Control("end"))
    assert drain(subscriber) == []
    assert subscriber.missed() == ()


def test_a_lost_tail_is_noticed_by_the_numbers_in_the_status(
    capd: RawPublisher, subscriber_to: MakeSubscriber
) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x", "control.y"])
    capd.await_subscriptions(3)
    capd.send("control.x", 1, Control("x"))
    capd.send("status.eas-capd", 1, status({"control.x": 1, "status.eas-capd": 0}))
    capd.send("status.eas-capd", 2, status({"control.x": 4, "control.y": 2, "alert.new": 9}))
    capd.send("control.x", 5, Control("end"))
    assert drain(subscriber) == [1]
    assert set(subscriber.missed()) == {("eas-capd", "control.x", 3), ("eas-capd", "control.y", 2)}


def test_messages_before_a_late_subscriber_are_not_missed(
    capd: RawPublisher, subscriber_to: MakeSubscriber
) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x", "control.y"])
    capd.await_subscriptions(3)
    old = status({"control.x": 3, "control.y": 1})
    capd.send("status.eas-capd", 7, old, repeated=True)
    capd.send("control.x", 9, Control("x"), repeated=True)
    capd.send("status.eas-capd", 8, status({"control.x": 9, "control.y": 40}))
    capd.send("control.y", 41, Control("end"))
    assert drain(subscriber) == [9]
    assert subscriber.missed() == ()


def test_after_a_restart_numbers_start_again_and_unreceived_messages_are_missed(
    capd: RawPublisher, subscriber_to: MakeSubscriber
) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x"])
    capd.await_subscriptions(2)
    capd.send("control.x", 50, Control("x"), run="r1")
    capd.send("control.x", 3, Control("x"), run="r2")
    capd.send("control.x", 4, Control("end"), run="r2")
    assert drain(subscriber) == [50, 3]
    assert subscriber.missed() == (("eas-capd", "control.x", 2),)


def test_a_restarted_publisher_is_received_within_a_second(
    runtime_dir: Path, subscriber_to: MakeSubscriber
) -> None:
    first = Publisher("eas-capd", runtime_dir)
    first.publish("control.x", Control("one"))
    subscriber = subscriber_to(["eas-capd"], ["control.x"])
    assert subscriber.receive(5) is not None
    first.close()
    second = Publisher("eas-capd", runtime_dir)
    try:
        second.publish("control.x", Control("two"))
        message = subscriber.receive(5)
        assert message is not None
        assert (message.body, message.seq) == (Control("two"), 1)
    finally:
        second.close()


def test_a_status_without_a_subscription_is_not_delivered(
    capd: RawPublisher, subscriber_to: MakeSubscriber
) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x"])
    capd.await_subscriptions(2)
    capd.send("status.eas-capd", 1, status({}))
    capd.send("control.x", 1, Control("end"))
    assert drain(subscriber) == []


def test_malformed_messages_are_counted_and_dropped(
    capd: RawPublisher, subscriber_to: MakeSubscriber
) -> None:
    subscriber = subscriber_to(["eas-capd"], ["control.x"])
    capd.await_subscriptions(2)
    for parts in ((b"control.x",), (b"control.x", b"{"), (b"control.x", b"\xff" * 5000)):
        capd.raw(*parts)
    capd.send("control.x", 1, Control("end"))
    assert drain(subscriber) == []
    assert subscriber.rejected == 3
    assert subscriber.missed() == ()
