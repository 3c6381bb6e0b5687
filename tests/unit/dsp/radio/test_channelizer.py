"""The polyphase bank against mixing, filtering and decimating."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.arrays.fir import lowpass
from eas_station.dsp.radio.channelizer import CUTOFF_HZ, TAPS_PER_BRANCH, Channelizer
from eas_station.dsp.radio.raster import CHANNEL_RATE_HZ, STOPBAND_DB, Raster

RATE_HZ, CENTER_HZ = 250_000, 162_487_500
NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]


def noise(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64)


def reference(iq: np.ndarray, rate_hz: int, center_hz: int, channel_hz: int) -> np.ndarray:
    branches = rate_hz // CHANNEL_RATE_HZ
    taps = lowpass(TAPS_PER_BRANCH * branches, CUTOFF_HZ / rate_hz, STOPBAND_DB)
    turns = (channel_hz - center_hz) / rate_hz * np.arange(iq.size)
    return np.convolve(iq * np.exp(-2j * np.pi * turns), taps)[branches - 1 : iq.size : branches]


@pytest.mark.parametrize(
    ("rate_hz", "center_hz", "channels_hz"),
    [
        (RATE_HZ, CENTER_HZ, NWR_HZ),  # half a step beside the centre
        (RATE_HZ, 162_475_000, NWR_HZ[1:6]),  # a channel on the DC spike
        (RATE_HZ, CENTER_HZ, [162_550_000, 162_400_000]),  # in the order asked for
        (1_200_000, 162_000_000, NWR_HZ),
        (2_400_000, 162_012_500, NWR_HZ[:1]),
        (225_000, 162_475_000, NWR_HZ),  # an odd number of branches
        (25_000, 162_550_000, [162_550_000]),  # one branch
        (2_400_000, 162_000_000, NWR_HZ[2:5]),  # few channels of a wide capture, on the raster
        (1_000_000, 162_487_500, NWR_HZ[3:5]),
    ],
)
def test_equals_mixing_filtering_and_decimating(
    rate_hz: int, center_hz: int, channels_hz: list[int]
) -> None:
    branches = rate_hz // CHANNEL_RATE_HZ
    iq = noise(60 * branches + branches // 2)
    out = Channelizer(rate_hz, center_hz, channels_hz).feed(iq)
    assert out.shape == (len(channels_hz), 60)
    assert out.dtype == np.complex64
    for row, channel_hz in zip(out, channels_hz, strict=True):
        np.testing.assert_allclose(row, reference(iq, rate_hz, center_hz, channel_hz), atol=2e-5)


@pytest.mark.parametrize("center_hz", [162_012_500, 162_000_000])
def test_few_channels_do_not_depend_on_the_cuts_either(cuts, center_hz: int) -> None:
    iq = noise(120_001)
    whole = Channelizer(2_400_000, center_hz, NWR_HZ[5:]).feed(iq)
    bank = Channelizer(2_400_000, center_hz, NWR_HZ[5:])
    parts = np.concatenate([bank.feed(iq[a:b]) for a, b in cuts(iq.size)], axis=1)
    np.testing.assert_allclose(parts, whole, atol=2e-6)


@pytest.mark.parametrize("center_hz", [CENTER_HZ, 162_475_000])
def test_output_does_not_depend_on_the_cuts(cuts, center_hz: int) -> None:
    iq = noise(70_001)
    whole = Channelizer(RATE_HZ, center_hz, NWR_HZ).feed(iq)
    bank = Channelizer(RATE_HZ, center_hz, NWR_HZ)
    parts = np.concatenate([bank.feed(iq[a:b]) for a, b in cuts(iq.size)], axis=1)
    assert parts.shape == whole.shape
    np.testing.assert_allclose(parts, whole, atol=2e-6)


def carrier(offset_hz: float, seconds: float = 0.2) -> np.ndarray:
    turns = offset_hz / RATE_HZ * np.arange(int(RATE_HZ * seconds))
    return np.exp(2j * np.pi * turns).astype(np.complex64)


@pytest.mark.parametrize("channel", range(7))
def test_a_carrier_appears_on_its_own_channel_only(channel: int) -> None:
    out = Channelizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(carrier(NWR_HZ[channel] - CENTER_HZ))
    level = np.abs(out[:, 100:]).max(axis=1)
    assert level[channel] == pytest.approx(1.0, abs=1e-4)
    assert np.delete(level, channel).max() < 1e-4  # -80 dB


@pytest.mark.parametrize("deviation_hz", [-5_000, 5_000])
def test_passband_is_flat_to_within_a_decibel_at_five_kilohertz(deviation_hz: int) -> None:
    out = Channelizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(
        carrier(NWR_HZ[3] - CENTER_HZ + deviation_hz)
    )
    assert 20 * np.log10(np.abs(out[3, 100:]).mean()) > -1.0


@pytest.mark.parametrize("beside_hz", [13_000, 17_000, 20_000, 25_000, 33_000])
def test_aliases_are_75_db_down(beside_hz: int) -> None:
    out = Channelizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(carrier(NWR_HZ[2] - CENTER_HZ + beside_hz))
    assert 20 * np.log10(np.abs(out[2, 100:]).max()) < -75


def test_the_dc_spike_falls_between_the_channels() -> None:
    out = Channelizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(np.ones(50_000, dtype=np.complex64))
    assert np.abs(out[:, 100:]).max() < 1e-3


def test_the_noise_bandwidth_agrees_with_white_noise() -> None:
    bank = Channelizer(RATE_HZ, CENTER_HZ, NWR_HZ)
    out = bank.feed(noise(1_000_000))
    power = (np.abs(out) ** 2).mean()
    assert power == pytest.approx(2 * bank.noise_bandwidth_hz / RATE_HZ, rel=0.02)


@pytest.mark.parametrize(
    ("rate_hz", "center_hz", "channels_hz", "reason"),
    [
        (256_000, CENTER_HZ, NWR_HZ, "not a multiple"),
        (0, CENTER_HZ, NWR_HZ, "not a multiple"),
        (RATE_HZ, CENTER_HZ, [], "no channels"),
        (RATE_HZ, CENTER_HZ, [162_400_000, 162_412_500], "do not all lie"),
        (RATE_HZ, 162_480_000, NWR_HZ, "do not all lie"),
        (RATE_HZ, CENTER_HZ, [162_600_000 + 12_500 * 2], "outside"),
        (150_000, CENTER_HZ, NWR_HZ, "outside"),
    ],
)
def test_unsupported_channels_are_refused_with_the_reason(
    rate_hz: int, center_hz: int, channels_hz: list[int], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Raster(rate_hz, center_hz, channels_hz)
