"""Spectrum, noise, clipping, and the mirror image of unequal rails."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.radio.fm import Modulator
from eas_station.dsp.radio.iq import from_cu8, to_cu8
from eas_station.dsp.radio.spectrum import BINS, CaptureSpectrum, SpectrumMeter, without_image
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer

RATE_HZ, CENTER_HZ = 250_000, 162_487_500
NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]
FRAME = 23_040


def capture(cn_db: list[float], seconds: float, modulated: bool = True) -> np.ndarray:
    t = np.arange(round(seconds * 25_000)) / 25_000
    rows = [modulated * 3000 * np.sin(2 * np.pi * (400 + 237 * k) * t) + 325 for k in range(7)]
    front = FrontEnd(RATE_HZ, cn_db, np.random.default_rng(3))
    baseband = Modulator(7, 25_000).feed(np.stack(rows).astype(np.float32))
    iq = Synthesizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(baseband * front.amplitudes)
    return iq + front.noise(iq.size)


def unequal(iq: np.ndarray, gain_db: float = 0.5, degrees: float = 2.0) -> np.ndarray:
    """The samples of a tuner whose rails differ in gain and are not at right angles."""
    angle = np.deg2rad(degrees)
    i = iq.real * (1 + gain_db / 20)
    q = (iq.imag * np.cos(angle) + iq.real * np.sin(angle)) * (1 - gain_db / 20)
    return (i + 1j * q).astype(np.complex64)


def true_image(gain_db: float = 0.5, degrees: float = 2.0) -> complex:
    angle = np.deg2rad(degrees)
    a, b = 1 + gain_db / 20, (1 - gain_db / 20) * np.exp(1j * angle)
    # i' + j q' of i = cos, q = sin: μ z + ν conj(z), and κ = ν / conj(μ)
    mu, nu = (a + b) / 2, (a - np.conj(b)) / 2
    return complex(nu / np.conj(mu))


def surveyed(iq: np.ndarray) -> tuple[SpectrumMeter, list[CaptureSpectrum], np.ndarray]:
    survey, glances, out = SpectrumMeter(RATE_HZ), [], []
    for at in range(0, iq.size, FRAME):
        clean, glance = survey.feed(iq[at : at + FRAME])
        out.append(clean)
        glances += [glance] if glance else []
    return survey, glances, np.concatenate(out)


def test_the_image_is_estimated_from_the_first_frame_and_improves() -> None:
    iq = from_cu8(to_cu8(unequal(capture([0, 40, 20, 10, 30, 40, 5], 3.0)) + 0.08 - 0.05j))
    first, _, _ = surveyed(iq[:FRAME])
    later, _, _ = surveyed(iq)
    true = true_image()
    assert abs(true) == pytest.approx(0.03, abs=0.01)
    assert abs(first.image - true) < 0.01
    assert abs(later.image - true) < 0.001


@pytest.mark.parametrize("modulated", [True, False])
def test_seven_mirrored_carriers_do_not_bias_the_estimate(modulated: bool) -> None:
    survey, _, _ = surveyed(unequal(capture([40] * 7, 3.0, modulated)))
    assert abs(survey.image - true_image()) < 0.002


def test_balanced_rails_are_not_corrected() -> None:
    iq = capture([20, 0, 40, 0, 0, -30, -30], 2.0)
    survey, _, out = surveyed(iq)
    assert abs(survey.image) < 0.001
    np.testing.assert_allclose(out, iq, atol=0.02)


def test_the_image_of_a_carrier_drops_by_25_db() -> None:
    n = np.arange(10 * FRAME)
    noise = np.random.default_rng(1).standard_normal(2 * n.size, dtype=np.float32)
    iq = 0.5 * np.exp(2j * np.pi * 40_000 / RATE_HZ * n) + 1e-3 * noise.view(np.complex64)
    _, _, out = surveyed(unequal(iq.astype(np.complex64)))
    at_image = np.exp(2j * np.pi * 40_000 / RATE_HZ * n)
    before = abs((unequal(iq.astype(np.complex64)) * at_image)[5 * FRAME :].mean())
    after = abs((out * at_image)[5 * FRAME :].mean())
    assert 20 * np.log10(after / before) < -25


def test_the_spectrum_shows_a_carrier_at_its_frequency_and_level() -> None:
    n = np.arange(12 * FRAME)
    iq = (0.1 * np.exp(2j * np.pi * -62_500 / RATE_HZ * n)).astype(np.complex64)
    _, glances, _ = surveyed(iq)
    spectrum = np.array(glances[0].spectrum_dbfs)
    assert spectrum.shape == (BINS,)
    assert np.argmax(spectrum) == BINS // 4
    assert spectrum.max() == pytest.approx(-20, abs=0.5)
    assert np.delete(spectrum, range(BINS // 4 - 5, BINS // 4 + 6)).max() < -90
    assert all(value == round(value, 1) for value in glances[0].spectrum_dbfs)


def test_the_noise_floor_is_measured_beside_strong_channels() -> None:
    front = FrontEnd(RATE_HZ, [30] * 7, np.random.default_rng(3))
    _, glances, _ = surveyed(capture([30] * 7, 1.2))
    density = (np.abs(front.noise(100_000)) ** 2).mean() / RATE_HZ
    assert glances[0].noise_dbfs == pytest.approx(10 * np.log10(density * 16_000), abs=1.5)


def test_clipping_is_measured() -> None:
    loud = np.full(12 * FRAME, 0.1, dtype=np.complex64)
    loud[::100] = 1.0
    _, glances, _ = surveyed(loud)
    assert glances[0].clipped == pytest.approx(0.005, rel=0.2)
    _, (glance, *_), _ = surveyed(capture([20] * 7, 1.2))
    assert glance.clipped == 0


def test_one_spectrum_per_second_of_samples() -> None:
    _, glances, _ = surveyed(capture([10] * 7, 4.5))
    assert len(glances) == 4


@pytest.mark.parametrize("size", [0, 1, 100, 4095])
def test_frames_too_short_to_measure_pass(size: int) -> None:
    iq = np.ones(size, dtype=np.complex64)
    clean, glance = SpectrumMeter(RATE_HZ).feed(iq)
    np.testing.assert_array_equal(clean, iq)
    assert glance is None


def test_zeros_give_a_finite_spectrum() -> None:
    survey, glances, out = surveyed(np.zeros(12 * FRAME, dtype=np.complex64))
    assert not out.any()
    assert np.isfinite(glances[0].spectrum_dbfs).all()
    assert survey.image == 0


def test_without_image_is_the_formula() -> None:
    iq = np.array([1 + 2j, -3j], dtype=np.complex64)
    np.testing.assert_allclose(without_image(iq, 0.5j), iq - 0.5j * np.conj(iq))
