"""One uninterrupted segment of audio, with everything that counts its samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from eas_station.audiod.clips.clip_writer import ClipWriter
from eas_station.audiod.clips.recorder import ClipRecorder, ring_seconds
from eas_station.audiod.hearing.copy_requests import AudioCopy
from eas_station.audiod.sources.audio_source import Block
from eas_station.config.model import ClipsConfig
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.arrays.buffers import FULL_SCALE, Ring, to_int16

PREAMBLE_S = 16 * 8 * 0.00192  # 47 CFR 11.31(a)(1): sixteen bytes before the header
UNDER_WAY_S = 30.0  # after a burst, its message may still be on the air


@dataclass(frozen=True, slots=True)
class ClipRules:
    """How clips are cut, and what writes them."""

    clips: ClipsConfig
    writer: ClipWriter
    new_id: Callable[[], str]


class AudioSegment:
    """The decoder, the ring buffer and the clip recorder of audio without a gap.

    All of them count samples from the beginning of the segment.
    """

    def __init__(
        self, channels: tuple[str, ...], rate_hz: int, rules: ClipRules, prior: Prior
    ) -> None:
        self.rate_hz = rate_hz
        self._receiver = SameReceiver(len(channels), rate_hz, prior, names=channels)
        self._ring = Ring(len(channels), int(ring_seconds(rules.clips) * rate_hz))
        self._recorder = ClipRecorder(self._ring, rate_hz, rules.clips, rules.writer, rules.new_id)
        self._burst_ends: dict[int, int] = {}  # by channel: where the last burst was found

    @property
    def clips(self) -> int:
        """Number of clips that are being recorded."""
        return len(self._recorder)

    @property
    def message_under_way(self) -> bool:
        """Whether a message is being received or recorded on any channel."""
        return self.clips > 0 or any(map(self._has_burst, self._burst_ends))

    def decode(self, block: Block) -> list[Burst | DecodedMessage]:
        """Append a block; gives what it completed, oldest first."""
        self._ring.append(to_int16(block.samples))
        decoded = self._receiver.feed(block.samples)
        for item in decoded:
            self._burst_ends[item.channel] = self._ring.end
        return decoded

    def flush(self) -> list[Burst | DecodedMessage]:
        """What can be decoded without further samples."""
        return self._receiver.flush()

    def copy(self, channel: int, seconds: float) -> AudioCopy | None:
        """The last seconds of a channel; None if it has fewer, or a message was there lately."""
        first = self._ring.end - round(seconds * self.rate_hz)
        if first < self._ring.first or self._has_burst(channel):
            return None
        samples = self._ring.read(channel, first, self._ring.end)
        return AudioCopy(samples.astype(np.float32) / np.float32(FULL_SCALE), self.rate_hz)

    def begin_clip(
        self,
        message: DecodedMessage,
        channel: str,
        event_code: str,
        reception_id: str,
        now: datetime,
    ) -> None:
        """Record the message with this header; `now` is the time of the newest sample."""
        preamble = round(PREAMBLE_S * self.rate_hz)
        self._recorder.begin(
            message.channel,
            channel,
            max(0, message.start_sample - preamble),
            event_code,
            reception_id,
            lambda sample: self.time_of(sample, now),
            message.end_sample,
        )

    def end_of_message(self, message: DecodedMessage) -> None:
        """NNNN: end the clips of its channel."""
        self._recorder.end_of_message(message.channel, message.end_sample)

    def note_signal(self, channel: int, present: bool) -> None:
        """Note whether the channel has a signal to record."""
        self._recorder.note_signal(channel, present)

    def record(self) -> None:
        """Pass the newest samples to the clips; called after every block."""
        self._recorder.advance()

    def end(self) -> None:
        """End every clip with what it has."""
        self._recorder.finish_all()

    def time_of(self, sample: int, now: datetime) -> datetime:
        """When a sample was received, `now` being the time of the newest one."""
        return now - timedelta(seconds=(self._ring.end - sample) / self.rate_hz)

    def _has_burst(self, channel: int) -> bool:
        """Whether the channel had a burst lately."""
        ended = self._burst_ends.get(channel)
        return ended is not None and self._ring.end - ended < UNDER_WAY_S * self.rate_hz
