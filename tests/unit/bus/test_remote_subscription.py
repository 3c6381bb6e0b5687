"""Subscriptions between machines: over TCP, encrypted, for allowed keys only, one unit each."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from eas_station.bus.frames import FrameHeader, encode
from eas_station.bus.keys import KeyPair
from eas_station.bus.messages import AudioPcm, Body, Control
from eas_station.bus.publisher import Publisher
from eas_station.bus.remote_subscription import RemoteUnit, common_topics, matches
from eas_station.bus.subscriber import Subscriber
from eas_station.bus.tcp_endpoint import TcpSettings
from eas_station.clock import utc_now
from eas_station.errors import BusError

UNIT = "eas-sdrd@roof"
TOPIC = "audio.pcm.roof.162.550"
MAY = ("audio.pcm.roof.", "receiver.state.roof", f"status.{UNIT}")
PATIENCE_S = 30.0
MakeSubscriber = Callable[..., Subscriber]


def new_keys() -> KeyPair:
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


SERVER, CLIENT, STRANGER = new_keys(), new_keys(), new_keys()


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return f"tcp://127.0.0.1:{bound.getsockname()[1]}"


class Roof:
    """The receiver on the other machine, which allows CLIENT's key."""

    def __init__(self, runtime_dir: Path, allowed: tuple[str, ...] = (CLIENT.public,)) -> None:
        self.publisher = Publisher(UNIT, runtime_dir)
        self.reported: list[tuple[str, str]] = []
        self.address = free_address()
        self.open(self.address, allowed)
        eventually(lambda: bool(self.reported), "it is bound")
        self._first_sample = 0

    def open(self, address: str, allowed: tuple[str, ...]) -> None:
        report = self.reported.append
        settings = TcpSettings(address, SERVER, allowed)
        self.publisher.open_tcp(settings, lambda state, why: report((state, why)))

    def say(self, topic: str = TOPIC) -> None:
        self.publisher.publish(topic, AudioPcm(25_000, self._first_sample, 0), bytes(2500))
        self._first_sample += 1250


@pytest.fixture
def roof(runtime_dir: Path) -> Iterator[Roof]:
    built = Roof(runtime_dir / "there")
    yield built
    built.publisher.close()


@pytest.fixture
def station(runtime_dir: Path) -> Iterator[MakeSubscriber]:
    with ExitStack() as stack:

        def make(
            address: str,
            keys: Callable[[], KeyPair] = lambda: CLIENT,
            server_key: str = SERVER.public,
            wanted: tuple[str, ...] = (TOPIC,),
        ) -> Subscriber:
            remote = RemoteUnit(address, server_key, MAY, keys)
            find = {UNIT: remote}.get
            return stack.enter_context(
                Subscriber(runtime_dir / "here", [UNIT, "eas-capd"], wanted, remote=find)
            )

        yield make


