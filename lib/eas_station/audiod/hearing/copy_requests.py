"""Where the prover gets its copies: the listener fills an order between two blocks, or does not.

An order costs the listener a look at one attribute per block, and one copy when there is one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eas_station.dsp.arrays.array_types import Real


@dataclass(frozen=True, slots=True)
class AudioCopy:
    """A copy of the last seconds of a channel."""

    samples: Real  # shape (n,), full scale ±1.0, the newest last
    rate_hz: int


class TappedStretch(Protocol):
    """`audiod.stretch.Stretch`, what the tap needs of it."""

    @property
    def under_way(self) -> bool:
        """Is a message being heard or recorded, on any channel."""

    def copy(self, channel: int, seconds: float) -> AudioCopy | None:
        """The last seconds of a channel; None: there are not so many, or a message is in them."""


@dataclass(slots=True)
class _Order:
    channel: int
    seconds: float
    sound: AudioCopy | None = None


class CopyRequests:
    """Hands copies from the listener's thread to the prover's."""

    def __init__(self) -> None:
        self._order: _Order | None = None
        self._filled = threading.Event()
        self.under_way = False  # is a message being heard, as the listener last said

    def offer(self, stretch: TappedStretch) -> None:
        """The listener has taken a block: fill what is ordered."""
        self.under_way = stretch.under_way
        order = self._order
        if order is not None:
            order.sound = stretch.copy(order.channel, order.seconds)
            self._order = None
            self._filled.set()

    def take(self, channel: int, seconds: float, patience_s: float) -> AudioCopy | None:
        """A copy of the last seconds of a channel; None: not to be had now."""
        order = _Order(channel, seconds)
        self._filled.clear()
        self._order = order
        self._filled.wait(patience_s)
        self._order = None
        return order.sound


def as_sound(samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]], rate_hz: int) -> AudioCopy:
    """Samples of 16 bits as a sound."""
    return AudioCopy(samples.astype(np.float32) / np.float32(32768), rate_hz)
