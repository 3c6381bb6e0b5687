"""A stream of the Internet as a source: Icecast and SHOUTcast, HLS, RTSP; decoded by ffmpeg."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from eas_station.audiod.sources.audio_source import PATIENCE_S, RATE_HZ, Block
from eas_station.audiod.streams.stream_worker import StreamWorker
from eas_station.dsp.arrays.buffers import FULL_SCALE
from eas_station.errors import SourceError

WAIT_S = 0.5
NAP_S = 0.1  # ffmpeg gives a packet at a time: waking for each costs more than decoding
BLOCK_BYTES = 2 * int(0.24 * RATE_HZ)
MOST_BYTES = 8 * BLOCK_BYTES  # at once: a server sends the last seconds when one comes
SILENT_S = 10.0  # without a byte of sound: the connection is given up


class StreamSource:
    """The sound of one URL. What is heard is dated by its arrival."""

    channels = ("mono",)
    live = True
    carriers: dict[str, bool] = {}  # noqa: RUF012 - a stream has no carrier, ever

    def __init__(
        self,
        url: str,
        silent_s: float = SILENT_S,
        monotonic: Callable[[], float] = time.monotonic,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin to connect; that takes its time in a thread of its own."""
        self._silent_s = silent_s
        self._monotonic = monotonic
        self._rest = rest
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._worker = StreamWorker(url, writing, silent_s)
        self._thread = threading.Thread(target=self._worker.run, name="stream", daemon=True)
        self._thread.start()
        self._held = bytearray()
        self._heard_at = monotonic()
        self._sent = 0
        self._began = True

    @property
    def waiting_for(self) -> str:
        """The server, and what it does."""
        return self._worker.doing if self._began else f"nothing comes from {self._worker.where}"

    @property
    def patience_s(self) -> float:
        """HLS comes segment by segment; and the word is this source's before it is given up."""
        return self._longest_silence_s + PATIENCE_S

    @property
    def _longest_silence_s(self) -> float:
        return self._silent_s + self._worker.segment_s

    @property
    def description(self) -> str:
        """Title, form and bitrate of the stream."""
        return self._worker.description

    @property
    def counters(self) -> dict[str, int]:
        """Bytes that came from the server; of HLS and RTSP it does not know."""
        return {"bytes": self._worker.bytes} if self._worker.bytes else {}

    def receive(self) -> Block | None:
        """What has come, or None when too little came in half a second. Raises SourceError."""
        deadline = self._monotonic() + WAIT_S
        while len(self._held) < BLOCK_BYTES:
            left_s = deadline - self._monotonic()
            if left_s <= 0 or not select.select([self._reading], [], [], left_s)[0]:
                self._demand_life()
                return None
            if not self._read():
                return self._ended()
            if len(self._held) < BLOCK_BYTES:
                self._rest(NAP_S)
        return self._take()

    def close(self) -> None:
        """Hang up and end the child; at most a moment is waited for the thread."""
        if self._reading < 0:
            return
        self._worker.stop()
        os.close(self._reading)  # a child that writes finds nobody
        self._reading = -1
        self._thread.join(1.0)  # it may hang in a name's resolution; then it ends after that

    def _read(self) -> bool:
        """Read what is there; False: nothing more will come."""
        chunk = b""
        with suppress(BlockingIOError):
            chunk = os.read(self._reading, MOST_BYTES)
            if not chunk:
                return False
        if chunk:
            self._heard_at = self._monotonic()
            self._held += chunk
        return True

    def _demand_life(self) -> None:
        """Nothing came for a moment: for how long? Raises SourceError."""
        if self._monotonic() - self._heard_at >= self._longest_silence_s:
            raise SourceError(f"{self.waiting_for} for {self._longest_silence_s:g} s")

    def _ended(self) -> Block | None:
        """The last samples; then why there are no more."""
        if len(self._held) >= 2:
            return self._take()
        self._thread.join()
        self._worker.explain()
        raise SourceError(f"{self._worker.where} has ended the stream")

    def _take(self) -> Block:
        count = len(self._held) // 2
        raw = bytes(self._held[: 2 * count])
        del self._held[: 2 * count]
        samples = np.frombuffer(raw, dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)
        block = Block(samples.reshape(1, -1), RATE_HZ, self._sent, None if self._began else 0)
        self._began = False
        self._sent += count
        return block
