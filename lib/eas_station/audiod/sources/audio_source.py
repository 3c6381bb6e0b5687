"""What every source yields: numbered blocks of samples of all its channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eas_station.errors import SourceError

PATIENCE_S = 2.0  # of a source that flows
RATE_HZ = 25_000  # of what a source yields: a SAME bit is 48 samples


@dataclass(frozen=True, slots=True)
class Dropout:
    """Samples of one channel that were lost inside a block and stand there as zeros."""

    channel: int  # index into the source's channels
    offset: int  # from the block's first sample
    samples: int


@dataclass(frozen=True, slots=True)
class Block:
    """The next samples of a source, all channels side by side."""

    samples: NDArray[np.float32]  # shape (channels, n), n ≥ 1; full scale ±1.0
    rate_hz: int
    first_sample: int  # number of the first sample, as the source counts
    gap_samples: int | None = 0  # lost before this block, not filled; None: nobody knows how many
    dropouts: tuple[Dropout, ...] = ()

    @property
    def count(self) -> int:
        """Samples of one channel."""
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        """How long the block lasts."""
        return self.count / self.rate_hz


class SourceEndedError(Exception):
    """The source has given all it had: a file that does not loop, a closed standard input."""


class NeedsOperatorError(SourceError):
    """Time alone will not mend it, a human must act. It is tried again all the same."""


class AudioSource(Protocol):
    """Something that is listened to. One thread owns it.

    A source that waits (for a writer, for a receiver) is working: `receive` returns None and
    `waiting_for` says what it waits for. `carriers` is empty where there is no such thing.
    """

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in the order of the rows of a block."""
        ...

    @property
    def live(self) -> bool:
        """True: what is not heard now is lost. False: a file, which waits."""
        ...

    @property
    def waiting_for(self) -> str:
        """What is missing while nothing comes, as a sentence."""
        ...

    @property
    def carriers(self) -> dict[str, bool]:
        """Per channel: is there a carrier. Empty: the source cannot know."""
        ...

    @property
    def patience_s(self) -> float:
        """So long nothing may come before it counts as away; longer where it comes in gushes."""
        ...

    @property
    def description(self) -> str:
        """What is worth knowing of it while it is heard, as a stream's title; "": nothing."""
        ...

    @property
    def counters(self) -> dict[str, int]:
        """What it counts for the status, since it was opened."""
        ...

    def receive(self) -> Block | None:
        """The next block, or None when none came within half a second.

        Raises SourceError (try again later), SourceEndedError.
        """
        ...

    def close(self) -> None:
        """Let go of the device. Safe to call twice."""
        ...
