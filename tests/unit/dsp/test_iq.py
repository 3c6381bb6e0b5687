"""Bytes → complex samples, and the DC spike."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.iq import DcRemover, from_cs16, from_cu8, to_cu8


def test_cu8_bytes_map_to_full_scale_with_zero_between_127_and_128() -> None:
    samples = from_cu8(bytes([0, 255, 127, 128]))
    assert samples.dtype == np.complex64
    np.testing.assert_allclose(samples, [-1 + 1j, (-0.5 + 0.5j) / 127.5], rtol=1e-5)


def test_cs16_is_little_endian_i_before_q() -> None:
    samples = from_cs16(b"\x00\x80\xff\x7f\x01\x00\x00\x00")
    np.testing.assert_allclose(samples, [-1 + 32767j / 32768, 1 / 32768], rtol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_an_unfinished_sample_at_the_end_is_left_out(length: int) -> None:
    assert from_cu8(b"\x80" * length).size == length // 2
    assert from_cs16(b"\x80" * length).size == 0


def test_to_cu8_inverts_from_cu8_for_every_byte() -> None:
    raw = bytes(range(256)) + bytes(range(255, -1, -1))
    assert to_cu8(from_cu8(raw)) == raw


def test_to_cu8_clips_what_is_beyond_full_scale() -> None:
    assert to_cu8(np.array([3 - 3j], dtype=np.complex64)) == b"\xff\x00"


def noise(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(0.2)


def test_dc_of_eight_per_cent_falls_by_more_than_30_db_within_a_second() -> None:
    clean = noise(500_000)
    without = DcRemover().feed(clean + np.complex64(0.08 - 0.05j))
    residue = abs((without[250_000:] - clean[250_000:]).mean())
    assert residue < abs(0.08 - 0.05j) / 32


def test_dc_that_drifts_is_followed() -> None:
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
