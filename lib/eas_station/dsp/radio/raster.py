"""Where channels lie in a capture, and which captures a filter bank can split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.fir import lowpass

CHANNEL_RATE_HZ = 25_000  # the NWR raster, and 48 samples for one SAME bit
RATE_STEP_HZ = 1_000  # supported rates are multiples
GRID_HZ = 2_500  # of the distances from the centre
STOPBAND_DB = 80.0  # a neighbour that is 40 dB stronger ends up 40 dB below


def require_reachable(
    rate_hz: int, center_hz: int, channels_hz: Sequence[int], width_hz: int = CHANNEL_RATE_HZ
) -> None:
    """Raises ValueError for channels out of reach, with the values that would work.

    Args:
        width_hz: bandwidth that a channel needs, half of it on each side.
    """
    if rate_hz < width_hz or rate_hz % RATE_STEP_HZ:
        near = " or ".join(f"{rate} Hz" for rate in nearest_rates(rate_hz, width_hz))
        raise ValueError(
            f"the rate {rate_hz} Hz is not a multiple of {RATE_STEP_HZ} Hz"
            f" and at least {width_hz} Hz; the nearest is {near}"
        )
    if not channels_hz:
        raise ValueError("no channels")
    off_grid = [channel for channel in channels_hz if (channel - center_hz) % GRID_HZ]
    if off_grid:
        raise ValueError(
            f"{', '.join(map(str, off_grid))} Hz is not a multiple of {GRID_HZ} Hz"
            f" from the centre {center_hz} Hz; the nearest centre is"
            f" {center_hz + _to_grid(off_grid[0] - center_hz)} Hz"
        )
    distance = max(abs(channel - center_hz) for channel in channels_hz)
    if 2 * distance > rate_hz - width_hz:
        least = -(-(2 * distance + width_hz) // RATE_STEP_HZ) * RATE_STEP_HZ
        raise ValueError(
            f"a channel {distance} Hz from the centre is outside the {rate_hz} Hz captured;"
            f" it needs a rate of {least} Hz"
        )


def nearest_rates(rate_hz: int, least_hz: int = CHANNEL_RATE_HZ) -> tuple[int, ...]:
    """The next supported rates, below and above."""
    below = rate_hz // RATE_STEP_HZ * RATE_STEP_HZ
    near = {max(least_hz, rate) for rate in (below, below + RATE_STEP_HZ)}
    return tuple(sorted(near))


def _to_grid(offset_hz: int) -> int:
    """By how much the centre must move to put a channel at this distance on the grid."""
    beyond = offset_hz % GRID_HZ
    return beyond if 2 * beyond <= GRID_HZ else beyond - GRID_HZ


def on_raster(rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> bool:
    """Whether a `Raster` supports these channels; `require_reachable` has accepted them."""
    if rate_hz % CHANNEL_RATE_HZ:
        return False
    beyond = {(channel - center_hz) % CHANNEL_RATE_HZ for channel in channels_hz}
    return beyond in ({0}, {CHANNEL_RATE_HZ // 2})


class Raster:
    """Channels whole multiples of `CHANNEL_RATE_HZ` from the centre, or half a step beside.

    Raises ValueError for other channels.
    """

    def __init__(self, rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> None:
        if rate_hz <= 0 or rate_hz % CHANNEL_RATE_HZ:
            raise ValueError(f"the rate {rate_hz} Hz is not a multiple of {CHANNEL_RATE_HZ} Hz")
        require_reachable(rate_hz, center_hz, channels_hz)
        if not on_raster(rate_hz, center_hz, channels_hz):
            raise ValueError(
                f"the channels do not all lie a multiple of {CHANNEL_RATE_HZ} Hz, or all half a "
                f"step beside it, from the centre {center_hz} Hz"
            )
        self.branches = rate_hz // CHANNEL_RATE_HZ
        self.steps = (np.array(channels_hz) - center_hz) / CHANNEL_RATE_HZ  # from the centre
        self.halved = bool(self.steps[0] % 1)

    def taps(self, cutoff_hz: float, per_branch: int) -> NDArray[np.float64]:
        """The bank's filter, shape (per_branch, branches), including the sign of half a step."""
        count = per_branch * self.branches
        prototype = lowpass(count, cutoff_hz / CHANNEL_RATE_HZ / self.branches, STOPBAND_DB)
        taps = prototype.reshape(per_branch, self.branches)
        if self.halved:
            taps[1::2] *= -1
        return taps

    def twist(self) -> NDArray[np.complex128]:
        """exp(2πi·step·branch/M), shape (channels, branches)."""
        turns = np.outer(self.steps, np.arange(self.branches)) / self.branches
        rotation: NDArray[np.complex128] = np.exp(2j * np.pi * turns)
        return rotation
