"""The audio of a source for live listening."""

from __future__ import annotations

import numpy as np

from eas_station.audiod.pcm_publisher import PcmPublisher
from eas_station.audiod.sources.audio_source import Block
from eas_station.bus.messages import AudioPcm


class Bus:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.listened = True
        self.sent: list[tuple[str, AudioPcm, bytes]] = []

    def publish(self, topic: str, body: AudioPcm, samples: bytes, /) -> int:
        self.sent.append((topic, body, samples))
        return len(self.sent)

    def is_wanted(self, topic: str) -> bool:
        return self.listened and topic == "audio.pcm.card.mono"


def block(value: float, gap: int | None = 0) -> Block:
    return Block(np.full((1, 4), value, np.float32), 25_000, 0, gap)


def test_samples_are_sent_as_16_bit_with_their_numbers() -> None:
    bus = Bus()
    live = PcmPublisher("card", bus.publish, bus.is_wanted)
    live(block(0.5, None))
    live(block(-1.0))
    live(block(2.0, 100))
    assert [topic for topic, _, _ in bus.sent] == ["audio.pcm.card.mono"] * 3
    assert [(pcm.first_sample, pcm.gap_samples) for _, pcm, _ in bus.sent] == [
        *((0, 0), (4, 0), (108, 100)),
    ]
    heard = [np.frombuffer(samples, "<i2").tolist() for _, _, samples in bus.sent]
    assert heard == [[16384] * 4, [-32768] * 4, [32767] * 4]


def test_nothing_is_published_without_subscribers_and_numbers_continue() -> None:
    bus = Bus()
    live = PcmPublisher("card", bus.publish, bus.is_wanted)
    bus.listened = False
    live(block(0.5, None))
    assert bus.sent == []
    bus.listened = True
    live(block(0.5))
    assert bus.sent[0][1].first_sample == 4
