"""Accounts for every second of every channel: heard, or deaf and why.

Pure: times are seconds of a clock that never steps, given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eas_station.audiod.sources.audio_source import Block

WHY_LOST = "samples were lost on the way"
JOIN_S = 0.05  # dropouts nearer than this are one
LONGEST_HOLE_S = 3600.0  # one channel that stays away is told in parts
LATE_S = 1.0  # a block may arrive so much later than its place
LATE_FOR_S = 5.0  # later than that for so long: uncounted samples are missing
DRIFT = 0.001  # a source's clock may be slower than ours by this much


@dataclass(frozen=True, slots=True)
class DeafSpan:
    """A stretch that one channel did not hear."""

    channel: int
    from_s: float
    to_s: float | None  # None: it goes on, and will be told again with its end
    why: str


class SampleCoverage:
    """What has been heard until when. Every call gives the intervals that began or ended."""

    def __init__(self, channels: int, until_s: float | None = None, why: str | None = None) -> None:
        """Go on where an earlier process stopped.

        Args:
            until_s: all before this is accounted for; None: begin with the first block.
            why: why nothing has been heard since.
        """
        self._channels = range(channels)
        self._until_s = until_s
        self._why = why
        self._holes: list[tuple[float, float] | None] = [None] * channels
        self._late_since_s: float | None = None
        self._is_open = False  # an interval has been told of that goes on: its end must be told

    @property
    def until_s(self) -> float | None:
        """All before this is accounted for, as heard or as deaf."""
        return self._until_s

    @property
    def why(self) -> str | None:
        """Why nothing is heard at present; None: it is."""
        return self._why

    def heard(self, at_s: float, block: Block) -> list[DeafSpan]:
        """A block arrived at `at_s`, so its last sample is not younger than that."""
        begins_s = at_s - block.seconds
        until_s = begins_s if self._until_s is None else self._until_s
        done: list[DeafSpan] = []
        if self._why is not None or block.gap_samples is None:
            done = self._everywhere(until_s, max(until_s, begins_s), self._why or WHY_LOST)
            until_s, self._why, self._is_open = max(until_s, begins_s), None, False
        elif block.gap_samples:
            missing_s = min(block.gap_samples / block.rate_hz, max(0.0, begins_s - until_s))
            done = self._everywhere(until_s, until_s + missing_s, WHY_LOST)
            until_s += missing_s
        done += self._note_holes(until_s, block)
        self._until_s = min(at_s, until_s + block.seconds)
        return done + self._catch_up(at_s, block.seconds)

    def deaf(self, at_s: float, why: str) -> list[DeafSpan]:
        """Nothing is heard, and has not been since the last block."""
        if why == self._why:
            return []
        until_s = at_s if self._until_s is None else self._until_s
        told = self._close_holes(self._channels)
        if self._why is not None:
            told += self._everywhere(until_s, at_s, self._why)
            until_s = at_s
        self._until_s, self._why, self._is_open = until_s, why, True
        self._late_since_s = None
        return told + [DeafSpan(channel, until_s, None, why) for channel in self._channels]

    def close(self) -> list[DeafSpan]:
        """The dropouts that are still open. What goes on is the mark's business."""
        return self._close_holes(self._channels)

    def _everywhere(self, from_s: float, to_s: float, why: str) -> list[DeafSpan]:
        done = self._close_holes(self._channels)
        if to_s - from_s < JOIN_S and not self._is_open:
            return done
        return done + [DeafSpan(channel, from_s, to_s, why) for channel in self._channels]

    def _note_holes(self, until_s: float, block: Block) -> list[DeafSpan]:
        done: list[DeafSpan] = []
        for dropout in block.dropouts:
            from_s = until_s + dropout.offset / block.rate_hz
            to_s = from_s + dropout.samples / block.rate_hz
            known = self._holes[dropout.channel]
            if known is not None and from_s - known[1] < JOIN_S:
                self._holes[dropout.channel] = (known[0], to_s)
            else:
                done += self._close_holes((dropout.channel,))
                self._holes[dropout.channel] = (from_s, to_s)
        ended_s = until_s + block.seconds - JOIN_S
        return done + self._close_holes(
            channel
            for channel, known in enumerate(self._holes)
            if known is not None and (known[1] < ended_s or known[1] - known[0] >= LONGEST_HOLE_S)
        )

    def _close_holes(self, channels: Iterable[int]) -> list[DeafSpan]:
        done: list[DeafSpan] = []
        for channel in tuple(channels):
            dropout = self._holes[channel]
            if dropout is not None:
                done.append(DeafSpan(channel, *dropout, WHY_LOST))
                self._holes[channel] = None
        return done

    def _catch_up(self, at_s: float, seconds: float) -> list[DeafSpan]:
        """Samples that are missing though nobody counted them, less what clocks differ by."""
        assert self._until_s is not None
        late_s = at_s - self._until_s
        if late_s <= LATE_S:
            self._late_since_s = None
            if late_s > LATE_S / 2:
                self._until_s += min(late_s, DRIFT * seconds)
            return []
        if self._late_since_s is None:
            self._late_since_s = at_s
        if at_s - self._late_since_s < LATE_FOR_S:
            return []
        self._late_since_s = None
        missing_from_s, self._until_s = self._until_s, at_s
        return self._everywhere(missing_from_s, at_s, WHY_LOST)
