"""Where channels lie in a capture, and which captures a bank can take apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHANNEL_RATE_HZ = 25_000  # the NWR raster, and 48 samples for one SAME bit
RATE_STEP_HZ = 1_000  # rates that have few enough samples in common with the channels' rate
GRID_HZ = 2_500  # distances from the centre: the finest raster in use is 12.5/5 kHz
STOPBAND_DB = 80.0  # a neighbour 40 dB stronger stays 40 dB below


def lowpass(taps: int, cutoff: float, stopband_db: float) -> NDArray[np.float64]:
    """A linear-phase low-pass filter by Kaiser's window, unit gain at zero.

    Args:
        cutoff: where it is 6 dB down, in cycles per sample, 0 to 0.5.
        stopband_db: attenuation, > 50.
    """
    n = np.arange(taps) - (taps - 1) / 2
    window = np.kaiser(taps, 0.1102 * (stopband_db - 8.7))
    impulse = np.sinc(2 * cutoff * n) * window
    unit_gain: NDArray[np.float64] = impulse / impulse.sum()
    return unit_gain


def demand_reachable(
    rate_hz: int, center_hz: int, channels_hz: Sequence[int], width_hz: int = CHANNEL_RATE_HZ
) -> None:
    """Raises ValueError where no bank can reach these channels, and says what would be right.

    Args:
        width_hz: what of the capture a channel needs, half of it on each side.
    """
    if rate_hz < width_hz or rate_hz % RATE_STEP_HZ:
        near = nearest_rates(rate_hz, width_hz)
        raise ValueError(
            f"the rate {rate_hz} Hz is not a multiple of {RATE_STEP_HZ} Hz from {width_hz} Hz on;"
            f" the nearest is {' or '.join(f'{rate} Hz' for rate in near)}"
        )
    if not channels_hz:
        raise ValueError("no channels")
    strange = [channel for channel in channels_hz if (channel - center_hz) % GRID_HZ]
    if strange:
        raise ValueError(
            f"{', '.join(map(str, strange))} Hz does not lie a multiple of {GRID_HZ} Hz"
            f" from the centre {center_hz} Hz; the nearest centre is"
            f" {center_hz + _to_grid(strange[0] - center_hz)} Hz"
        )
    farthest = max(abs(channel - center_hz) for channel in channels_hz)
    if 2 * farthest > rate_hz - width_hz:
        least = -(-(2 * farthest + width_hz) // RATE_STEP_HZ) * RATE_STEP_HZ
        raise ValueError(
            f"a channel {farthest} Hz from the centre is outside of the {rate_hz} Hz captured;"
            f" it needs a rate of {least} Hz"
        )


def nearest_rates(rate_hz: int, least_hz: int = CHANNEL_RATE_HZ) -> tuple[int, ...]:
    """The next rates, below and above, that a bank can take apart."""
    below = rate_hz // RATE_STEP_HZ * RATE_STEP_HZ
    near = {max(least_hz, rate) for rate in (below, below + RATE_STEP_HZ)}
    return tuple(sorted(near))


def _to_grid(offset_hz: int) -> int:
    """By how much the centre must move for a channel at this distance to fall on the grid."""
    beyond = offset_hz % GRID_HZ
    return beyond if 2 * beyond <= GRID_HZ else beyond - GRID_HZ


def on_raster(rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> bool:
    """Whether a `Raster` takes them; `demand_reachable` has."""
    if rate_hz % CHANNEL_RATE_HZ:
        return False
    beyond = {(channel - center_hz) % CHANNEL_RATE_HZ for channel in channels_hz}
    return beyond in ({0}, {CHANNEL_RATE_HZ // 2})


class Raster:
    """Channels a whole number of `CHANNEL_RATE_HZ` from the centre, or half a step beside.

    Raises ValueError where a polyphase bank cannot reach them.
    """

    def __init__(self, rate_hz: int, center_hz: int, channels_hz: Sequence[int]) -> None:
        if rate_hz <= 0 or rate_hz % CHANNEL_RATE_HZ:
            raise ValueError(f"the rate {rate_hz} Hz is not a multiple of {CHANNEL_RATE_HZ} Hz")
        demand_reachable(rate_hz, center_hz, channels_hz)
        if not on_raster(rate_hz, center_hz, channels_hz):
            raise ValueError(
                f"the channels do not all lie a multiple of {CHANNEL_RATE_HZ} Hz, or all half a "
                f"step beside it, from the centre {center_hz} Hz"
            )
        self.branches = rate_hz // CHANNEL_RATE_HZ
        self.steps = (np.array(channels_hz) - center_hz) / CHANNEL_RATE_HZ  # from the centre
        self.halved = bool(self.steps[0] % 1)

    def taps(self, cutoff_hz: float, per_branch: int) -> NDArray[np.float64]:
        """The bank's filter, shape (per_branch, branches), the sign of half a step folded in."""
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
