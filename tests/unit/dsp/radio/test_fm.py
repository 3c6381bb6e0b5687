"""FM against its formulas."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.arrays.fir import lowpass
from eas_station.dsp.radio.fm import (
    FULL_SCALE_HZ,
    WEIGHT_STEP,
    Discriminator,
    FilterBank,
    Modulator,
    de_emphasis_taps,
    emphasis,
    pre_emphasis_taps,
)

RATE_HZ = 25_000


def gain(taps: np.ndarray, frequency_hz: np.ndarray) -> np.ndarray:
    n = np.arange(taps.size)
    return np.abs(np.exp(-2j * np.pi * np.outer(frequency_hz, n) / RATE_HZ) @ taps)


def test_emphasis_is_6_db_an_octave_from_300_to_3000_hz_and_flat_beyond() -> None:
    np.testing.assert_allclose(
        emphasis(np.array([0, 300, 500, 1000, 2000, 3000, 4000])),
        [0.3, 0.3, 0.5, 1.0, 2.0, 3.0, 3.0],
    )


def test_the_filters_have_the_gains_of_the_formula() -> None:
    frequency_hz = np.linspace(450, 4200, 60)
    away_from_the_corner = np.abs(frequency_hz - 3000) > 200
    for taps, wanted in (
        (pre_emphasis_taps(RATE_HZ), emphasis(frequency_hz)),
        (de_emphasis_taps(RATE_HZ), 1 / emphasis(frequency_hz)),
    ):
        error_db = 20 * np.log10(gain(taps, frequency_hz) / wanted)
        assert np.abs(error_db[away_from_the_corner]).max() < 0.35
        assert np.abs(error_db).max() < 0.7


def test_de_emphasis_stops_dc_and_everything_above_the_audio() -> None:
    taps = de_emphasis_taps(RATE_HZ)
    assert abs(taps.sum()) < 1e-12
    assert gain(taps, np.linspace(5_000, 12_500, 100)).max() < 0.01


def test_filter_bank_equals_convolution() -> None:
    rng = np.random.default_rng(1)
    block = rng.standard_normal((3, 9000), dtype=np.float32)
    taps = rng.standard_normal((2, 31))
    out = FilterBank(3, taps).feed(block)
    for filter_, rows in zip(taps, out, strict=True):
        for row, samples in zip(rows, block, strict=True):
            np.testing.assert_allclose(row, np.convolve(samples, filter_)[:9000], atol=1e-4)


def tone(frequency_hz: float, deviation_hz: float, count: int) -> np.ndarray:
    turns = 2 * np.pi * frequency_hz / RATE_HZ * np.arange(count)
    return (deviation_hz * np.sin(turns)).astype(np.float32)


def test_modulation_is_the_integral_of_the_frequency() -> None:
    frequency = np.stack((tone(400, 4000, 5000), np.full(5000, -3000, dtype=np.float32)))
    out = Modulator(2, RATE_HZ).feed(frequency)
    expected = np.exp(2j * np.pi * np.cumsum(frequency, axis=1, dtype=float) / RATE_HZ)
    np.testing.assert_allclose(out, expected, atol=1e-4)


@pytest.mark.parametrize("frequency_hz", [500.0, 1000.0, 1562.5, 2083.33])
def test_5_khz_deviation_gives_half_scale_over_the_emphasis(frequency_hz: float) -> None:
    baseband = Modulator(1, RATE_HZ).feed(tone(frequency_hz, 5000, 10_000)[np.newaxis])
    audio = Discriminator(1, RATE_HZ).feed(baseband)[0, 1000:]
    amplitude = np.sqrt(2 * (audio**2).mean())
    wanted = 5000 / FULL_SCALE_HZ / emphasis(np.array([frequency_hz]))[0]
    assert amplitude == pytest.approx(wanted, rel=0.03)


@pytest.mark.parametrize("offset_hz", [-3250.0, 0.0, 812.0])
def test_the_carrier_offset_is_measured_and_not_in_the_audio(offset_hz: float) -> None:
    frequency = tone(1000, 3000, 25_000)[np.newaxis] + np.float32(offset_hz)
    out = Discriminator(1, RATE_HZ).demodulate(Modulator(1, RATE_HZ).feed(frequency))
    assert out.frequency_hz[0, 1000:].mean() == pytest.approx(offset_hz, abs=5)
    assert abs(out.audio[0, 1000:].mean()) < 1e-4


def test_discriminator_output_does_not_depend_on_the_cuts(cuts) -> None:
    rng = np.random.default_rng(2)
    baseband = rng.standard_normal((7, 2 * 12_000), dtype=np.float32).view(np.complex64)
    whole = Discriminator(7, RATE_HZ).demodulate(baseband)
    pieces = Discriminator(7, RATE_HZ)
    parts = [pieces.demodulate(baseband[:, a:b]) for a, b in cuts(12_000)]
    audio = np.concatenate([part.audio for part in parts], axis=1)
    frequency = np.concatenate([part.frequency_hz for part in parts], axis=1)
    np.testing.assert_allclose(audio, whole.audio, atol=3e-6)
    np.testing.assert_allclose(frequency, whole.frequency_hz, atol=0.03)


def test_modulator_output_does_not_depend_on_the_cuts(cuts) -> None:
    frequency = np.stack([tone(300 + 200 * k, 4000, 12_000) for k in range(7)])
    whole = Modulator(7, RATE_HZ).feed(frequency)
    pieces = Modulator(7, RATE_HZ)
    parts = [pieces.feed(frequency[:, a:b]) for a, b in cuts(12_000)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-5)


def test_a_silent_channel_gives_silence() -> None:
    audio = Discriminator(2, RATE_HZ).feed(np.zeros((2, 3000), dtype=np.complex64))
    assert not audio.any()


def noisy(cn_db: float, offset_hz: float, count: int = 100_000) -> tuple[np.ndarray, np.ndarray]:
    """A tone, and the same through a channel filter with noise; C/N in 16 kHz."""
    rng = np.random.default_rng(9)
    frequency = tone(1000, 3000, count)[np.newaxis] + np.float32(offset_hz)
    clean = Modulator(1, RATE_HZ).feed(frequency)
    rails = rng.standard_normal(2 * count) * np.sqrt(10 ** (-cn_db / 10) * RATE_HZ / 16_000 / 2)
    taps = lowpass(33, 8_500 / RATE_HZ, 60)
    dirty = np.convolve(clean[0] + rails.view(np.complex128), taps)[16 : count + 16]
    return clean, dirty.astype(np.complex64)[np.newaxis]


@pytest.mark.parametrize(
    ("cn_db", "offset_hz", "least_db"), [(2.0, 0.0, 0.5), (2.0, 2000.0, 0.5), (12.0, 0.0, -0.3)]
)
def test_click_suppression_costs_a_good_channel_nothing(
    cn_db: float, offset_hz: float, least_db: float
) -> None:
    clean, dirty = noisy(cn_db, offset_hz)
    wanted = Discriminator(1, RATE_HZ).feed(clean)[0, 40_000:]
    found = Discriminator(1, RATE_HZ).demodulate(dirty)
    plain = FilterBank(1, de_emphasis_taps(RATE_HZ)[np.newaxis] / FULL_SCALE_HZ)
    unweighted = plain.feed(found.frequency_hz)[0, 0, 40_000:]

    def errors(audio: np.ndarray) -> np.ndarray:
        return audio / ((audio @ wanted) / (wanted @ wanted)) - wanted

    before, after = errors(unweighted), errors(found.audio[0, 40_000:])
    assert 10 * np.log10((before @ before) / (after @ after)) > least_db


def test_a_strong_carrier_is_not_weighted() -> None:
    clean, _ = noisy(60.0, 812.0)
    settled = WEIGHT_STEP + 1000  # the offset is known after the first step
    out = Discriminator(1, RATE_HZ).demodulate(clean)
    plain = FilterBank(1, de_emphasis_taps(RATE_HZ)[np.newaxis] / FULL_SCALE_HZ)
    np.testing.assert_allclose(
        out.audio[0, settled:], plain.feed(out.frequency_hz)[0, 0, settled:], atol=2e-3
    )


def test_a_carrier_after_noise_is_demodulated_at_once() -> None:
    rng = np.random.default_rng(4)
    rails = rng.standard_normal((1, 2 * 50_000), dtype=np.float32) * np.float32(0.01)
    line = rails.view(np.complex64)
    line[:, 25_000:] += Modulator(1, RATE_HZ).feed(tone(1000, 3000, 25_000)[np.newaxis])
    audio = Discriminator(1, RATE_HZ).feed(line)[0]
    amplitude = np.sqrt(2 * (audio[25_200:25_700] ** 2).mean())
    assert amplitude == pytest.approx(0.3, rel=0.1)
