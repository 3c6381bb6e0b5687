"""A sound card as a source."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eas_station.audiod.sources import portaudio
from eas_station.audiod.sources.audio_source import AudioSource, Block, NeedsOperatorError
from eas_station.audiod.sources.portaudio import BLOCK_S, PortAudio, PortAudioStream, SoundCard
from eas_station.dsp.arrays.buffers import FULL_SCALE
from eas_station.errors import SourceError

WAIT_S = 0.5
STALLED_S = 5.0  # PortAudio does not always report that a card was unplugged
LONGEST_QUEUE = 100  # blocks: ten seconds

Channel = Literal["left", "right", "mix"]


class SoundcardSource(AudioSource):
    """The input of one card, at the card's own rate.

    PortAudio's thread delivers the samples: `receive` never waits for the driver. Opening and
    closing can hang in a broken driver; then the watchdog expires and systemd kills the process.
    """

    def __init__(
        self,
        device: str | None,
        channel: Channel,
        begin: Callable[[], PortAudio] = portaudio.begin,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the card.

        Args:
            device: its name or a part of it; None: the system's default.
            channel: of a stereo card.
        Raises:
            SourceError: it is missing or in use.
        """
        self._channel = channel
        self._monotonic = monotonic
        self._queue: queue.Queue[tuple[bytes, int, int | None]] = queue.Queue(LONGEST_QUEUE)
        self._overflows = 0
        self._lost: int | None = 0  # samples lost before those of the next call; None: unknown
        self._sent = 0
        self._starting = True
        self._stream: PortAudioStream | None = None
        self._audio: PortAudio | None = begin()
        try:
            self._card, self._rate_hz = self._open(self._audio, device)
        except SourceError:
            self.close()
            raise
        self._received_at_s = monotonic()

    @property
    def waiting_for(self) -> str:
        """The card."""
        return f"no samples from sound card {self._card.name}"

    @property
    def description(self) -> str:
        """Name and rate of the card."""
        return f"{self._card.name} at {self._rate_hz} Hz"

    @property
    def counters(self) -> dict[str, int]:
        """How often samples were lost because they were not read in time."""
        return {"overflows": self._overflows}

    def receive(self) -> Block | None:
        """The next tenth of a second, or None. Raises SourceError if the card was removed."""
        try:
            data, frames, lost = self._queue.get(timeout=WAIT_S)
        except queue.Empty:
            self._check_alive()
            return None
        self._received_at_s = self._monotonic()
        gap = None if self._starting else lost
        self._starting = False
        self._sent += gap or 0
        block = Block(self._mono(data, frames), self._rate_hz, self._sent, gap)
        self._sent += block.count
        return block

    def close(self) -> None:
        """Release the card."""
        stream, self._stream = self._stream, None
        audio, self._audio = self._audio, None
        if stream is not None:
            stream.close()
        if audio is not None:
            audio.terminate()

    def _open(self, audio: PortAudio, device: str | None) -> tuple[SoundCard, int]:
        if device is None:
            card = portaudio.default_card(audio)
        else:
            card = portaudio.pick(device, portaudio.cards(audio))
        if self._channel == "right" and card.channels < 2:
            raise NeedsOperatorError(f"sound card {card.name} is mono: it has no right channel")
        rate_hz = portaudio.rate_of(audio, card)
        with portaudio.source_errors(f"sound card {card.name}"):
            self._stream = audio.open(
                rate=rate_hz,
                channels=card.channels,
                format=portaudio.INT16,
                input=True,
                input_device_index=card.index,
                frames_per_buffer=int(BLOCK_S * rate_hz),
                stream_callback=self._take,
            )
        return card, rate_hz

    def _take(
        self, data: bytes, frames: int, times: Mapping[str, float], flags: int
    ) -> tuple[None, int]:
        """Take the next samples; called in PortAudio's thread, so it must be quick."""
        if flags & portaudio.INPUT_OVERFLOW:
            self._overflows += 1
            self._lost = None
        try:
            self._queue.put_nowait((data, frames, self._lost))
            self._lost = 0
        except queue.Full:
            self._overflows += self._lost == 0
            self._lost = None if self._lost is None else self._lost + frames
        return None, portaudio.CONTINUE

    def _check_alive(self) -> None:
        """Raises SourceError if the card was unplugged or has stalled."""
        with portaudio.source_errors(f"sound card {self._card.name}"):
            active = self._stream is not None and self._stream.is_active()
        if not active:
            raise SourceError(f"sound card {self._card.name} was removed")
        if self._monotonic() - self._received_at_s >= STALLED_S:
            raise SourceError(f"{self.waiting_for} for {STALLED_S:g} s")

    def _mono(self, data: bytes, frames: int) -> NDArray[np.float32]:
        """The chosen channel of the samples, shape (1, n)."""
        wide = np.frombuffer(data, dtype="<i2").reshape(frames, -1).astype(np.float32)
        wide /= np.float32(FULL_SCALE)
        row: NDArray[np.float32]
        if self._channel == "mix":
            row = wide.mean(axis=1, dtype=np.float32)
        else:
            row = np.ascontiguousarray(wide[:, 0 if self._channel == "left" else 1])
        return row.reshape(1, -1)
