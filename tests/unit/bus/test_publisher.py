"""Publishing: numbers, last values for who comes late, and never waiting for anybody."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zmq

from eas_station.alerts.model import Reception, Statement
from eas_station.bus.messages import AudioPcm, Control, ReceptionNew, SameBurst
from eas_station.bus.publisher import MOST_KEPT, Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.bus.topics import RECEPTION_NEW
from eas_station.errors import FrameError

MakePublisher = Callable[[str], Publisher]
MakeSubscriber = Callable[[list[str], list[str]], Subscriber]

LISTENER = """
import sys
from pathlib import Path
from eas_station.bus.subscriber import Subscriber
with Subscriber(Path(sys.argv[1]), ["eas-sdrd@wx"], ["audio.pcm."]) as subscriber:
    assert subscriber.receive(10) is not None
    print("hears", flush=True)
    while subscriber.receive(60) is not None:
        pass
"""


def test_numbers_count_within_each_topic(publisher_of: MakePublisher) -> None:
    publisher = publisher_of("eas-webd")
    numbers = [publisher.publish(t, Control("x")) for t in ("control.a", "control.b", "control.a")]
    assert numbers == [1, 1, 2]
    assert publisher.last_seq() == {"control.a": 2, "control.b": 1}


def test_a_late_subscriber_is_sent_the_last_value_with_its_number(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-webd")
    for what in ("source a", "source b", "source c"):
        publisher.publish("control.x", Control(what))
    message = subscriber_to(["eas-webd"], ["control.x"]).receive(5)
    assert message is not None
    assert (message.body, message.seq, message.repeated) == (Control("source c"), 3, True)


def test_a_second_late_one_is_sent_it_too_and_the_first_does_not_see_it_twice(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-webd")
    publisher.publish("control.x", Control("old"))
    first = subscriber_to(["eas-webd"], ["control.x"])
    assert first.receive(5) is not None
    second = subscriber_to(["eas-webd"], ["control.x"])
    assert second.receive(5) is not None
    publisher.publish("control.x", Control("new"))
    message = first.receive(5)
    assert message is not None
    assert (message.body, message.seq, message.repeated) == (Control("new"), 2, False)
    assert first.missed() == second.missed() == ()


def test_a_prefix_subscription_is_sent_every_last_value_under_it(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-webd")
    for unit in ("eas-capd", "eas-sdrd@wx"):
        publisher.publish(f"control.{unit}", Control(unit))
    subscriber = subscriber_to(["eas-webd"], ["control."])
    heard = [subscriber.receive(5), subscriber.receive(5)]
    assert {m.topic for m in heard if m} == {"control.eas-capd", "control.eas-sdrd@wx"}


def test_audio_and_what_is_not_to_be_kept_is_not_repeated(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-sdrd@wx")
    publisher.publish("audio.pcm.wx.162.550", AudioPcm(25_000, 0, 0), b"\0\0")
    publisher.publish("control.gone", Control("gone"), keep_last=False)
    publisher.publish("control.kept", Control("kept"))
    subscriber = subscriber_to(["eas-sdrd@wx"], ["audio.pcm.", "control."])
    message = subscriber.receive(5)
    assert message is not None
    assert message.topic == "control.kept"
    assert subscriber.receive(0.1) is None


def test_the_socket_is_closed_to_others_and_gone_afterwards(runtime_dir: Path) -> None:
    publisher = Publisher("eas-webd", runtime_dir)
    path = runtime_dir / "eas-webd.pub"
    assert stat.S_IMODE(runtime_dir.stat().st_mode) == 0o750
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    publisher.close()
    publisher.close()
    assert not path.exists()
    assert publisher.publish("control.x", Control("too late")) == 1


def test_a_topic_is_wanted_while_it_has_a_subscriber(
    publisher_of: MakePublisher, runtime_dir: Path
) -> None:
    publisher = publisher_of("eas-audiod@wx")
    topic = "audio.pcm.wx.mono"
    assert not publisher.wanted(topic)
    with Subscriber(runtime_dir, ["eas-audiod@wx"], [topic]):
        await_wanted(publisher, topic, True)
        assert not publisher.wanted("audio.pcm.wx.mono2")
        with Subscriber(runtime_dir, ["eas-audiod@wx"], ["audio.pcm."]):
            await_wanted(publisher, "audio.pcm.wx.mono2", True)
        await_wanted(publisher, "audio.pcm.wx.mono2", False)
        assert publisher.wanted(topic), "the other one still listens"
    await_wanted(publisher, topic, False)


def test_a_topic_is_wanted_until_the_last_of_two_subscribers_ends(
    publisher_of: MakePublisher, runtime_dir: Path
) -> None:
    publisher = publisher_of("eas-audiod@wx")
    topic = "audio.pcm.wx.mono"
    with Subscriber(runtime_dir, ["eas-audiod@wx"], [topic]) as first:
        with Subscriber(runtime_dir, ["eas-audiod@wx"], [topic, "audio.level."]) as second:
            await_wanted(publisher, "audio.level.wx.mono", True)
            publisher.publish(topic, AudioPcm(25_000, 0, 0), b"\0\0")
            assert first.receive(10) is not None
            assert second.receive(10) is not None
        await_wanted(publisher, "audio.level.wx.mono", False)
        assert publisher.wanted(topic)
    await_wanted(publisher, topic, False)


def test_skipped_messages_are_no_gap_for_the_next_subscriber(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-audiod@wx")
    topic = "audio.pcm.wx.mono"
    subscriber = subscriber_to(["eas-audiod@wx"], [topic])
    await_wanted(publisher, topic, True)
    for number in (0, 3):
        publisher.publish(topic, AudioPcm(25_000, number * 1250, 0), bytes(2500))
    assert [subscriber.receive(10), subscriber.receive(10)].count(None) == 0
    assert subscriber.missed() == ()


def await_wanted(publisher: Publisher, topic: str, expected: bool) -> None:
    until_s = time.monotonic() + 30
    while publisher.wanted(topic) is not expected:
        assert time.monotonic() < until_s, f"wanted is never {expected}"
        time.sleep(0.005)


def test_many_threads_publish_and_nothing_is_lost_or_numbered_twice(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-capd")
    subscriber = subscriber_to(["eas-capd"], ["control."])
    publisher.publish("control.start", Control("start"))
    assert subscriber.receive(5) is not None

    def work() -> None:
        for _ in range(100):
            publisher.publish("control.x", Control("x"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    numbers = []
    while len(numbers) < 400 and (message := subscriber.receive(5)) is not None:
        numbers.append(message.seq)
    for thread in threads:
        thread.join()
    assert numbers == list(range(1, 401))
    assert subscriber.missed() == ()


def test_what_a_slow_subscriber_does_not_get_is_counted_and_the_others_get_it(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber, runtime_dir: Path
) -> None:
    publisher = publisher_of("eas-sdrd@wx")
    with zmq.Context() as context, context.socket(zmq.SUB) as slow:
        slow.setsockopt(zmq.LINGER, 0)
        slow.setsockopt(zmq.RCVHWM, 1)
        slow.setsockopt(zmq.RCVBUF, 4096)
        slow.subscribe("")
        slow.connect(f"ipc://{runtime_dir}/eas-sdrd@wx.pub")
        publisher.publish("control.x", Control("x"))
        assert slow.poll(5000)  # it is connected, and never reads
        quick = subscriber_to(["eas-sdrd@wx"], ["audio.pcm.", "control.x"])
        assert quick.receive(5) is not None
        heard = 0
        for frame in range(1500):
            pcm = AudioPcm(25_000, frame * 12_500, 0)
            publisher.publish("audio.pcm.wx.162.550", pcm, bytes(25_000))
            heard += quick.receive(5) is not None
    assert publisher.dropped > 0
    assert heard == 1500
    assert quick.missed() == ()


def test_a_stopped_subscriber_neither_blocks_nor_grows_the_publisher(
    publisher_of: MakePublisher, runtime_dir: Path
) -> None:
    publisher = publisher_of("eas-sdrd@wx")
    argv = [sys.executable, "-c", LISTENER, str(runtime_dir)]
    pcm, samples = AudioPcm(25_000, 0, 0), bytes(2500)  # 50 ms
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        os.set_blocking(child.stdout.fileno(), False)
        until_s = time.monotonic() + 20
        while child.stdout.read(1) is None and time.monotonic() < until_s:
            publisher.publish("audio.pcm.wx.162.550", pcm, samples)
            threading.Event().wait(0.01)
        child.send_signal(signal.SIGSTOP)
        before = resident_bytes()
        for _ in range(8400):  # a minute of seven channels
            publisher.publish("audio.pcm.wx.162.550", pcm, samples)
        grown = resident_bytes() - before
        child.kill()
    assert publisher.dropped > 0
    assert grown < 8400 * len(samples) / 2


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_text_that_is_not_unicode_is_published(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-capd")
    publisher.publish("control.x", Control("a lone surrogate \ud800 from a feed"))
    message = subscriber_to(["eas-capd"], ["control.x"]).receive(5)
    assert message is not None
    assert message.body == Control("a lone surrogate ? from a feed")


def test_a_value_that_cannot_travel_spoils_no_other(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-capd")
    no_zone = SameBurst("wx", "162.550", "ZCZC", None, datetime(2026, 4, 27))  # noqa: DTZ001
    with pytest.raises(FrameError):
        publisher.publish("same.burst.wx.162.550", no_zone)
    publisher.publish("control.x", Control("fine"))
    message = subscriber_to(["eas-capd"], ["same.burst.", "control."]).receive(5)
    assert message is not None
    assert message.body == Control("fine")


def test_a_late_subscriber_is_sent_the_last_receptions(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-audiod@wx")
    for number in range(MOST_KEPT + 2):
        publisher.publish(RECEPTION_NEW, ReceptionNew(a_reception(number), False, True))
    first = subscriber_to(["eas-audiod@wx"], ["reception.new"])
    expected = list(range(3, MOST_KEPT + 3))
    assert sequence(first, len(expected)) == expected
    second = subscriber_to(["eas-audiod@wx"], ["reception.new"])
    assert sequence(second, len(expected)) == expected
    assert first.receive(0.2) is None, "what it knows is not told again"
    assert first.missed() == second.missed() == ()


def test_a_subscriber_that_joins_during_publishing_receives_each_reception_once(
    publisher_of: MakePublisher, subscriber_to: MakeSubscriber
) -> None:
    publisher = publisher_of("eas-audiod@wx")
    subscribers = []
    for number in range(MOST_KEPT):
        if number % 40 == 20:
            subscribers.append(subscriber_to(["eas-audiod@wx"], ["reception.new"]))
        publisher.publish(RECEPTION_NEW, ReceptionNew(a_reception(number), False, True))
        time.sleep(0.001)
    for subscriber in subscribers:
        assert sorted(sequence(subscriber, MOST_KEPT)) == list(range(1, MOST_KEPT + 1))
        assert subscriber.receive(0.2) is None


def sequence(subscriber: Subscriber, count: int) -> list[int]:
    """The numbers of the next messages, until none comes."""
    heard: list[int] = []
    while len(heard) < count and (message := subscriber.receive(5)) is not None:
        heard.append(message.seq)
    return heard


def a_reception(number: int) -> Reception:
    noon = datetime(2026, 4, 27, 12, 0, tzinfo=UTC)
    said = Statement(kind="alert", status="actual", event_name="Tornado Warning", issued_at=noon)
    return Reception(f"r-{number}", "same", "wx", "162.550", noon, f"ZCZC-{number}", said)
