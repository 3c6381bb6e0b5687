"""What the bus says reaches the state; what only lookers want is made only for them."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest

from eas_station.bus.messages import BusMessage, ChannelState, HearingProof, ReceiverState
from eas_station.webd.http.fanout import Fanout
from eas_station.webd.live.bus_listener import LISTENED_TO, BusListener

STATE = ReceiverState(
    *("wx", "running", "well", 250_000, 162_487_500.0),
    (ChannelState("162.550", 162_550_000.0, -11.04, -42.0, 30.96, 3100.4, 212.6, True),),
    *(1000, 0, 1.8),
    spectrum_dbfs=(-80.04, -33.06),
)


class Bus:
    """A subscriber that hears what a test has put there."""

    rejected = 0

    def __init__(self) -> None:
        self.messages: deque[BusMessage] = deque()

    def receive(self, timeout_s: float) -> BusMessage | None:
        return self.messages.popleft() if self.messages else None

    def missed(self) -> tuple[tuple[str, str, int], ...]:
        return ()


@pytest.fixture
def room(new_state: Any, clocks: Any) -> Any:
    class Room:
        bus, state, fanout = Bus(), new_state("eas-sdrd@wx"), Fanout()

        def hears(self, message: BusMessage) -> None:
            self.bus.messages.append(message)
            self.listener.turn(0)

    made = Room()
    made.listener = BusListener(  # type: ignore[attr-defined]
        made.bus, made.state, made.fanout, None, lambda: clocks.mono  # type: ignore[arg-type]
    )  # fmt: skip
    return made


def test_the_proofs_of_hearing_are_listened_to_and_drawn(room: Any, make: Any) -> None:
    assert "audio.hearing." in LISTENED_TO
    hearing = HearingProof("wx", "162.550", "hearing", "hearing", make.now, 14.0)
    room.hears(make.message(hearing))
    (heard,) = room.state.snapshot().hearings
    assert (heard.value, heard.stale) == (hearing, False)


def test_the_spectrum_is_made_for_nobody_and_sent_to_who_looks(room: Any, make: Any) -> None:
    others = room.fanout.join(frozenset({"levels", "status"}))
    room.hears(make.message(STATE))
    looker = room.fanout.join(frozenset({"receivers"}))
    assert looker.wait(0) is None
    room.hears(make.message(STATE))
    said = json.loads(looker.wait(0).data)
    assert (said["receiver"], said["spectrum_dbfs"]) == ("wx", [-80.0, -33.1])
    assert said["channels"] == [
        {
            "key": "wx/162.550",
            "snr_db": 31.0,
            "signal_dbfs": -11.0,
            "noise_dbfs": -42.0,
            "deviation_hz": 3100,
            "offset_hz": 213,
            "carrier_present": True,
        }
    ]
    event = others.wait(0)
    assert event is None or event.kind == "status"
