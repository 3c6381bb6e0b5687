"""The last seconds of several channels, kept as 16-bit samples under running numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32768.0


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Full scale ±1.0 as 16-bit samples; what is louder is clipped, what is not a number is 0."""
    scaled = np.rint(np.nan_to_num(samples) * np.float32(FULL_SCALE))
    clipped: NDArray[np.float32] = np.clip(scaled, -32768, 32767)
    return clipped.astype(np.int16)


class Ring:
    """Holds the newest `capacity` samples of each channel.

    Samples are numbered from 0, the first one ever appended. Memory: 2 bytes a sample.
    """

    def __init__(self, channels: int, capacity: int) -> None:
        if channels < 1 or capacity < 1:
            raise ValueError("a ring needs at least one channel and one sample")
        self._samples = np.zeros((channels, capacity), dtype=np.int16)
        self._end = 0

    @property
    def end(self) -> int:
        """Number of the sample that will be appended next."""
        return self._end

    @property
    def first(self) -> int:
        """Number of the oldest sample that is still held."""
        return max(0, self._end - self._samples.shape[1])

    def append(self, block: NDArray[np.int16]) -> None:
        """Take the next samples, shape (channels, n), any n ≥ 0."""
        capacity = self._samples.shape[1]
        count = block.shape[1]
        kept = block[:, max(0, count - capacity) :]
        at = (self._end + count - kept.shape[1]) % capacity
        head = min(kept.shape[1], capacity - at)
        self._samples[:, at : at + head] = kept[:, :head]
        self._samples[:, : kept.shape[1] - head] = kept[:, head:]
        self._end += count

    def read(self, channel: int, first: int, end: int) -> NDArray[np.int16]:
        """A copy of samples first ≤ number < end of one channel, less what is not held."""
        capacity = self._samples.shape[1]
        first, end = max(first, self.first), min(end, self._end)
        if first >= end:
            return np.zeros(0, dtype=np.int16)
        start, stop = first % capacity, (end - 1) % capacity + 1
        row: NDArray[np.int16] = self._samples[channel]
        if start < stop:
            return row[start:stop].copy()
        joined: NDArray[np.int16] = np.concatenate((row[start:], row[:stop]))
        return joined
