"""The event stream of one client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eas_station.alerts.model import Change
from eas_station.webd.http.client_connection import ClientConnection
from eas_station.webd.http.fanout import Event, Fanout
from eas_station.webd.live.event_stream import EventStream, alert_event, frame

ALERT = frozenset({"alert"})


class Channel:
    """A connection of the server, as far as it is asked."""

    def __init__(self, connected: bool = True) -> None:
        self.connected, self.total_outbufs_len = connected, 0

    def check_client_disconnected(self) -> bool:
        return not self.connected

    def client(self) -> ClientConnection:
        return ClientConnection({"waitress.client_disconnected": self.check_client_disconnected})


def stream_of(
    fanout: Fanout, clocks: Any, replay: Any = (), last: int = 0, channel: Any = None
) -> Any:
    listener = fanout.join(ALERT)
    assert listener is not None
    stream = EventStream(
        fanout, listener, list(replay), last, (channel or Channel()).client(),
        lambda: clocks.now, lambda: clocks.mono,
    )  # fmt: skip
    return listener, stream


def test_a_frame_is_one_event_however_hostile_its_data() -> None:
    data = json.dumps({"headline": "a\n\nevent: fake\r\rid: 7"})
    assert frame(Event("alert", data, 12)).decode().split("\n") == [
        "id: 12", "event: alert", f"data: {data}", "", "",
    ]  # fmt: skip
    assert b"id:" not in frame(Event("status", "{}"))


def test_what_was_missed_comes_first_and_never_twice(clocks: Any) -> None:
    fanout = Fanout()
    missed = [Event("alert", "{}", 4), Event("alert", "{}", 5)]
    _, stream = stream_of(fanout, clocks, missed, last=5)
    fanout.send(Event("alert", '{"again":5}', 5))
    fanout.send(Event("alert", '{"new":6}', 6))
    assert [next(stream)[:5] for _ in range(2)] == [b"id: 4", b"id: 5"]
    hello = next(stream).decode()
    assert "event: hello" in hello
    assert "id: 5\n" in hello
    assert b'{"new":6}' in next(stream)


def test_a_quiet_stream_sends_a_heartbeat(clocks: Any) -> None:
    _, stream = stream_of(Fanout(), clocks)
    next(stream)
    clocks.move(10)
    assert next(stream) == b'event: heartbeat\ndata: {"at": "2025-11-22T08:12:10Z"}\n\n'


def test_a_client_that_left_ends_its_stream_and_its_place_is_free(clocks: Any) -> None:
    fanout = Fanout()
    _, stream = stream_of(fanout, clocks, channel=Channel(connected=False))
    next(stream)
    with pytest.raises(StopIteration):
        next(stream)
    assert fanout.count() == 1
    stream.close()
    assert fanout.count() == 0


def test_a_stream_that_was_never_read_frees_its_place(clocks: Any) -> None:
    fanout = Fanout()
    _, stream = stream_of(fanout, clocks)
    stream.close()
    assert fanout.count() == 0


def test_a_listener_that_was_closed_ends(clocks: Any) -> None:
    listener, stream = stream_of(Fanout(), clocks)
    next(stream)
    listener.close()
    with pytest.raises(StopIteration):
        next(stream)


def test_an_alert_event_says_enough_to_announce_it(make: Any) -> None:
    change = Change(9, "alert-1", "new", make.now, "first heard", "TOR")
    event = alert_event(change, make.alert(headline="Take cover"))
    said = json.loads(event.data)
    assert (event.kind, event.change_id) == ("alert", 9)
    assert said["event_name"] == "Tornado Warning"
    assert said["concerns_us"] is True
    assert said["ends_at"] == "2025-11-22T08:57:00Z"
    assert "event_name" not in json.loads(alert_event(change, None).data)


@pytest.mark.parametrize(
    ("connected", "unsent", "ends"),
    [(True, 0, False), (True, 262_144, False), (True, 300_000, True), (False, 0, True)],
)
def test_a_stream_ends_when_its_client_left_or_lets_bytes_pile_up(
    clocks: Any, connected: bool, unsent: int, ends: bool
) -> None:
    fanout, channel = Fanout(), Channel()
    _, stream = stream_of(fanout, clocks, channel=channel)
    next(stream)
    channel.connected, channel.total_outbufs_len = connected, unsent
    fanout.send(Event("alert", "{}", 1))
    assert (next(stream, None) is None) is ends


def test_under_another_server_a_client_never_leaves() -> None:
    client = ClientConnection({})
    assert (client.gone(), client.unsent_bytes()) == (False, 0)
    client.limit_system_buffer(65_536)