def eventually(true: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until_s, f"it never came to this: {what}"
        threading.Event().wait(0.01)


def await_fault(subscriber: Subscriber, part: str, roof: Roof | None = None) -> None:
    """Until the connection is broken for that reason; nothing must be heard meanwhile."""

    def is_told() -> bool:
        if roof is not None:
            roof.say()
        assert subscriber.receive(0.02) is None
        return part in subscriber.connection_faults().get(UNIT, "")

    eventually(is_told, part)


def await_heard(subscriber: Subscriber, roof: Roof) -> None:
    def is_heard() -> bool:
        roof.say()
        message = subscriber.receive(0.02)
        return message is not None and message.topic == TOPIC

    eventually(is_heard, "heard")
    assert subscriber.connection_faults() == {}


def test_an_allowed_key_receives_its_subscriptions_and_nothing_else(
    roof: Roof, station: MakeSubscriber
) -> None:
    subscriber = station(roof.address)
    await_heard(subscriber, roof)
    assert roof.publisher.wanted(TOPIC)
    assert not roof.publisher.wanted("audio.pcm.roof.162.475"), "what nobody asked for stays there"
    assert roof.reported == [("running", f"open to 1 key at {roof.address}")]


def test_one_subscriber_receives_from_this_machine_and_another(
    roof: Roof, station: MakeSubscriber, runtime_dir: Path
) -> None:
    subscriber = station(roof.address, wanted=(TOPIC, "control.x"))
    await_heard(subscriber, roof)
    local = Publisher("eas-capd", runtime_dir / "here")
    try:
        local.publish("control.x", Control("here"))
        heard: set[str] = set()

        def both() -> bool:
            roof.say()
            message = subscriber.receive(0.02)
            heard.update([message.sender] if message else [])
            return heard == {UNIT, "eas-capd"}

        eventually(both, "both are heard")
    finally:
        local.close()


def test_another_key_is_refused_and_both_sides_report_it(
    roof: Roof, station: MakeSubscriber, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber = station(roof.address, lambda: STRANGER)
    await_fault(subscriber, "refuses our key: add it to allow there", roof)
    assert f"its key {STRANGER.public} is not in allow" in caplog.text
    assert not roof.publisher.wanted(TOPIC)


def test_an_added_key_is_accepted_without_a_restart(
    roof: Roof, station: MakeSubscriber, runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eas_station.bus.remote_subscription.RETRY_S", 0.05)
    subscriber = station(roof.address, lambda: STRANGER)
    await_fault(subscriber, "refuses our key")
    roof.open(roof.address, (CLIENT.public, STRANGER.public))
    await_heard(subscriber, roof)


def test_a_removed_key_is_disconnected(roof: Roof, station: MakeSubscriber) -> None:
    subscriber = station(roof.address)
    await_heard(subscriber, roof)
    roof.open(roof.address, (STRANGER.public,))

    def is_cut_off() -> bool:
        subscriber.receive(0.02)
        return "refuses our key" in subscriber.connection_faults().get(UNIT, "")

    eventually(is_cut_off, "cut off")


def test_a_server_with_another_key_is_refused(roof: Roof, station: MakeSubscriber) -> None:
    subscriber = station(roof.address, server_key=STRANGER.public)
    await_fault(subscriber, "another key than server_key", roof)


def test_a_client_without_a_key_receives_nothing(roof: Roof) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as plain:
        plain.setsockopt(zmq.LINGER, 0)
        plain.subscribe("")
        events = plain.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        plain.connect(roof.address)
        try:
            assert events.poll(30_000), "the connection is refused"
            roof.say()
            assert not plain.poll(100)
        finally:
            plain.disable_monitor()
            events.close(0)


def test_without_own_keys_the_fault_names_the_command_and_the_connection_follows_later(
    roof: Roof, station: MakeSubscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eas_station.bus.remote_subscription.RETRY_S", 0.05)
    made: list[KeyPair] = []

    def keys() -> KeyPair:
        if not made:
            raise BusError("this machine has no keys: make one with: eas-ctl keys")
        return made[0]

    subscriber = station(roof.address, keys)
    await_fault(subscriber, "eas-ctl keys", roof)
    made.append(CLIENT)
    await_heard(subscriber, roof)


def test_a_machine_that_returns_is_received_again_with_a_gap(
    roof: Roof, station: MakeSubscriber, runtime_dir: Path
) -> None:
    subscriber = station(roof.address)
    await_heard(subscriber, roof)
    while subscriber.receive(0) is not None:
        pass
    subscriber.missed()
    roof.publisher.close()
    eventually(
        lambda: subscriber.receive(0.02) is None and UNIT in subscriber.connection_faults(), "away"
    )
    again = Roof.__new__(Roof)
    again.publisher, again.reported, again._first_sample = Publisher(UNIT, runtime_dir / "x"), [], 0
    try:
        for _ in range(5):
            again.say()
        again.open(roof.address, (CLIENT.public,))
        await_heard(subscriber, again)
        assert subscriber.missed()[0][2] >= 5, "numbers begin anew, and the first were not heard"
    finally:
        again.publisher.close()


def test_an_address_that_cannot_be_bound_is_retried_without_local_effect(
    runtime_dir: Path,
) -> None:
    with zmq.Context() as context, context.socket(zmq.REP) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        publisher = Publisher(UNIT, runtime_dir)
        told: list[tuple[str, str]] = []
        try:
            settings = TcpSettings(f"tcp://127.0.0.1:{port}", SERVER, (CLIENT.public,))
            publisher.open_tcp(settings, lambda state, why: told.append((state, why)))
            eventually(lambda: bool(told), "it is told")
            assert told == [
                ("reconnecting", f"{settings.address} cannot be bound: Address already in use")
            ]
            with Subscriber(runtime_dir, [UNIT], [TOPIC]) as here:
                publisher.publish(f"control.{UNIT}", Control("x"))
                assert here.receive(0) is None
            other.close()
            eventually(lambda: told[-1][0] == "running", "bound")
        finally:
            publisher.close()


def test_only_messages_of_its_own_unit_are_accepted_from_a_machine(
    runtime_dir: Path, station: MakeSubscriber
) -> None:
    """It has our trust in its receiver, not in alerts or in other daemons."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as rogue:
        rogue.setsockopt(zmq.LINGER, 0)
        rogue.setsockopt(zmq.CURVE_SERVER, 1)
        rogue.setsockopt(zmq.CURVE_SECRETKEY, SERVER.secret.encode())
        port = rogue.bind_to_random_port("tcp://127.0.0.1")
        subscriber = station(f"tcp://127.0.0.1:{port}", wanted=("alert.", "control.", TOPIC))
        asked = []
        while len(asked) < 2:
            subscriber.receive(0.02)
            if rogue.poll(0):
                asked.append(rogue.recv()[1:].decode())
        assert set(asked) == {TOPIC, f"status.{UNIT}"}

        def say(topic: str, body: Body, sender: str, seq: int) -> None:
            samples = bytes(2) if isinstance(body, AudioPcm) else None
            header = FrameHeader(sender, "r", seq, utc_now())
            rogue.send_multipart(encode(topic, header, body, samples))

        say(TOPIC, AudioPcm(25_000, 0, 0), "eas-capd", 1)
        say(f"{TOPIC}x", AudioPcm(25_000, 0, 0), UNIT, 1)
        say(TOPIC, AudioPcm(25_000, 7, 0), UNIT, 1)
        message = None
        while message is None:
            message = subscriber.receive(PATIENCE_S)
        assert message.body == AudioPcm(25_000, 7, 0)
        assert subscriber.rejected == 2


TOPICS = st.lists(st.sampled_from(["a", "a.", "a.b", "a.b.", "a.b.c", "b.", "b.c"]), max_size=4)


@settings(deadline=None)
@given(TOPICS, TOPICS, st.sampled_from(["a", "a.b", "a.b.c", "b.c", "b", "a.bb", "b.c.d"]))
def test_what_is_common_is_in_both(wanted: list[str], allowed: list[str], topic: str) -> None:
    common = common_topics(wanted, allowed)
    both = matches(topic, tuple(wanted)) and matches(topic, tuple(allowed))
    assert matches(topic, common) == both
