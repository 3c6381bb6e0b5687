"""Reads 16-bit mono samples from a pipe as numbered blocks."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from eas_station.audiod.sources.audio_source import Block
from eas_station.dsp.arrays.buffers import FULL_SCALE

WAIT_S = 0.5
BLOCK_S = 0.24
READ_BLOCKS = 8  # at once: a server of streams sends the last seconds in a burst


class PcmReader:
    """Samples (s16le) of a descriptor that does not block.

    `ended` is True when the last writer has closed; `blocks` counts those read from this writer.
    """

    def __init__(
        self,
        descriptor: int,
        rate_hz: int,
        monotonic: Callable[[], float],
        pause: Callable[[], object] = lambda: None,
    ) -> None:
        """Args: pause: called after a read that did not complete a block."""
        self._descriptor = descriptor
        self._rate_hz = rate_hz
        self._monotonic = monotonic
        self._pause = pause
        self._block_bytes = 2 * int(BLOCK_S * rate_hz)
        self._held = bytearray()
        self._next_sample = 0
        self._read_at_s = monotonic()
        self.blocks = 0
        self.ended = False

    @property
    def idle_s(self) -> float:
        """Seconds since the last byte."""
        return self._monotonic() - self._read_at_s

    def read(self) -> Block | None:
        """The next block; None if too little came within half a second. Raises OSError."""
        deadline = self._monotonic() + WAIT_S
        while len(self._held) < self._block_bytes and not self.ended:
            left_s = deadline - self._monotonic()
            if left_s <= 0 or not select.select([self._descriptor], [], [], left_s)[0]:
                return None
            self._fill()
        return self._take()

    def restart(self, descriptor: int) -> None:
        """Go on with another writer, whose samples do not continue those of the last one."""
        self.close()
        self._descriptor = descriptor
        self._held.clear()
        self.blocks = 0
        self.ended = False

    def close(self) -> None:
        """Close the descriptor, unless it is standard input."""
        if self._descriptor > 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _fill(self) -> None:
        with suppress(BlockingIOError):
            chunk = os.read(self._descriptor, READ_BLOCKS * self._block_bytes)
            self.ended = not chunk
            self._held += chunk
            self._read_at_s = self._monotonic() if chunk else self._read_at_s
        if len(self._held) < self._block_bytes and not self.ended:
            self._pause()

    def _take(self) -> Block | None:
        count = len(self._held) // 2
        if not count:
            return None
        samples = np.frombuffer(bytes(self._held[: 2 * count]), dtype="<i2").astype(np.float32)
        del self._held[: 2 * count]
        samples /= np.float32(FULL_SCALE)
        gap = 0 if self.blocks else None
        block = Block(samples.reshape(1, -1), self._rate_hz, self._next_sample, gap)
        self._next_sample += count
        self.blocks += 1
        return block
