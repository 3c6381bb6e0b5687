"""Publishes the audio of a mono source for live listening on the web page."""

from __future__ import annotations

from collections.abc import Callable

from eas_station.audiod.sources.audio_source import Block
from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm
from eas_station.dsp.arrays.buffers import to_int16


class PcmPublisher:
    """Publishes blocks while somebody subscribes to them.

    The channels of a receiver are on the bus already.
    """

    def __init__(
        self,
        source: str,
        publish: Callable[[str, AudioPcm, bytes], object],
        is_wanted: Callable[[str], bool],
    ) -> None:
        """Args: is_wanted: whether a topic has a subscriber."""
        self._topic = topics.audio_pcm(source, "mono")
        self._publish = publish
        self._is_wanted = is_wanted
        self._next_sample = 0  # over all times the source was opened

    def __call__(self, block: Block) -> None:
        """Take the next block."""
        gap = block.gap_samples or 0
        first = self._next_sample + gap
        self._next_sample = first + block.count
        if self._is_wanted(self._topic):
            samples = to_int16(block.samples[0]).astype("<i2", copy=False).tobytes()
            self._publish(self._topic, AudioPcm(block.rate_hz, first, gap), samples)
