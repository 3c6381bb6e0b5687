"""One uninterrupted stretch of audio: everything that counts samples begins and ends with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from eas_station.audiod.clips.recorder import ClipRecorder, ClipSink, ring_seconds
from eas_station.audiod.hearing.copy_requests import AudioCopy, as_sound
from eas_station.audiod.sources.audio_source import Block
from eas_station.config.model import ClipsConfig
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.arrays.buffers import Ring, to_int16

PREAMBLE_S = 16 * 8 * 0.00192  # 47 CFR 11.31(a)(1): sixteen bytes before the header
UNDER_WAY_S = 30.0  # after a burst its message may still be going on


@dataclass(frozen=True, slots=True)
class ClipRules:
    """How clips are cut and who takes them."""

    clips: ClipsConfig
    sink: ClipSink
    new_id: Callable[[], str]


class AudioSegment:
    """The decoder, the last seconds and the recorder of a stretch without a gap.

    All of them count samples from its beginning.
    """

    def __init__(
        self, channels: tuple[str, ...], rate_hz: int, rules: ClipRules, prior: Prior
    ) -> None:
        self.rate_hz = rate_hz
        self._receiver = SameReceiver(len(channels), rate_hz, prior, names=channels)
        self._ring = Ring(len(channels), int(ring_seconds(rules.clips) * rate_hz))
        self._recorder = ClipRecorder(self._ring, rate_hz, rules.clips, rules.sink, rules.new_id)
        self._burst_ends: dict[int, int] = {}  # by channel: the last sample of the last burst

    @property
    def clips(self) -> int:
        """Clips that are being recorded."""
        return len(self._recorder)

    def decode(self, block: Block) -> list[Burst | DecodedMessage]:
        """What ended in this block, oldest first."""
        self._ring.append(to_int16(block.samples))
        said = self._receiver.feed(block.samples)
        for one in said:
            self._burst_ends[one.channel] = self._ring.end
        return said

    @property
    def under_way(self) -> bool:
        """Is a message being heard or recorded, on any channel."""
        return self.clips > 0 or any(map(self._has_burst, self._burst_ends))

    def copy(self, channel: int, seconds: float) -> AudioCopy | None:
        """The last seconds of a channel; None: there are not so many, or a message is in them."""
        first = self._ring.end - round(seconds * self.rate_hz)
        if first < self._ring.first or self._has_burst(channel):
            return None
        return as_sound(self._ring.read(channel, first, self._ring.end), self.rate_hz)

    def last_words(self) -> list[Burst | DecodedMessage]:
        """What the decoder can still say when nothing more comes."""
        return self._receiver.flush()

    def begin_clip(
        self,
        message: DecodedMessage,
        channel: str,
        event_code: str,
        reception_id: str,
        now: datetime,
    ) -> None:
        """Record the alert whose header this is; `now` is the time of the newest sample."""
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
        """NNNN: what is being recorded on its channel ends."""
        self._recorder.end_of_message(message.channel, message.end_sample)

    def note_signal(self, channel: int, present: bool) -> None:
        """Is there something to be recorded on the channel?"""
        self._recorder.note_signal(channel, present)

    def record(self) -> None:
        """Pass on to the clips what has come; after every block."""
        self._recorder.advance()

    def end(self) -> None:
        """Nothing more comes: every clip ends with what it has."""
        self._recorder.finish_all()

    def time_of(self, sample: int, now: datetime) -> datetime:
        """When a sample was heard, `now` being the time of the newest one."""
        return now - timedelta(seconds=(self._ring.end - sample) / self.rate_hz)

    def _has_burst(self, channel: int) -> bool:
        """Was a burst heard on the channel lately."""
        ended = self._burst_ends.get(channel)
        return ended is not None and self._ring.end - ended < UNDER_WAY_S * self.rate_hz
