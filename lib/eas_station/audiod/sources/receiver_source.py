"""All channels of one receiver, received over the bus."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from eas_station.audiod.sources.audio_source import AudioSource, Block
from eas_station.audiod.sources.frame_aligner import FrameAligner
from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, BusMessage, ReceiverState
from eas_station.bus.subscriber import Subscriber
from eas_station.decoder.receiver import HIGHEST_HZ, LOWEST_HZ

WAIT_S = 0.5
NAP_S = 0.05  # seven channels send frame by frame: waking up for each costs more than decoding
QUIET_S = 0.4  # without a frame: an incomplete block is delivered
STATE_AGE_S = 5.0  # an older report of the receiver is ignored


def receiver_topics(receiver: str, channels: tuple[str, ...]) -> tuple[str, ...]:
    """The topics of the channels' audio and of the receiver's state."""
    audio = tuple(topics.audio_pcm(receiver, channel) for channel in channels)
    return (*audio, topics.receiver_state(receiver))


class ReceiverSource(AudioSource):
    """The frames of one eas-sdrd, aligned into blocks of all channels."""

    def __init__(
        self,
        receiver: str,
        channels: tuple[str, ...],
        subscriber: Subscriber,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Args: subscriber: subscribed to `receiver_topics`; closed with the source."""
        self._sleep = sleep
        self._channels = channels
        self._receiver = receiver
        self._subscriber = subscriber
        self._monotonic = monotonic
        self._aligner = FrameAligner(len(channels))
        self._index = {topics.audio_pcm(receiver, name): i for i, name in enumerate(channels)}
        self._state: ReceiverState | None = None
        self._state_at = 0.0
        self._heard_at = monotonic()
        self._unusable_hz: int | None = None  # a rate outside the decoder's range

    @property
    def channels(self) -> tuple[str, ...]:
        """The receiver's channels."""
        return self._channels

    @property
    def waiting_for(self) -> str:
        """The receiver, with the reason it reports."""
        state = self._fresh_state()
        if state is not None and state.state != "running":
            return f"receiver {self._receiver} is {state.state}: {state.sentence}"
        if self._unusable_hz is not None:
            return f"receiver {self._receiver} sends audio at {self._unusable_hz} Hz: not usable"
        for why in self._subscriber.connection_faults().values():
            return f"no connection to receiver {self._receiver}: {why}"
        return f"no audio from receiver {self._receiver}"

    @property
    def carriers(self) -> dict[str, bool]:
        """As the receiver measured them during the last seconds."""
        state = self._fresh_state()
        if state is None:
            return {}
        return {channel.channel: channel.carrier_present for channel in state.channels}

    def receive(self) -> Block | None:
        """The next block of all channels; None if none arrived within half a second."""
        deadline = self._monotonic() + WAIT_S
        block = self._aligner.pull()
        while block is None and self._monotonic() < deadline:
            self._sleep(NAP_S)
            block = self._drain()
        if block is None and self._monotonic() - self._heard_at >= QUIET_S:
            block = self._aligner.flush()
        return block

    def close(self) -> None:
        """Close the subscription."""
        self._subscriber.close()

    def _drain(self) -> Block | None:
        """Take waiting frames until they complete a block."""
        while (message := self._subscriber.receive(0)) is not None:
            self._take(message)
            block = self._aligner.pull()
            if block is not None:
                return block
        return None

    def _take(self, message: BusMessage) -> None:
        if isinstance(message.body, ReceiverState):
            self._state, self._state_at = message.body, self._monotonic()
        channel = self._index.get(message.topic)
        if channel is None or not isinstance(message.body, AudioPcm) or not message.samples:
            return
        frame = message.body
        samples = np.frombuffer(message.samples, dtype="<i2", count=len(message.samples) // 2)
        if not LOWEST_HZ <= frame.rate_hz <= HIGHEST_HZ:
            self._unusable_hz = frame.rate_hz
        elif len(samples):
            self._unusable_hz = None
            self._heard_at = self._monotonic()
            self._aligner.push(channel, frame.rate_hz, frame.first_sample, samples)

    def _fresh_state(self) -> ReceiverState | None:
        fresh = self._monotonic() - self._state_at < STATE_AGE_S
        return self._state if fresh else None
