"""Gives the sound of a source to whoever listens on the page, from the same samples we decode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from eas_station.audiod.sources.audio_source import Block
from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm
from eas_station.dsp.arrays.buffers import to_int16


class PublishSound(Protocol):
    """`bus.publisher.Publisher.publish`."""

    def __call__(self, topic: str, body: AudioPcm, samples: bytes, /) -> int:
        """Tell those who listen."""
        ...


class PcmPublisher:
    """Publishes the one channel of a source, while somebody has subscribed to it.

    A receiver's channels are on the bus already.
    """

    def __init__(
        self, source: str, publish: PublishSound, is_wanted: Callable[[str], bool]
    ) -> None:
        self._topic = topics.audio_pcm(source, "mono")
        self._publish = publish
        self._is_wanted = is_wanted
        self._next = 0  # number of the next sample, over all times the source was opened

    def __call__(self, block: Block) -> None:
        """Take the block that has just arrived."""
        gap = block.gap_samples or 0
        first = self._next + gap
        self._next = first + block.count
        if self._is_wanted(self._topic):
            samples = to_int16(block.samples[0]).astype("<i2", copy=False).tobytes()
            self._publish(self._topic, AudioPcm(block.rate_hz, first, gap), samples)
