"""Listening live: the sound of one channel off the bus, as an endless WAV for one client.

Whoever listens has a subscription, which is what makes an audiod send its sound; a client that
is slow misses frames and keeps nothing waiting. The source is not opened a second time.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from eas_station.bus.messages import AudioPcm, BusMessage
from eas_station.errors import SourceError
from eas_station.webd.state.audio_channels import AudioChannel

FIRST_S = 3.0  # how long the first frame may take
TURN_S = 0.5  # how soon a client's leaving is noticed
QUIET_S = 10.0  # without a frame for so long the stream ends
STALLED_S = 10.0  # who takes nothing for so long is let go
FRAMES_KEPT = 2  # for one client, here and in the server's buffer
AT_ONCE = 1000  # messages looked at before a client is served again
SYSTEM_KEEPS_BYTES = 65_536  # of what a client has not taken yet, in the system's buffer
ENDLESS = 0xFFFFFFFF
SAMPLE_BYTES = 2


class SoundSubscription(Protocol):
    """`bus.subscriber.Subscriber`, as far as it is used here."""

    def receive(self, timeout_s: float) -> BusMessage | None:
        """The next message."""

    def close(self) -> None:
        """Listen no longer."""


class ClientConnection(Protocol):
    """The way to one client."""

    def gone(self) -> bool:
        """Has the client left?"""

    def unsent_bytes(self) -> int:
        """What the client has not taken yet."""


class ServerLine:
    """The way to a client of waitress, as its environment shows it."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._disconnected = environ.get("waitress.client_disconnected")
        self._channel = getattr(self._disconnected, "__self__", None)
        with suppress(AttributeError, OSError):  # another server, or the client has just left
            self._channel.socket.setsockopt(  # type: ignore[union-attr]
                socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM_KEEPS_BYTES
            )

    def gone(self) -> bool:
        """Has the client left?"""
        return self._disconnected is not None and bool(self._disconnected())

    def unsent_bytes(self) -> int:
        """What waits in the server's buffer."""
        unsent = getattr(self._channel, "total_outbufs_len", 0)
        return unsent if isinstance(unsent, int) else 0


def wav_header(rate_hz: int) -> bytes:
    """Of 16-bit mono sound without an end."""
    form = (16, 1, 1, rate_hz, rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    fields = (b"RIFF", ENDLESS, b"WAVE", b"fmt ", *form, b"data", ENDLESS)
    return struct.pack("<4sI4s4sIHHIIHH4sI", *fields)


class LiveAudio:
    """The places of those who listen. Thread-safe."""

    def __init__(
        self,
        subscribe: Callable[[AudioChannel], SoundSubscription],
        places: int,
        stopping: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subscribe, self._stopping, self._monotonic = subscribe, stopping, monotonic
        self._most = places
        self._lock = threading.Lock()
        self._taken = 0
        self._dropped = 0

    def listen(self, sound: AudioChannel, line: ClientConnection) -> SoundStream | None:
        """A stream for one client; None: no place is free. Raises SourceError if nothing sounds."""
        if not self._take_place():
            return None
        try:
            ear = self._subscribe(sound)
            try:
                first = self._first(ear, line)
                return SoundStream(self, ear, first, line, self._stopping, self._monotonic)
            except BaseException:
                ear.close()
                raise
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            self._taken -= 1

    def note_dropped(self, frames: int) -> None:
        """Frames that a slow client did not get."""
        with self._lock:
            self._dropped += frames

    def count(self) -> int:
        """Who listens now."""
        with self._lock:
            return self._taken

    def dropped(self) -> int:
        """Frames that slow clients did not get, since the start."""
        with self._lock:
            return self._dropped

    def _take_place(self) -> bool:
        with self._lock:
            if self._taken >= self._most:
                return False
            self._taken += 1
            return True

    def _first(self, ear: SoundSubscription, line: ClientConnection) -> SoundFrame:
        until_mono = self._monotonic() + FIRST_S
        while not self._stopping() and not line.gone() and self._monotonic() < until_mono:
            frame = frame_of(ear.receive(TURN_S))
            if frame is not None:
                return frame
        raise SourceError("no sound comes from it")


@dataclass(frozen=True, slots=True)
class SoundFrame:
    """A piece of sound as it is sent."""

    rate_hz: int
    samples: bytes  # s16le


def frame_of(message: BusMessage | None) -> SoundFrame | None:
    """The sound of a message; what is too weak to be listened to is silence."""
    if message is None or not isinstance(message.body, AudioPcm) or not message.samples:
        return None
    squelched, samples = message.body.squelched, message.samples
    return SoundFrame(message.body.rate_hz, bytes(len(samples)) if squelched else samples)


class SoundStream:
    """The body of one answer. One worker of the server makes, reads and closes it.

    An iterator with `close`, as `events.Stream` is.
    """

    def __init__(
        self,
        places: LiveAudio,
        ear: SoundSubscription,
        first: SoundFrame,
        line: ClientConnection,
        stopping: Callable[[], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self._places, self._ear, self._line = places, ear, line
        self._stopping, self._monotonic = stopping, monotonic
        self._rate_hz = first.rate_hz
        self._ready: deque[bytes] = deque([wav_header(first.rate_hz), first.samples])
        self._heard_mono = self._taken_mono = monotonic()
        self._is_over = False
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next piece, when there is one and the client has room for it."""
        while not self._ready:
            if self._is_over or self._stopping() or self._line.gone():
                raise StopIteration
            self._listen()
        return self._ready.popleft()

    def close(self) -> None:
        """The server is done with this client."""
        if not self._is_closed:
            self._is_closed = True
            self._ready.clear()
            self._ear.close()
            self._places.leave()

    def _listen(self) -> None:
        frames, missed = self._newest()
        mono = self._monotonic()
        for frame in frames:
            self._heard_mono = mono
            if frame.rate_hz != self._rate_hz:
                self._is_over = True  # the header said another rate: the client asks anew
                break
            if self._line.unsent_bytes() >= FRAMES_KEPT * len(frame.samples):
                missed += 1
                continue
            self._taken_mono = mono
            self._ready.append(frame.samples)
        if missed:
            self._places.note_dropped(missed)
        quiet_s, stalled_s = mono - self._heard_mono, self._heard_mono - self._taken_mono
        self._is_over |= quiet_s > QUIET_S or stalled_s > STALLED_S

    def _newest(self) -> tuple[deque[SoundFrame], int]:
        """The last frames that have come, and how many before them are too old to be played."""
        frames: deque[SoundFrame] = deque(maxlen=FRAMES_KEPT)
        count, message = 0, self._ear.receive(TURN_S)
        for _ in range(AT_ONCE):
            frame = frame_of(message)
            if frame is not None:
                frames.append(frame)
                count += 1
            message = self._ear.receive(0)
            if message is None:
                break
        return frames, count - len(frames)
