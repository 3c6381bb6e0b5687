"""The matched filters of the modem, and the quick test for a burst."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.audio import modulate
from eas_station.dsp.audio.afsk import (
    BIT,
    MARK_HZ,
    MODEM_RATE_HZ,
    SPACE_HZ,
    ToneBank,
    bits,
    carries_same,
)


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


def test_channels_are_independent() -> None:
    both = np.stack([frames(MARK_HZ), frames(SPACE_HZ)])
    soft = ToneBank((0, 6)).soft(both)
    assert soft.shape == (2, 38)
    assert (soft[0] > 0.99).all()
    assert (soft[1] < -0.99).all()


RATE_HZ, FRAME = 25_000, 2304
HEADER = "ZCZC-WXR-TOR-039173-039051+0030-1172114-KCLE/NWS-"


def pcm_frames(audio: np.ndarray) -> list[np.ndarray]:
    pcm = (np.clip(audio, -1, 1) * 32767).astype(np.int16)
    return [pcm[np.newaxis, at : at + FRAME] for at in range(0, pcm.size - FRAME, FRAME)]


@pytest.mark.parametrize("snr_db", [60.0, 0.0, -2.0])
def test_every_part_of_a_burst_is_detected(snr_db: float) -> None:
    burst = modulate.burst(HEADER, RATE_HZ)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(burst.size) * np.sqrt(np.mean(burst**2) / 10 ** (snr_db / 10))
    heard = [carries_same(frame, RATE_HZ) for frame in pcm_frames((burst + noise) / 4)]
    assert len(heard) > 8
    assert np.mean(heard) > 0.9


def test_a_burst_in_one_of_seven_channels_is_detected() -> None:
    rows = np.random.default_rng(2).normal(0, 3000, (7, FRAME)).astype(np.int16)
    assert not carries_same(rows, RATE_HZ)
    rows[5] += pcm_frames(modulate.burst(HEADER, RATE_HZ) * 0.5)[4][0]
    assert carries_same(rows, RATE_HZ)


def test_noise_silence_and_tones_are_not_a_burst() -> None:
    rng = np.random.default_rng(3)
    t = np.arange(20 * RATE_HZ) / RATE_HZ
    assert not any(carries_same(f, RATE_HZ) for f in pcm_frames(rng.normal(0, 0.2, t.size)))
    assert not any(carries_same(f, RATE_HZ) for f in pcm_frames(np.zeros(t.size)))
    for tones_hz in ((1050,), (853, 960), (1562.5,), (2083.3,), (440, 880, 1320, 1760, 2200)):
        sound = sum(np.sin(2 * np.pi * hz * t) for hz in tones_hz) / len(tones_hz)
        assert not any(carries_same(f, RATE_HZ) for f in pcm_frames(sound)), tones_hz


def test_gliding_harmonics_of_speech_are_rarely_taken_for_a_burst() -> None:
    t = np.arange(60 * RATE_HZ) / RATE_HZ
    pitch_hz = 130 + 40 * np.sin(2 * np.pi * 0.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    voice = sum(np.sin(k * phase) / k for k in range(1, 25)) / 4
    assert np.mean([carries_same(frame, RATE_HZ) for frame in pcm_frames(voice)]) < 0.01


def test_too_few_samples_give_no_result() -> None:
    assert not carries_same(np.zeros((7, 0), np.int16), RATE_HZ)
    assert not carries_same(np.full((1, 100), 1000, np.int16), RATE_HZ)
