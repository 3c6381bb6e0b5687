"""Buffers that hold the newest samples of several channels under running numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Real

FULL_SCALE = 32768.0


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Full scale ±1.0 as 16-bit samples; louder samples are clipped, NaN becomes 0."""
    scaled = np.rint(np.nan_to_num(samples) * np.float32(FULL_SCALE))
    clipped: NDArray[np.float32] = np.clip(scaled, -32768, 32767)
    return clipped.astype(np.int16)


class Ring:
    """A ring buffer of the newest `capacity` 16-bit samples of each channel.

    Samples are numbered from 0, the first ever appended.
    """

    def __init__(self, channels: int, capacity: int) -> None:
        if channels < 1 or capacity < 1:
            raise ValueError("a ring buffer needs at least one channel and one sample")
        self._samples = np.zeros((channels, capacity), dtype=np.int16)
        self._end = 0

    @property
    def end(self) -> int:
        """Number of the next sample to be appended."""
        return self._end

    @property
    def first(self) -> int:
        """Number of the oldest sample held."""
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
        """A copy of the samples first ≤ number < end of one channel that are held."""
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


class SlidingBuffer:
    """The newest samples (channels, n) in full precision; reads are padded with zeros.

    Each row is contiguous. At least `length` samples are held.
    """

    def __init__(self, channels: int, length: int) -> None:
        self._samples = np.zeros((channels, length + length // 4), np.float32)
        self._length = length
        self._used = 0
        self.end = 0
        """Number of the next sample to be appended."""

    def append(self, block: Real) -> None:
        """Take the next samples, shape (channels, n); the oldest are dropped."""
        count = block.shape[1]
        if self._used + count > self._samples.shape[1]:
            kept = min(self._used, self._length)
            self._samples[:, :kept] = self._samples[:, self._used - kept : self._used]
            self._used = kept
        self._samples[:, self._used : self._used + count] = block
        self._used += count
        self.end += count

    def read(self, channel: int, start: int, end: int) -> Real:
        """Samples start … end − 1 of one channel; zeros where none are held."""
        out = np.zeros(max(0, end - start), np.float32)
        oldest = self.end - self._used
        first, last = max(start, oldest), min(end, self.end)
        if last > first:
            out[first - start : last - start] = self._samples[
                channel, first - oldest : last - oldest
            ]
        return out
