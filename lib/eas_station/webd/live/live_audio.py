"""The live sound of one channel, from the bus, as an endless WAV for one client.

Each client has its own subscription, which makes audiod publish the sound; the source is not opened
a second time. A slow client misses frames and holds nothing up.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eas_station.bus.messages import AudioPcm, BusMessage
from eas_station.bus.subscriber import Subscriber
from eas_station.errors import SourceError
from eas_station.webd.http.client_connection import ClientConnection
from eas_station.webd.state.audio_channels import AudioChannel

FIRST_FRAME_S = 3.0  # how long the first frame may take
TURN_S = 0.5  # how soon a client that leaves is noticed
QUIET_S = 10.0  # without a frame for so long the stream ends
STALLED_S = 10.0  # a client that reads nothing for so long is dropped
FRAMES_KEPT = 2  # for one client, here and in the server's buffer
MESSAGES_AT_ONCE = 1000  # taken from the subscription before the client is served again
SYSTEM_BUFFER_BYTES = 65_536
ENDLESS = 0xFFFFFFFF
SAMPLE_BYTES = 2

log = logging.getLogger(__name__)


def wav_header(rate_hz: int) -> bytes:
    """The header of endless 16-bit mono sound."""
    form = (16, 1, 1, rate_hz, rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    fields = (b"RIFF", ENDLESS, b"WAVE", b"fmt ", *form, b"data", ENDLESS)
    return struct.pack("<4sI4s4sIHHIIHH4sI", *fields)


class LiveAudio:
    """A bounded number of streams. Thread-safe."""

    def __init__(
        self,
        subscribe: Callable[[AudioChannel], Subscriber],
        streams_most: int,
        stopping: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subscribe, self._stopping, self._monotonic = subscribe, stopping, monotonic
        self._free = threading.BoundedSemaphore(streams_most)

    def listen(self, channel: AudioChannel, client: ClientConnection) -> SoundStream | None:
        """A stream for one client; None: no place is free. Raises SourceError if no frame comes."""
        if not self._free.acquire(blocking=False):
            return None
        try:
            subscription = self._subscribe(channel)
            try:
                first = self._first_frame(subscription, client)
                client.limit_system_buffer(SYSTEM_BUFFER_BYTES)
                return SoundStream(
                    *(channel, subscription, client, first),
                    *(self._stopping, self._free.release, self._monotonic),
                )
            except BaseException:
                subscription.close()
                raise
        except BaseException:
            self._free.release()
            raise

    def _first_frame(self, subscription: Subscriber, client: ClientConnection) -> SoundFrame:
        until_mono = self._monotonic() + FIRST_FRAME_S
        while not self._stopping() and not client.gone() and self._monotonic() < until_mono:
            frame = frame_of(subscription.receive(TURN_S))
            if frame is not None:
                return frame
        raise SourceError("no sound comes from it")


@dataclass(frozen=True, slots=True)
class SoundFrame:
    """Sound as it is sent."""

    rate_hz: int
    samples: bytes  # s16le


def frame_of(message: BusMessage | None) -> SoundFrame | None:
    """The sound of a message; squelched sound is silence."""
    if message is None or not isinstance(message.body, AudioPcm) or not message.samples:
        return None
    squelched, samples = message.body.squelched, message.samples
    return SoundFrame(message.body.rate_hz, bytes(len(samples)) if squelched else samples)


class SoundStream:
    """The body of one response. One worker of the server creates, reads and closes it.

    An iterator with `close`, for the reason that `EventStream` is one.
    """

    def __init__(
        self,
        channel: AudioChannel,
        subscription: Subscriber,
        client: ClientConnection,
        first: SoundFrame,
        stopping: Callable[[], bool],
        on_close: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._channel, self._subscription, self._client = channel, subscription, client
        self._stopping, self._on_close, self._monotonic = stopping, on_close, monotonic
        self._rate_hz = first.rate_hz
        self._ready: deque[bytes] = deque([wav_header(first.rate_hz), first.samples])
        self._received_mono = self._sent_mono = monotonic()
        self._is_over = False
        self._is_closed = False
        self.dropped = 0  # frames that the client did not get

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next frame, when there is one and the client has room for it."""
        while not self._ready:
            if self._is_over or self._stopping() or self._client.gone():
                raise StopIteration
            self._receive()
        return self._ready.popleft()

    def close(self) -> None:
        """The server is done with this client."""
        if not self._is_closed:
            self._is_closed = True
            self._ready.clear()
            self._subscription.close()
            self._on_close()
            if self.dropped:
                name = f"{self._channel.source} {self._channel.channel}"
                log.info("a client of %s was too slow for %s frames", name, self.dropped)

    def _receive(self) -> None:
        frames, mono = self._newest_frames(), self._monotonic()
        for frame in frames:
            self._received_mono = mono
            if frame.rate_hz != self._rate_hz:
                self._is_over = True  # the header has another rate: the client reconnects
                break
            if self._client.unsent_bytes() >= FRAMES_KEPT * len(frame.samples):
                self.dropped += 1
                continue
            self._sent_mono = mono
            self._ready.append(frame.samples)
        quiet_s, stalled_s = mono - self._received_mono, self._received_mono - self._sent_mono
        self._is_over |= quiet_s > QUIET_S or stalled_s > STALLED_S

    def _newest_frames(self) -> deque[SoundFrame]:
        """The newest frames; those before them are too old to be played."""
        frames: deque[SoundFrame] = deque(maxlen=FRAMES_KEPT)
        message = self._subscription.receive(TURN_S)
        for _ in range(MESSAGES_AT_ONCE):
            frame = frame_of(message)
            if frame is not None:
                self.dropped += len(frames) == FRAMES_KEPT
                frames.append(frame)
            message = self._subscription.receive(0)
            if message is None:
                break
        return frames
