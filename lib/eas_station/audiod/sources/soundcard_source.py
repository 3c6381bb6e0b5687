"""A sound card as a source."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eas_station.audiod.sources import portaudio
from eas_station.audiod.sources.audio_source import PATIENCE_S, Block, NeedsOperatorError
from eas_station.audiod.sources.portaudio import BLOCK_S, PortAudio, PortAudioStream, SoundCard
from eas_station.dsp.arrays.buffers import FULL_SCALE
from eas_station.errors import SourceError

WAIT_S = 0.5
STALLED_S = 5.0  # PortAudio does not always tell that a card was unplugged
LONGEST_QUEUE = 100  # blocks: ten seconds

Channel = Literal["left", "right", "mix"]


class SoundcardSource:
    """The sound of one card, at the rate the card has.

    PortAudio's own thread brings the samples: `receive` never waits on the driver. Opening and
    closing may hang in a broken one; then the loop's beat stops, and systemd ends the process.
    """

    channels = ("mono",)
    live = True
    carriers: dict[str, bool] = {}  # noqa: RUF012 - a sound card has no carrier, ever
    patience_s = PATIENCE_S

    def __init__(
        self,
        device: str | None,
        channel: Channel,
        begin: Callable[[], PortAudio] = portaudio.begin,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the card.

        Args:
            device: its name or a part of it; None: the one that the system prefers.
            channel: of a card with two.
        Raises:
            SourceError: it is not there, or not to be had.
        """
        self._channel = channel
        self._monotonic = monotonic
        self._queue: queue.Queue[tuple[bytes, int, int | None]] = queue.Queue(LONGEST_QUEUE)
        self._overflows = 0
        self._lost: int | None = 0  # samples before those of the next call; None: not known
        self._sent = 0
        self._began = True
        self._stream: PortAudioStream | None = None
        self._audio: PortAudio | None = begin()
        try:
            self._card, self._rate_hz = self._open(self._audio, device)
        except SourceError:
            self.close()
            raise
        self._heard_at = monotonic()

    @property
    def waiting_for(self) -> str:
        """The card."""
        return f"nothing comes from sound card {self._card.name}"

    @property
    def description(self) -> str:
        """Which card it is."""
        return f"{self._card.name} at {self._rate_hz} Hz"

    @property
    def counters(self) -> dict[str, int]:
        """How often samples were lost because nobody took them in time."""
        return {"overflows": self._overflows}

    def receive(self) -> Block | None:
        """The next tenth of a second, or None. Raises SourceError when the card is gone."""
        try:
            data, frames, lost = self._queue.get(timeout=WAIT_S)
        except queue.Empty:
            self._demand_life()
            return None
        self._heard_at = self._monotonic()
        gap = None if self._began else lost
        self._began = False
        self._sent += gap or 0
        block = Block(self._mono(data, frames), self._rate_hz, self._sent, gap)
        self._sent += block.count
        return block

    def close(self) -> None:
        """Let go of the card."""
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
            raise NeedsOperatorError(
                f"sound card {card.name} has one channel: there is no right one"
            )
        rate_hz = portaudio.rate_of(audio, card)
        with portaudio.told(f"sound card {card.name}"):
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
        """Called by PortAudio with the next samples, in its thread; must be quick."""
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

    def _demand_life(self) -> None:
        """Nothing came for a moment: is the card still there? Raises SourceError."""
        with portaudio.told(f"sound card {self._card.name}"):
            active = self._stream is not None and self._stream.is_active()
        if not active:
            raise SourceError(f"sound card {self._card.name} is gone: was it unplugged?")
        if self._monotonic() - self._heard_at >= STALLED_S:
            raise SourceError(f"{self.waiting_for} for {STALLED_S:g} s: was it unplugged?")

    def _mono(self, data: bytes, frames: int) -> NDArray[np.float32]:
        """One channel of the samples, shape (1, n)."""
        wide = np.frombuffer(data, dtype="<i2").reshape(frames, -1).astype(np.float32)
        wide /= np.float32(FULL_SCALE)
        row: NDArray[np.float32]
        if self._channel == "mix":
            row = wide.mean(axis=1, dtype=np.float32)
        else:
            row = np.ascontiguousarray(wide[:, 0 if self._channel == "left" else 1])
        return row.reshape(1, -1)
