"""One channel's sound for one client: nothing waits for the slow, nothing is kept for the gone."""

from __future__ import annotations

import logging
import struct
import wave
from collections import deque
from io import BytesIO
from typing import Any

import pytest

from eas_station.bus.messages import AudioPcm, BusMessage
from eas_station.errors import SourceError
from eas_station.webd.live import live_audio
from eas_station.webd.live.live_audio import LiveAudio, wav_header
from eas_station.webd.state.audio_channels import AudioChannel

SOUND = AudioChannel("wx", "162.550", "eas-sdrd@wx", "audio.pcm.wx.162.550")


class Frames:
    """A subscription with the frames of a test; waiting for more moves the clock."""

    def __init__(self, clocks: Any) -> None:
        self.clocks, self.messages, self.closed = clocks, deque[BusMessage](), 0
        self._number = 0

    def put(
        self, samples: bytes, make: Any, rate_hz: int = 25_000, squelched: bool = False
    ) -> None:
        self._number += 1
        body = AudioPcm(rate_hz, 0, 0, squelched)
        self.messages.append(
            BusMessage(SOUND.topic, SOUND.unit, self._number, make.now, body, samples)
        )

    def receive(self, timeout_s: float) -> BusMessage | None:
        if self.messages:
            return self.messages.popleft()
        self.clocks.move(timeout_s)
        return None

    def close(self) -> None:
        self.closed += 1


class Client:
    def __init__(self) -> None:
        self.is_gone, self.unsent = False, 0

    def gone(self) -> bool:
        return self.is_gone

    def unsent_bytes(self) -> int:
        return self.unsent

    def limit_system_buffer(self, size_bytes: int) -> None:
        self.limited = size_bytes


@pytest.fixture
def studio(clocks: Any) -> Any:
    class Studio:
        subscription, client = Frames(clocks), Client()
        stopping = False

    made = Studio()
    made.live = LiveAudio(  # type: ignore[attr-defined]
        lambda sound: made.subscription, 2, lambda: made.stopping, lambda: clocks.mono
    )
    return made


def free_places(studio: Any, make: Any) -> int:
    """How many more clients are served; the rest of the test has them."""
    taken = 0
    while True:
        studio.subscription.put(b"00", make)
        if studio.live.listen(SOUND, studio.client) is None:
            return taken
        taken += 1


def test_a_stream_begins_with_a_header_of_the_sounds_rate_and_has_no_end() -> None:
    header = wav_header(22_050)
    assert len(header) == 44
    assert struct.unpack("<I", header[4:8]) == struct.unpack("<I", header[40:]) == (0xFFFFFFFF,)
    finite = header[:40] + struct.pack("<I", 8) + bytes(8)
    with wave.open(BytesIO(finite[:4] + struct.pack("<I", 44) + finite[8:])) as sound:
        assert sound.getparams()[:4] == (1, 2, 22_050, 4)


def test_frames_come_as_they_were_published_and_squelched_ones_as_silence(
    studio: Any, make: Any
) -> None:
    studio.subscription.put(b"\1\2" * 4, make)
    stream = studio.live.listen(SOUND, studio.client)
    studio.subscription.put(b"\3\4" * 4, make, squelched=True)
    studio.subscription.put(b"\5\6" * 4, make)
    assert [next(stream) for _ in range(4)] == [
        *(wav_header(25_000), b"\1\2" * 4),
        *(bytes(8), b"\5\6" * 4),
    ]


def test_of_what_piled_up_only_the_newest_two_frames_are_played(studio: Any, make: Any) -> None:
    studio.subscription.put(b"00", make)
    stream = studio.live.listen(SOUND, studio.client)
    for number in range(1, 10):
        studio.subscription.put(f"{number:02}".encode(), make)
    assert [next(stream) for _ in range(4)][2:] == [b"08", b"09"]
    assert stream.dropped == 7


def test_a_client_that_takes_nothing_misses_frames_and_is_dropped(
    studio: Any, make: Any, clocks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    studio.subscription.put(b"0" * 100, make)
    stream = studio.live.listen(SOUND, studio.client)
    next(stream), next(stream)
    studio.client.unsent = 200
    receive = studio.subscription.receive

    def go_on(timeout_s: float) -> BusMessage | None:
        if timeout_s and not studio.subscription.messages:
            clocks.move(0.1)
            studio.subscription.put(b"1" * 100, make)
        return receive(timeout_s)  # type: ignore[no-any-return]

    studio.subscription.receive = go_on
    begun_mono = clocks.mono
    assert list(stream) == []
    assert clocks.mono - begun_mono < live_audio.STALLED_S + 1
    assert 90 < stream.dropped < 110
    stream.close()
    assert free_places(studio, make) == 2
    assert f"too slow for {stream.dropped} frames" in caplog.text


def test_a_client_that_takes_again_hears_again(studio: Any, make: Any) -> None:
    studio.subscription.put(b"0" * 100, make)
    stream = studio.live.listen(SOUND, studio.client)
    next(stream), next(stream)
    studio.client.unsent = 200
    studio.subscription.put(b"1" * 100, make)
    stream._receive()
    studio.client.unsent = 199
    studio.subscription.put(b"2" * 100, make)
    assert next(stream) == b"2" * 100


@pytest.mark.parametrize("how", ["gone", "stopping", "quiet", "other rate"])
def test_a_stream_ends_with_its_client_its_server_and_its_sound(
    studio: Any, make: Any, how: str
) -> None:
    studio.subscription.put(b"00", make)
    stream = studio.live.listen(SOUND, studio.client)
    next(stream), next(stream)
    studio.client.is_gone = how == "gone"
    studio.stopping = how == "stopping"
    if how == "other rate":
        studio.subscription.put(b"11", make, rate_hz=48_000)
    assert list(stream) == []
    stream.close()
    stream.close()
    assert studio.subscription.closed == 1
    studio.stopping = studio.client.is_gone = False
    assert free_places(studio, make) == 2


def test_places_are_bounded_and_given_back(studio: Any, make: Any) -> None:
    for _ in range(2):
        studio.subscription.put(b"00", make)
    streams = [studio.live.listen(SOUND, studio.client) for _ in range(2)]
    assert studio.live.listen(SOUND, studio.client) is None
    streams[0].close()
    studio.subscription.put(b"00", make)
    assert studio.live.listen(SOUND, studio.client) is not None


def test_a_channel_without_sound_is_told_and_takes_no_place(studio: Any, make: Any) -> None:
    with pytest.raises(SourceError):
        studio.live.listen(SOUND, studio.client)
    assert studio.subscription.closed == 1
    assert free_places(studio, make) == 2


def test_other_words_of_the_bus_are_no_sound(studio: Any, make: Any) -> None:
    studio.subscription.messages.append(make.message(make.status()))
    studio.subscription.put(b"00", make)
    stream = studio.live.listen(SOUND, studio.client)
    assert [next(stream), next(stream)] == [wav_header(25_000), b"00"]
