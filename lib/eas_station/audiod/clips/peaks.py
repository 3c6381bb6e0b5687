"""How loud a clip is along its length: the outline that the page draws of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_PARTS = 240
HOPS_PER_S = 20
LOUDEST = 255
FULL_SCALE = 32_768


class PeakEnvelope:
    """Samples in, in blocks of any length; an outline of at most 240 parts out."""

    def __init__(self, rate_hz: int) -> None:
        self._hop = max(1, rate_hz // HOPS_PER_S)
        self._rest: NDArray[np.int16] = np.empty(0, np.int16)  # shorter than a hop
        self._loudest: list[int] = []  # of each hop, 0 to 32768

    def feed(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, shape (n,)."""
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // self._hop * self._hop
        self._rest = joined[whole:]
        self._loudest += _amplitudes(joined[:whole].reshape(-1, self._hop))

    def text(self) -> str | None:
        """The greatest amplitude of each part, two hex digits, ff at full scale; None: no sample.

        The parts are equally long but for the last hop, which may be shorter.
        """
        hops = self._loudest + (_amplitudes(self._rest[None]) if len(self._rest) else [])
        parts = min(MOST_PARTS, len(hops))
        if not parts:
            return None
        cuts = [index * len(hops) // parts for index in range(parts + 1)]
        each = (max(hops[cuts[index] : cuts[index + 1]]) for index in range(parts))
        return "".join(f"{peak * LOUDEST // FULL_SCALE:02x}" for peak in each)


def _amplitudes(hops: NDArray[np.int16]) -> list[int]:
    """The greatest amplitude in each row."""
    if not len(hops):
        return []
    highest = hops.max(axis=1).astype(np.int32)
    lowest = hops.min(axis=1).astype(np.int32)
    amplitudes: list[int] = np.maximum(highest, -lowest).tolist()
    return amplitudes
