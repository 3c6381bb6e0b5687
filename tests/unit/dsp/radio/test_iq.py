"""Bytes → complex samples, and the DC spike."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.radio.iq import DcRemover, SpikeRemover, from_cs16, from_cu8, to_cu8


def test_cu8_bytes_map_to_full_scale_with_zero_between_127_and_128() -> None:
    samples = from_cu8(bytes([0, 255, 127, 128]))
    assert samples.dtype == np.complex64
    np.testing.assert_allclose(samples, [-1 + 1j, (-0.5 + 0.5j) / 127.5], rtol=1e-5)


def test_cs16_is_little_endian_i_before_q() -> None:
    samples = from_cs16(b"\x00\x80\xff\x7f\x01\x00\x00\x00")
    np.testing.assert_allclose(samples, [-1 + 32767j / 32768, 1 / 32768], rtol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_an_incomplete_sample_at_the_end_is_ignored(length: int) -> None:
    assert from_cu8(b"\x80" * length).size == length // 2
    assert from_cs16(b"\x80" * length).size == 0


def test_to_cu8_inverts_from_cu8_for_every_byte() -> None:
    raw = bytes(range(256)) + bytes(range(255, -1, -1))
    assert to_cu8(from_cu8(raw)) == raw


def test_to_cu8_clips_beyond_full_scale() -> None:
    assert to_cu8(np.array([3 - 3j], dtype=np.complex64)) == b"\xff\x00"


def noise(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(0.2)


def test_dc_of_eight_per_cent_falls_by_more_than_30_db_within_a_second() -> None:
    clean = noise(500_000)
    without = DcRemover().feed(clean + np.complex64(0.08 - 0.05j))
    residue = abs((without[250_000:] - clean[250_000:]).mean())
    assert residue < abs(0.08 - 0.05j) / 32


def test_drifting_dc_is_tracked() -> None:
    drift = np.linspace(0, 0.1, 2_500_000).astype(np.complex64)
    remover = DcRemover()
    remover.feed(noise(2_500_000) + drift)
    assert abs(remover.estimate - 0.1) < 0.015


def test_a_tone_beside_zero_passes_unchanged() -> None:
    tone = np.exp(2j * np.pi * 200 / 250_000 * np.arange(500_000)).astype(np.complex64)
    out = DcRemover().feed(tone)[250_000:]
    assert 0.97 < np.abs(out).mean() < 1.03


def test_dc_removal_does_not_depend_on_the_cuts(cuts) -> None:
    samples = noise(60_000) + np.complex64(0.1)
    whole = DcRemover().feed(samples)
    pieces = DcRemover()
    parts = np.concatenate([pieces.feed(samples[a:b]) for a, b in cuts(samples.size)])
    np.testing.assert_allclose(parts, whole, atol=1e-7)


def test_dc_is_known_after_a_few_milliseconds() -> None:
    clean = noise(5_000)
    without = DcRemover().feed(clean + np.complex64(0.2 - 0.1j))
    assert abs((without[1_000:] - clean[1_000:]).mean()) < 0.02


def carrier(frequency_hz: np.ndarray, noise_rms: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(5)
    turns = np.cumsum(frequency_hz) / 25_000
    rails = noise_rms * rng.standard_normal(2 * turns.size, dtype=np.float32)
    return (0.2 * np.exp(2j * np.pi * turns)).astype(np.complex64) + rails.view(np.complex64)


def removed(samples: np.ndarray) -> np.ndarray:
    remover = SpikeRemover()
    return np.concatenate(
        [remover.feed(samples[at : at + 2304]) for at in range(0, samples.size, 2304)]
    )


SPIKE = np.complex64(0.08 - 0.05j)


@pytest.mark.parametrize("offset_hz", [0.0, 40.0, 325.0])
def test_the_spike_under_a_modulated_carrier_is_gone_from_the_first_frame(offset_hz: float) -> None:
    t = np.arange(25_000) / 25_000
    clean = carrier(3000 * np.sin(2 * np.pi * 700 * t) + offset_hz)
    out = removed(clean + SPIKE)
    assert abs((out - clean)[:2304].mean()) < 0.004
    assert abs((out - clean)[20_000:].mean()) < 0.002


def test_an_unmodulated_carrier_is_not_a_spike() -> None:
    t = np.arange(100_000) / 25_000
    spoken = carrier(3000 * np.sin(2 * np.pi * 700 * t) * (t < 2))  # two seconds' pause at 0 Hz
    out = removed(spoken + SPIKE)
    assert np.abs(out[60_000:]).mean() == pytest.approx(0.2, rel=0.05)


def test_for_noise_alone_the_spike_is_the_mean() -> None:
    out = removed(carrier(np.zeros(50_000)) - np.complex64(0.2) + SPIKE)
    assert abs(out[25_000:].mean()) < 0.01


def test_a_few_samples_before_a_gap_pass() -> None:
    assert SpikeRemover().feed(np.ones(3, dtype=np.complex64)).tolist() == [1, 1, 1]
    assert SpikeRemover().feed(np.zeros(0, dtype=np.complex64)).size == 0
