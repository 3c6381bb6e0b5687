"""Frames of single channels in, blocks of all channels out, aligned by sample number."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from eas_station.audiod.sources.audio_source import Block, Dropout
from eas_station.dsp.arrays.buffers import FULL_SCALE

BLOCK_S = 0.24
MAX_BLOCK_S = 1.0
MAX_LAG_S = 0.5  # of one channel; beyond, its samples count as lost
MAX_FILL_S = 2.0  # a longer gap of all channels is not filled with zeros


class FrameAligner:
    """Collects the frames of the channels of one receiver.

    The frames of a channel arrive in order. Sample numbers never decrease within one receiver
    process, so a decrease means a new process: what was collected is dropped, and the next
    block follows a gap of unknown length.
    """

    def __init__(self, channels: int) -> None:
        self._frames: list[deque[tuple[int, NDArray[np.int16]]]] = [
            deque() for _ in range(channels)
        ]
        self._ends: list[int | None] = [None] * channels
        self._rate_hz = 0
        self._next: int | None = None  # None: the next block follows an unknown gap

    def push(
        self, channel: int, rate_hz: int, first_sample: int, samples: NDArray[np.int16]
    ) -> None:
        """Add one frame of one channel."""
        end = self._ends[channel]
        if rate_hz != self._rate_hz or (end is not None and first_sample < end):
            self._restart(rate_hz)
        self._frames[channel].append((first_sample, samples))
        self._ends[channel] = first_sample + len(samples)

    def pull(self) -> Block | None:
        """The next block; None while it is not complete."""
        end = self._ready_until()
        return None if end is None else self._next_block(end, int(BLOCK_S * self._rate_hz))

    def flush(self) -> Block | None:
        """What has arrived, however little."""
        end = max((end for end in self._ends if end is not None), default=None)
        return None if end is None else self._next_block(end, 1)

    def _next_block(self, end: int, least: int) -> Block | None:
        """The block before sample `end`; None if it has fewer than `least` samples."""
        gap: int | None = 0
        first = self._next
        if first is None:
            first, gap = self._common_first(), None
        if end - first < least:
            return None
        filled = int(MAX_FILL_S * self._rate_hz)
        heard_until = max(_covered_until(frames, first, filled) for frames in self._frames)
        if heard_until == first:
            begins = min(number for frames in self._frames for number, _ in frames)
            gap, first = begins - first, begins
            if end - first < least:
                return None
        elif heard_until < end - filled:
            end = heard_until  # the long gap comes next
        end = min(end, first + int(MAX_BLOCK_S * self._rate_hz))
        self._next = end
        return self._cut(first, end, gap)

    def _restart(self, rate_hz: int) -> None:
        for frames in self._frames:
            frames.clear()
        self._ends = [None] * len(self._ends)
        self._rate_hz = rate_hz
        self._next = None

    def _ready_until(self) -> int | None:
        known = [end for end in self._ends if end is not None]
        if not known:
            return None
        lag_end = max(known) - int(MAX_LAG_S * self._rate_hz)
        if len(known) < len(self._ends):
            return lag_end
        return max(min(known), lag_end)

    def _common_first(self) -> int:
        return max(frames[0][0] for frames in self._frames if frames)

    def _cut(self, first: int, end: int, gap: int | None) -> Block:
        samples = np.zeros((len(self._frames), end - first), dtype=np.float32)
        dropouts: list[Dropout] = []
        for channel, frames in enumerate(self._frames):
            dropouts += self._fill(channel, frames, samples[channel], first)
        samples *= np.float32(1 / FULL_SCALE)
        return Block(samples, self._rate_hz, first, gap, tuple(dropouts))

    def _fill(
        self,
        channel: int,
        frames: deque[tuple[int, NDArray[np.int16]]],
        row: NDArray[np.float32],
        first: int,
    ) -> list[Dropout]:
        """Move the frames' samples from `first` on into the row; give what is missing."""
        dropouts: list[Dropout] = []
        at = 0
        while frames and at < len(row):
            number, piece = frames.popleft()
            begins = number - first
            if begins >= len(row):
                frames.appendleft((number, piece))
                break
            if begins > at:
                dropouts.append(Dropout(channel, at, begins - at))
                at = begins
            piece = piece[at - begins :]
            taken = piece[: len(row) - at]
            row[at : at + len(taken)] = taken
            if len(taken) < len(piece):
                frames.appendleft((first + at + len(taken), piece[len(taken) :]))
            at += len(taken)
        if at < len(row):
            dropouts.append(Dropout(channel, at, len(row) - at))
        return dropouts


def _covered_until(
    frames: deque[tuple[int, NDArray[np.int16]]], first: int, longest_gap: int
) -> int:
    """Where the samples of a channel end, from `first` on, across gaps of at most `longest_gap`."""
    until = first
    for number, piece in frames:
        if number - until > longest_gap:
            break
        until = max(until, number + len(piece))
    return until
