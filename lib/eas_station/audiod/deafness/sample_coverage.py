"""Accounts for every second of every channel: received, or deaf and why.

Pure: times are seconds of a monotonic clock, given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eas_station.audiod.sources.audio_source import Block

SAMPLES_LOST = "samples were lost"
JOIN_S = 0.05  # dropouts closer than this count as one
MAX_DROPOUT_S = 3600.0  # a longer one is recorded in parts
LATE_S = 1.0  # a block may arrive so much later than expected
LATE_FOR_S = 5.0  # late for so long: samples that nobody counted are missing
DRIFT = 0.001  # by which a source's clock may be slower than this one


@dataclass(frozen=True, slots=True)
class DeafSpan:
    """A time that one channel did not receive."""

    channel: int
    from_s: float
    to_s: float | None  # None: it continues, and is given again with its end
    why: str


class SampleCoverage:
    """Tracks until when all samples are accounted for. Calls give the spans that began or ended."""

    def __init__(self, channels: int, until_s: float | None = None, why: str | None = None) -> None:
        """Continue the account of an earlier process.

        Args:
            until_s: everything before this is accounted for; None: begin with the first block.
            why: why nothing has been received since.
        """
        self._channels = range(channels)
        self._until_s = until_s
        self._why = why
        self._dropouts: list[tuple[float, float] | None] = [None] * channels
        self._late_since_s: float | None = None
        self._is_open = False  # a span without end has been given: its end must follow

    @property
    def until_s(self) -> float | None:
        """Everything before this is accounted for."""
        return self._until_s

    @property
    def why(self) -> str | None:
        """Why nothing is received at present; None while blocks arrive."""
        return self._why

    def received(self, at_s: float, block: Block) -> list[DeafSpan]:
        """A block arrived at `at_s`: its last sample is no newer."""
        begins_s = at_s - block.seconds
        until_s = begins_s if self._until_s is None else self._until_s
        spans: list[DeafSpan] = []
        if self._why is not None or block.gap_samples is None:
            spans = self._all_channels(until_s, max(until_s, begins_s), self._why or SAMPLES_LOST)
            until_s, self._why, self._is_open = max(until_s, begins_s), None, False
        elif block.gap_samples:
            missing_s = min(block.gap_samples / block.rate_hz, max(0.0, begins_s - until_s))
            spans = self._all_channels(until_s, until_s + missing_s, SAMPLES_LOST)
            until_s += missing_s
        spans += self._note_dropouts(until_s, block)
        self._until_s = min(at_s, until_s + block.seconds)
        return spans + self._catch_up(at_s, block.seconds)

    def deaf(self, at_s: float, why: str) -> list[DeafSpan]:
        """Nothing has been received since the last block."""
        if why == self._why:
            return []
        until_s = at_s if self._until_s is None else self._until_s
        spans = self._close_dropouts(self._channels)
        if self._why is not None:
            spans += self._all_channels(until_s, at_s, self._why)
            until_s = at_s
        self._until_s, self._why, self._is_open = until_s, why, True
        self._late_since_s = None
        return spans + [DeafSpan(channel, until_s, None, why) for channel in self._channels]

    def close(self) -> list[DeafSpan]:
        """The dropouts that are still open. The checkpoint keeps what continues."""
        return self._close_dropouts(self._channels)

    def _all_channels(self, from_s: float, to_s: float, why: str) -> list[DeafSpan]:
        spans = self._close_dropouts(self._channels)
        if to_s - from_s < JOIN_S and not self._is_open:
            return spans
        return spans + [DeafSpan(channel, from_s, to_s, why) for channel in self._channels]

    def _note_dropouts(self, until_s: float, block: Block) -> list[DeafSpan]:
        spans: list[DeafSpan] = []
        for dropout in block.dropouts:
            from_s = until_s + dropout.offset / block.rate_hz
            to_s = from_s + dropout.samples / block.rate_hz
            known = self._dropouts[dropout.channel]
            if known is not None and from_s - known[1] < JOIN_S:
                self._dropouts[dropout.channel] = (known[0], to_s)
            else:
                spans += self._close_dropouts((dropout.channel,))
                self._dropouts[dropout.channel] = (from_s, to_s)
        ended_s = until_s + block.seconds - JOIN_S
        return spans + self._close_dropouts(
            channel
            for channel, known in enumerate(self._dropouts)
            if known is not None and (known[1] < ended_s or known[1] - known[0] >= MAX_DROPOUT_S)
        )

    def _close_dropouts(self, channels: Iterable[int]) -> list[DeafSpan]:
        spans: list[DeafSpan] = []
        for channel in tuple(channels):
            dropout = self._dropouts[channel]
            if dropout is not None:
                spans.append(DeafSpan(channel, *dropout, SAMPLES_LOST))
                self._dropouts[channel] = None
        return spans

    def _catch_up(self, at_s: float, seconds: float) -> list[DeafSpan]:
        """Missing samples that nobody counted, less the drift between the clocks."""
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
        return self._all_channels(missing_from_s, at_s, SAMPLES_LOST)
