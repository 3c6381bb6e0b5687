"""The last seconds of every channel, from which bursts are read again and again."""

from __future__ import annotations

import numpy as np

from eas_station.dsp.arrays.array_types import Real


class SlidingBuffer:
    """A sliding memory of samples (channels, n), addressed by their number since the start."""

    def __init__(self, channels: int, length: int) -> None:
        self._room = np.zeros((channels, length + length // 4), np.float32)
        self._length = length
        self._used = 0
        self.end = 0
        """Number of the sample that comes next."""

    def append(self, block: Real) -> None:
        """Take the next samples; the oldest are forgotten."""
        count = block.shape[1]
        if self._used + count > self._room.shape[1]:
            kept = min(self._used, self._length)
            self._room[:, :kept] = self._room[:, self._used - kept : self._used]
            self._used = kept
        self._room[:, self._used : self._used + count] = block
        self._used += count
        self.end += count

    def read(self, channel: int, start: int, end: int) -> Real:
        """Samples start … end − 1 of one channel; zeros where none are remembered."""
        out = np.zeros(max(0, end - start), np.float32)
        oldest = self.end - self._used
        first, last = max(start, oldest), min(end, self.end)
        if last > first:
            out[first - start : last - start] = self._room[channel, first - oldest : last - oldest]
        return out
