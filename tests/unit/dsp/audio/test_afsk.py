from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.audio.afsk import BIT, MARK_HZ, MODEM_RATE_HZ, SPACE_HZ, ToneBank, bits


def frames(frequency_hz: float, count: int = 20, phase: float = 0.3) -> np.ndarray:
    n = np.arange(count * BIT)
    tone = np.sin(2 * np.pi * frequency_hz * n / MODEM_RATE_HZ + phase)
    return tone.astype(np.float32).reshape(-1, BIT)


def test_bits_go_least_significant_first() -> None:
    assert bits(b"\xabZ").tolist() == [1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, 1, -1, 1, -1]


@pytest.mark.parametrize(("frequency_hz", "expected"), [(MARK_HZ, 1.0), (SPACE_HZ, -1.0)])
def test_a_steady_tone_is_fully_decided_at_every_offset(
    frequency_hz: float, expected: float
) -> None:
    soft = ToneBank((0, 3, 6, 9)).soft(frames(frequency_hz))
    assert soft.shape == (19 * 4,)
    np.testing.assert_allclose(soft, expected, atol=1e-3)


def test_silence_is_undecided() -> None:
    assert ToneBank((0,)).soft(np.zeros((5, BIT), np.float32)).tolist() == [0, 0, 0, 0]


def test_noise_is_undecided_on_average() -> None:
    noise = np.random.default_rng(4).standard_normal((4001, BIT)).astype(np.float32)
    soft = ToneBank((0,)).soft(noise)
    assert abs(soft.mean()) < 0.03
    assert (soft**2).mean() == pytest.approx(1 / 3, abs=0.03)


def test_phasors_keep_their_phase_at_any_place() -> None:
    bank = ToneBank(tuple(range(BIT)))
    found = bank.phasors(frames(MARK_HZ), np.array([0.0, 7.0, 12.0, 100.5]))
    np.testing.assert_allclose(np.abs(found[0]), BIT / 2, atol=0.01)
    np.testing.assert_allclose(np.abs(found[1]), 0, atol=0.6)  # half a sample aside: 0.5
    np.testing.assert_allclose(np.angle(found[0] / found[0, 0]), 0, atol=1e-3)


def test_channels_side_by_side() -> None:
    both = np.stack([frames(MARK_HZ), frames(SPACE_HZ)])
    soft = ToneBank((0, 6)).soft(both)
    assert soft.shape == (2, 38)
    assert (soft[0] > 0.99).all()
    assert (soft[1] < -0.99).all()
