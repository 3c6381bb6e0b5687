"""The overlap-save bank against mixing, filtering and decimating, at all usual rates."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.arrays.fir import lowpass
from eas_station.dsp.radio.channelizer import CUTOFF_HZ, Channelizer
from eas_station.dsp.radio.overlap_save import OverlapSaveBank
from eas_station.dsp.radio.raster import RATE_STEP_HZ, STOPBAND_DB

NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]
EACH = 25  # channel samples: a whole number of samples of the capture, at any rate


def noise(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64)


@pytest.mark.parametrize(
    ("rate_hz", "center_hz", "channels_hz"),
    [
        (240_000, 162_475_000, NWR_HZ),
        (288_000, 162_487_500, NWR_HZ),
        (227_000, 162_475_000, NWR_HZ),  # a prime number of kHz
        (250_000, 162_477_500, NWR_HZ),  # a tenth of a step beside the raster
        (1_024_000, 162_400_000, NWR_HZ[::3]),
        (1_920_000, 162_000_000, NWR_HZ[:2]),
        (2_048_000, 162_012_500, NWR_HZ[:1]),
    ],
)
def test_equals_mixing_filtering_and_decimating(
    rate_hz: int, center_hz: int, channels_hz: list[int]
) -> None:
    step = rate_hz // RATE_STEP_HZ
    iq = noise(40 * step)
    out = Channelizer(rate_hz, center_hz, channels_hz).feed(iq)
    assert out.shape == (len(channels_hz), 2 * 375)
    taps = lowpass(step | 1, CUTOFF_HZ / rate_hz, STOPBAND_DB)
    n = np.arange(iq.size)
    for row, channel_hz in zip(out, channels_hz, strict=True):
        mixed = iq * np.exp(-2j * np.pi * (channel_hz - center_hz) / rate_hz * n)
        expected = np.convolve(mixed, taps)[: iq.size : step]
        np.testing.assert_allclose(row[::EACH], expected[: row[::EACH].size], atol=1e-4)


def test_output_does_not_depend_on_the_cuts(cuts) -> None:
    iq = noise(50_001)
    whole = Channelizer(240_000, 162_475_000, NWR_HZ).feed(iq)
    bank = Channelizer(240_000, 162_475_000, NWR_HZ)
    parts = np.concatenate([bank.feed(iq[a:b]) for a, b in cuts(iq.size)], axis=1)
    np.testing.assert_array_equal(parts, whole)


def test_a_carrier_between_two_samples_of_the_capture_has_no_jump() -> None:
    n = np.arange(288_000 // 4)
    iq = np.exp(2j * np.pi * (62_500 + 1000) / 288_000 * n).astype(np.complex64)
    (row,) = Channelizer(288_000, 162_487_500, [162_550_000]).feed(iq)
    turned = np.angle(row[101:] * row[100:-1].conj()) * 25_000 / (2 * np.pi)
    np.testing.assert_allclose(turned, 1000, atol=1)
    np.testing.assert_allclose(np.abs(row[100:]), 1, atol=1e-3)


@pytest.mark.parametrize("beside_hz", [14_000, 25_000, 50_000])
def test_aliases_are_75_db_down(beside_hz: int) -> None:
    n = np.arange(72_000)
    iq = np.exp(2j * np.pi * (62_500 + beside_hz) / 288_000 * n).astype(np.complex64)
    (row,) = Channelizer(288_000, 162_487_500, [162_550_000]).feed(iq)
    assert 20 * np.log10(np.abs(row[100:]).max()) < -75


def test_the_noise_bandwidth_agrees_with_white_noise() -> None:
    bank = OverlapSaveBank(1_024_000, 162_000_000, NWR_HZ[:1], 25_000, CUTOFF_HZ)
    power = (np.abs(bank.feed(noise(2_000_000))) ** 2).mean()
    assert power == pytest.approx(2 * bank.noise_bandwidth_hz / 1_024_000, rel=0.03)
