"""What every audio source yields: numbered blocks of samples of all its channels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.errors import SourceError

TIMEOUT_S = 2.0  # of a source that delivers steadily
RATE_HZ = 25_000  # of most sources: a SAME bit is 48 samples
MONO = ("mono",)


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
    gap_samples: int | None = 0  # lost before this block, not filled; None: unknown
    dropouts: tuple[Dropout, ...] = ()

    @property
    def count(self) -> int:
        """Samples of one channel."""
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        """Duration of the block."""
        return self.count / self.rate_hz


class SourceEndedError(Exception):
    """The source has no more samples: a file that does not loop, a closed standard input."""


class NeedsOperatorError(SourceError):
    """The source cannot work until the operator acts. It is retried all the same."""


class AudioSource(ABC):
    """One audio input, owned by one thread; open once constructed.

    A source without input is working: `receive` returns None, and `waiting_for` states what is
    missing.
    """

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in the order of the rows of a block."""
        return MONO

    @property
    @abstractmethod
    def waiting_for(self) -> str:
        """What is missing while nothing arrives, as a sentence."""

    @property
    def carriers(self) -> Mapping[str, bool]:
        """Whether each channel has a carrier; empty where that cannot be known."""
        return {}

    @property
    def timeout_s(self) -> float:
        """After so long without a block the source counts as away."""
        return TIMEOUT_S

    @property
    def description(self) -> str:
        """What is known about a source that delivers, such as a stream's title; may be empty."""
        return ""

    @property
    def counters(self) -> Mapping[str, int]:
        """Counters for the status, since the source was opened."""
        return {}

    @abstractmethod
    def receive(self) -> Block | None:
        """The next block; None if none arrived within half a second.

        Raises:
            SourceError: the source failed and must be opened again.
            SourceEndedError: there are no more samples.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the device. Safe to call twice."""
