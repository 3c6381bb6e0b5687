"""Copies of the newest audio for the hearing monitor."""

from __future__ import annotations

import threading

import numpy as np

from eas_station.audiod.clips.clip_files import ClipOrder
from eas_station.audiod.hearing.copy_requests import AudioCopy, CopyRequests
from eas_station.audiod.segment import UNDER_WAY_S, AudioSegment, ClipRules
from eas_station.audiod.sources.audio_source import Block
from eas_station.config.model import ClipsConfig
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.audio import modulate

RATE_HZ = 8_000
TORNADO = "ZCZC-WXR-TOR-039173+0030-3261159-KCLE/NWS-"


class Nowhere:
    """Discards clips."""

    def begin(self, order: ClipOrder) -> None: ...

    def write(self, clip_id: str, samples: np.ndarray) -> None: ...

    def finish(self, clip_id: str, eom_sample: int | None) -> None: ...


def segment() -> AudioSegment:
    rules = ClipRules(ClipsConfig(pre_roll_s=5.0), Nowhere(), lambda: "c")
    return AudioSegment(("a", "b"), RATE_HZ, rules, Prior())


def feed(to: AudioSegment, first: np.ndarray, second: np.ndarray) -> None:
    for at in range(0, len(first), 2000):
        pair = np.stack((first[at : at + 2000], second[at : at + 2000])).astype(np.float32)
        to.decode(Block(pair, RATE_HZ, at, 0))


def test_a_copy_is_the_last_seconds_of_that_channel() -> None:
    heard = segment()
    ramp = np.arange(4 * RATE_HZ) / (4 * RATE_HZ)
    feed(heard, np.zeros(4 * RATE_HZ), ramp)
    sound = heard.copy(1, 2.0)
    assert sound is not None
    assert sound.rate_hz == RATE_HZ
    assert np.allclose(sound.samples, ramp[-2 * RATE_HZ :], atol=2**-15)


def test_there_is_no_copy_longer_than_what_was_received() -> None:
    heard = segment()
    feed(heard, np.zeros(RATE_HZ), np.zeros(RATE_HZ))
    assert heard.copy(0, 2.0) is None
    assert heard.copy(0, 1.0) is not None


def test_a_channel_is_not_copied_during_and_soon_after_a_message() -> None:
    heard = segment()
    bursts = modulate.bursts(TORNADO, RATE_HZ) * 0.3
    quiet = np.zeros(len(bursts))
    feed(heard, quiet, bursts)
    assert heard.message_under_way
    assert heard.copy(1, 2.0) is None
    assert heard.copy(0, 2.0) is not None, "the other channel is free"
    rest = np.zeros(round((UNDER_WAY_S + 1) * RATE_HZ))
    feed(heard, rest, rest)
    assert not heard.message_under_way
    assert heard.copy(1, 2.0) is not None


class Offered:
    """What the listener offers."""

    def __init__(self, sound: AudioCopy | None, under_way: bool = False) -> None:
        self.message_under_way = under_way
        self.asked: list[tuple[int, float]] = []
        self._sound = sound

    def copy(self, channel: int, seconds: float) -> AudioCopy | None:
        self.asked.append((channel, seconds))
        return self._sound


def test_a_request_is_served_once_by_the_other_thread() -> None:
    copies = CopyRequests()
    sound = AudioCopy(np.zeros(10, np.float32), RATE_HZ)
    offered = Offered(sound, under_way=True)
    copies.serve(offered.message_under_way, offered.copy)
    assert offered.asked == [], "nothing was requested"
    taken: list[AudioCopy | None] = []
    taker = threading.Thread(target=lambda: taken.append(copies.request(1, 7.0, 30.0)))
    taker.start()
    while taker.is_alive():
        copies.serve(offered.message_under_way, offered.copy)
        taker.join(0.01)
    assert taken == [sound]
    assert offered.asked == [(1, 7.0)]
    assert copies.message_under_way


def test_a_request_times_out_if_the_listener_receives_nothing() -> None:
    assert CopyRequests().request(0, 7.0, 0.01) is None
