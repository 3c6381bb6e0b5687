"""Supported rates and channels, and refusals of others."""

from __future__ import annotations

import pytest

from eas_station.dsp.radio.raster import nearest_rates, on_raster, require_reachable

NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]


@pytest.mark.parametrize(
    ("rate_hz", "nearest"),
    [
        (250_500, (250_000, 251_000)),
        (249_999, (249_000, 250_000)),
        (1_024_000, (1_024_000, 1_025_000)),
        (10, (25_000,)),
    ],
)
def test_nearest_rates(rate_hz: int, nearest: tuple[int, ...]) -> None:
    assert nearest_rates(rate_hz) == nearest


@pytest.mark.parametrize(
    ("rate_hz", "center_hz", "channels_hz", "reason"),
    [
        (250_500, 162_487_500, NWR_HZ, "the nearest is 250000 Hz or 251000 Hz"),
        (250_000, 162_476_000, NWR_HZ, "the nearest centre is 162475000 Hz"),
        (250_000, 162_476_500, NWR_HZ, "the nearest centre is 162477500 Hz"),
        (250_000, 162_487_500, [162_612_500], "it needs a rate of 275000 Hz"),
        (250_000, 162_487_500, [], "no channels"),
    ],
)
def test_a_refusal_names_values_that_work(
    rate_hz: int, center_hz: int, channels_hz: list[int], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        require_reachable(rate_hz, center_hz, channels_hz)


def test_channels_on_and_beside_the_raster_cannot_be_mixed() -> None:
    assert on_raster(250_000, 162_487_500, NWR_HZ)
    assert on_raster(250_000, 162_475_000, NWR_HZ)
    assert not on_raster(250_000, 162_475_000, [162_400_000, 162_412_500])
    assert not on_raster(250_000, 162_477_500, NWR_HZ)
    assert not on_raster(240_000, 162_475_000, NWR_HZ)
