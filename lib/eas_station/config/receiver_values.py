"""What a receiver's channels, centre and rate must have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RATE_STEP_HZ = 1_000  # every bank of filters begins with 16 samples for every kHz
GRID_HZ = 2_500  # the finest distance from the centre that a bank reaches
HALF_WIDTH_HZ = {"nfm": 12_500, "wbfm": 105_000}  # of the capture, for a channel


def odd_rate(rate_hz: int) -> str | None:
    """What is wrong with a rate, and what would be right."""
    below = rate_hz // RATE_STEP_HZ * RATE_STEP_HZ
    if rate_hz == below:
        return None
    return f"must be a multiple of {RATE_STEP_HZ} Hz, as {below} or {below + RATE_STEP_HZ}"


def wrong_channels(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """The key at fault and what is wrong, if the channels cannot be reached from the centre."""
    rate_hz, center_hz = values["rate_hz"], values["center_hz"]
    channels_hz = values["channels_hz"]
    if not channels_hz:
        return "channels_hz", "must have at least one frequency in Hz"
    reach_hz = max(0, rate_hz // 2 - HALF_WIDTH_HZ[values.get("modulation", "nfm")])
    outside = [hz for hz in channels_hz if abs(hz - center_hz) > reach_hz]
    if outside:
        low, high = (center_hz - reach_hz) / 1e6, (center_hz + reach_hz) / 1e6
        return "channels_hz", (
            f"{', '.join(map(str, outside))} lies outside of what is received with this"
            f" center_hz and rate_hz: {low:.4f} to {high:.4f} MHz, in Hz"
        )
    beside = [hz for hz in channels_hz if (hz - center_hz) % GRID_HZ]
    if beside:
        above = (beside[0] - center_hz) % GRID_HZ
        nearest_hz = center_hz + (above if 2 * above <= GRID_HZ else above - GRID_HZ)
        return "center_hz", (
            f"must lie a multiple of {GRID_HZ} Hz from every channel, and from"
            f" {', '.join(map(str, beside))} it does not; the nearest is {nearest_hz}"
        )
    return None
